// One program on an SSH host, with or without a terminal: its bytes as a stream, its size, its end. Consoles, log
// followers and `exec` are made of these. A channel holds its use of the shared connection until it has closed.
import type { Readable, Writable } from 'node:stream'
import type { ClientChannel, PseudoTtyOptions } from 'ssh2'
import { cancelled } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import { channelFault, connectionLost } from './ssh-faults.ts'
import type { SshUse } from './ssh-share.ts'

export interface TerminalSize {
  columns: number
  rows: number
}
/** How a program ended; both null when the server did not tell. */
export interface SshExit {
  exitCode: number | null
  signalName: string | null
}

export interface SshChannel {
  /** Standard output; with a terminal also what the program says on standard error. */
  readonly output: Readable
  readonly errors: Readable
  readonly input: Writable
  resize(size: TerminalSize): void
  /** Sends a signal by its name without SIG, e.g. `TERM`; servers may ignore it. */
  signal(name: string): void
  /** Resolves when the last byte has been read; rejects with `unreachable` (outcome unknown) when the connection was lost. */
  readonly ended: Promise<SshExit>
  /** Ends the channel; the program is told to terminate. */
  close(): void
}

export interface ChannelOptions {
  signal?: AbortSignal | undefined
  terminal?: (TerminalSize & { name?: string }) | undefined
  environment?: Record<string, string> | undefined
}

const closeGraceMs = 2_000

/** `command` undefined starts the login shell. Rejects with an AppError; the use is released in every case. */
export async function openChannel(
  use: SshUse,
  settings: SettingsOf<'ssh'>,
  command: string | undefined,
  options: ChannelOptions,
): Promise<SshChannel> {
  try {
    return await request(use, settings, command, options)
  } catch (error) {
    use.release()
    throw error
  }
}

function request(
  use: SshUse,
  settings: SettingsOf<'ssh'>,
  command: string | undefined,
  { signal, terminal, environment }: ChannelOptions,
): Promise<SshChannel> {
  const { client } = use.ssh
  const { promise, resolve, reject } = Promise.withResolvers<SshChannel>()
  const what = command === undefined ? 'a shell' : 'to run a command'
  const onLost = (): void => reject(connectionLost(settings, 'opening a channel'))
  const onAbort = (): void => reject(cancelled())
  let isOver = false
  const take = (error: Error | undefined, stream: ClientChannel): void => {
    if (error) return reject(channelFault(error, settings, what))
    if (isOver) return stream.close()
    if (terminal) stream.stderr.resume()
    // At once: a short command's exit may stand in the very bytes that brought this answer.
    resolve(wrap(use, settings, stream, command ?? 'a shell', signal))
  }
  const pty: PseudoTtyOptions | undefined = terminal && {
    term: terminal.name ?? 'xterm-256color',
    cols: terminal.columns,
    rows: terminal.rows,
    width: 0,
    height: 0,
  }
  client.once('close', onLost)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal?.aborted) onAbort()
    else if (command === undefined) client.shell(pty ?? false, environment ? { env: environment } : {}, take)
    else
      client.exec(
        command,
        { ...(pty ? { pty } : {}), ...(environment ? { env: environment } : {}) },
        take,
      )
  } catch (error) {
    reject(channelFault(error, settings, what))
  }
  return promise.finally(() => {
    isOver = true
    client.off('close', onLost)
    signal?.removeEventListener('abort', onAbort)
  })
}

function wrap(
  use: SshUse,
  settings: SettingsOf<'ssh'>,
  stream: ClientChannel,
  what: string,
  signal: AbortSignal | undefined,
): SshChannel {
  const { client } = use.ssh
  const { promise: ended, resolve, reject } = Promise.withResolvers<SshExit>()
  ended.catch(() => undefined)
  let exit: SshExit | undefined
  let isLost = false
  let isClosing = false
  const onLost = (): void => {
    isLost = true
  }
  const close = (): void => {
    if (isClosing) return
    isClosing = true
    try {
      stream.signal('TERM')
    } catch {
      // A channel that has ended already takes no signal.
    }
    stream.close()
    // A channel has closed when its last byte was taken.
    stream.resume()
    stream.stderr.resume()
    // A server answers a close only when its program has gone, and some programs do not go.
    setTimeout(finish, closeGraceMs).unref()
  }
  client.prependOnceListener('close', onLost)
  signal?.addEventListener('abort', close, { once: true })
  stream.on('error', () => undefined)
  stream.stderr.on('error', () => undefined)
  stream.on('exit', (code: number | null, name?: string) => {
    exit = { exitCode: code, signalName: code === null ? (name?.replace(/^SIG/, '') ?? null) : null }
  })
  const finish = (): void => {
    client.off('close', onLost)
    signal?.removeEventListener('abort', close)
    use.release()
    if (isLost && !exit && !isClosing) reject(connectionLost(settings, `“${what.slice(0, 80)}”`))
    else resolve(exit ?? { exitCode: null, signalName: null })
  }
  stream.once('close', finish)
  return {
    output: stream,
    errors: stream.stderr,
    input: stream,
    resize: ({ columns, rows }) => {
      if (!isClosing && stream.writable) stream.setWindow(rows, columns, 0, 0)
    },
    signal: (name) => {
      if (!isClosing && stream.writable) stream.signal(name)
    },
    ended,
    close,
  }
}
