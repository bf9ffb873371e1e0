// Consoles of nodes, guests, pods and SSH hosts: opens their backends, hands their bytes to the window that asked, and
// remembers for a while how they ended. The one gate: on a read-only site screens are looked at, terminals refused.
import { randomUUID } from 'node:crypto'
import { contract } from '#shared/contracts/index.ts'
import type { OpenedConsole } from '#shared/contracts/consoles.ts'
import { AppError, cancelled } from '#shared/errors.ts'
import { consoleTitle, type ConsoleAddress, type ConsoleTarget } from '#shared/model/console.ts'
import type { Feature } from '../../core-services.ts'
import type { Peer } from '../../router/call-context.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import { openPodShell } from './backends/pod.ts'
import { openSshShell } from './backends/ssh.ts'
import { openContainerTerminal, openNodeTerminal, openSerialTerminal } from './backends/termproxy.ts'
import { openScreen } from './backends/vnc.ts'
import type { ConsoleBackend, ConsolesCore, OpenConsole, OpenRequest } from './console-backend.ts'
import { ConsoleSession } from './console-session.ts'

/** One line a kind of console. */
const backends: { [K in ConsoleTarget['kind']]: OpenConsole<K> } = {
  screen: openScreen,
  serial: openSerialTerminal,
  container: openContainerTerminal,
  node: openNodeTerminal,
  ssh: openSshShell,
  pod: openPodShell,
}

/** A window has this long to ask how its console ended. */
const rememberEndMs = 60_000

interface Entry {
  session: ConsoleSession
  opened: Omit<OpenedConsole, 'channel'>
}

export function createConsolesFeature(core: ConsolesCore) {
  const { channels, pipeline, sites } = core
  const entries = new Map<string, Entry>()

  const attach = ({ session, opened }: Entry, peer: Peer, abandon: () => void): OpenedConsole => ({
    ...opened,
    channel: channels.open(peer, (end) => session.serve(end), abandon),
  })

  async function open(address: ConsoleAddress, request: Omit<OpenRequest, 'core' | 'target'>, peer: Peer) {
    const { target } = address
    const { label: connectionLabel } = sites.getConnection(address.connectionId)
    const openOne = backends[target.kind] as OpenConsole<typeof target.kind>
    const backend = await openOne({ ...request, core, target })
    // What took long to open must not be left running for a window that has gone meanwhile.
    if (request.signal.aborted) {
      backend.dispose()
      throw cancelled()
    }
    const consoleId = randomUUID()
    const entry: Entry = {
      session: new ConsoleSession(backend),
      opened: {
        consoleId,
        kind: backend.kind,
        title: consoleTitle({ ...address, label: address.label ?? (target.kind === 'ssh' ? connectionLabel : undefined) }),
        place: placeOf(backend, target.kind === 'ssh' ? '' : connectionLabel),
        isViewOnly: request.isViewOnly,
      },
    }
    entries.set(consoleId, entry)
    void entry.session.ended.then(() => setTimeout(() => entries.delete(consoleId), rememberEndMs).unref())
    return attach(entry, peer, () => entry.session.dispose('Its window was gone before it could be shown.'))
  }

  const find = (consoleId: string): Entry => {
    const entry = entries.get(consoleId)
    if (entry) return entry
    throw new AppError('not-found', 'This console is not open any more.', { remedy: 'Open it again.' })
  }

  const os = implementFeature(contract.consoles, pipeline)
  const router = os.router({
    open: os.open.handler(async ({ input, context, signal }) => {
      const { size, ...address } = input
      context.audit?.describe(`${wordOf(address.target)} of ${consoleTitle(address)}`)
      const isReadOnly = pipeline.siteOf?.(input)?.isReadOnly ?? false
      if (isReadOnly && address.target.kind !== 'screen') throw readOnlySite(address)
      const ending = signal ? AbortSignal.any([signal, context.peer.signal]) : context.peer.signal
      const request = { connectionId: address.connectionId, size, isViewOnly: isReadOnly, signal: ending }
      return open(address, request, context.peer)
    }),
    resize: os.resize.handler(({ input }) => {
      entries.get(input.consoleId)?.session.backend.resize?.(input.size)
    }),
    outcome: os.outcome.handler(({ input }) => find(input.consoleId).session.ended),
    take: os.take.handler(({ input, context }) => {
      const entry = find(input.consoleId)
      if (!entry.session.isMovable)
        throw new AppError('conflict', 'This console cannot be moved: it has ended or is a screen.', {
          remedy: 'Open it again in the other window.',
        })
      context.audit?.describe(entry.opened.title)
      entry.session.backend.resize?.(input.size)
      return attach(entry, context.peer, () => undefined)
    }),
  })
  const dispose = (): void => {
    for (const { session } of entries.values()) session.dispose('Meridian is shutting down.')
  }
  return { router, dispose } satisfies Feature<typeof router>
}

const placeOf = (backend: ConsoleBackend, connectionLabel: string): string =>
  [connectionLabel, backend.place].filter((part) => part !== '').join(' · ')

const words: Record<ConsoleTarget['kind'], string> = {
  screen: 'Screen',
  serial: 'Serial console',
  container: 'Console',
  node: 'Shell',
  ssh: 'SSH shell',
  pod: 'Shell',
}
const wordOf = ({ kind }: ConsoleTarget): string => words[kind]

const readOnlySite = (address: ConsoleAddress): AppError =>
  new AppError('forbidden', `A terminal on ${consoleTitle(address)} could change it, and its site is read-only.`, {
    remedy: 'Allow changes under Connections, then try again. Screens can be looked at all the same.',
    detail: { kind: 'read-only', scope: address.connectionId },
  })
