// The screen of a virtual machine. The core logs in to it itself and offers the page an RFB connection without
// security: the one-time password (on older servers the ticket, which opens the console for anybody who has it) must not
// reach a page, and the page needs no DES. Past the login the bytes go through as they are.
import { AppError, cancelled, isAppError } from '#shared/errors.ts'
import { guestPath, openVncSocket } from '../../../connectors/proxmox/proxmox-consoles.ts'
import { createByteReader, logInToRfb, rfbVersion, security, type ByteReader } from '../../../connectors/rfb/rfb-login.ts'
import { createViewOnlyFilter } from '../../../connectors/rfb/view-only.ts'
import type { SocketMessages } from '../../../connectors/https/socket-messages.ts'
import { lost, type ConsoleBackend, type OpenConsole } from '../console-backend.ts'

/** QEMU's password ends thirty seconds after it was set. */
const loginTimeoutMs = 15_000

export const openScreen: OpenConsole<'screen'> = async ({ core, connectionId, target, isViewOnly, signal }) => {
  const { node, vmid } = target
  const proxmox = core.connectors.proxmox(connectionId)
  const { messages, password } = await openVncSocket(proxmox, guestPath(node, 'qemu', vmid), signal)
  const reader = createByteReader(messages.incoming)
  await logIn(reader, messages, password, vmid, signal)
  return createScreen(reader, messages, { vmid, node, isViewOnly })
}

async function logIn(
  reader: ByteReader,
  messages: SocketMessages,
  password: string,
  vmid: number,
  signal: AbortSignal,
): Promise<void> {
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    messages.close()
  }, loginTimeoutMs)
  const abort = (): void => messages.close()
  signal.addEventListener('abort', abort, { once: true })
  try {
    await logInToRfb(reader, (bytes) => messages.send(bytes), password)
  } catch (error) {
    messages.close()
    if (signal.aborted) throw cancelled()
    if (isAppError(error)) throw error
    throw new AppError(
      isLate ? 'timeout' : 'upstream',
      isLate
        ? `The screen of ${vmid} did not answer within ${loginTimeoutMs / 1000} s.`
        : `Proxmox VE closed the screen of ${vmid} before it was shown.`,
      {
        remedy: 'The guest must be running. If it is, its node may be short of memory or time: try again.',
        detail: { kind: 'console', reason: 'refused' },
        retryable: true,
        cause: error,
      },
    )
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

/** Plays the server's part of the login towards the page, then carries bytes. */
function createScreen(
  reader: ByteReader,
  messages: SocketMessages,
  options: { vmid: number; node: string; isViewOnly: boolean },
): ConsoleBackend {
  const filter = options.isViewOnly ? createViewOnlyFilter() : undefined
  const steps = [rfbVersion.length, 1].map((bytes) => ({ bytes, done: Promise.withResolvers<void>() }))
  let skipped = 0

  /** The page's version and its choice of security, which only this side needs. */
  function pastLogin(bytes: Uint8Array): Uint8Array {
    let rest = bytes
    for (let step = steps[0]; step && rest.byteLength > 0; step = steps[0]) {
      const wanted = step.bytes - skipped
      if (rest.byteLength < wanted) {
        skipped += rest.byteLength
        return new Uint8Array()
      }
      skipped = 0
      rest = rest.subarray(wanted)
      steps.shift()
      step.done.resolve()
    }
    return rest
  }
  const [version, choice] = steps
  const ended = messages.closed.then((close) => {
    for (const step of steps) step.done.resolve()
    return lost(brokenScreen(options, close.isSilent))
  })
  async function* output(): AsyncGenerator<Uint8Array, void, void> {
    yield Buffer.from(rfbVersion)
    await version!.done.promise
    yield Buffer.of(1, security.none)
    await choice!.done.promise
    yield Buffer.alloc(4)
    yield* reader.rest()
  }
  return {
    kind: 'screen',
    place: options.node,
    output: output(),
    async write(bytes) {
      const rest = pastLogin(bytes)
      const allowed = filter ? filter.pass(rest) : rest
      // Proxmox VE ends a connection whose frames are larger than 128 KiB: a long clipboard text goes in parts.
      for (let at = 0; at < allowed.byteLength; at += largestFrame)
        await messages.send(allowed.subarray(at, at + largestFrame))
    },
    ended,
    dispose: () => messages.close(),
  }
}

const largestFrame = 64 * 1024

/** RFB has no goodbye: a guest that stops, moves or is reset looks like a cut line. */
const brokenScreen = ({ vmid, node }: { vmid: number; node: string }, isSilent: boolean): AppError =>
  new AppError(
    'unreachable',
    isSilent ? `${node} stopped answering while the screen of ${vmid} was open.` : `The screen of ${vmid} was closed by ${node}.`,
    {
      remedy: 'The guest was stopped, reset or moved to another node, or another viewer took the screen over.',
      detail: { kind: 'console', reason: 'cut' },
    },
  )
