// Everything that is done on one host by SSH, over one shared connection: shells, commands, files and forwards. Taken
// from the connector desk per piece of work; opened by the first use and ended when it has been unused for a while.
import type { Duplex } from 'node:stream'
import type { ClientChannel, SFTPWrapper, TcpConnectionDetails } from 'ssh2'
import { cancelled, isAppError } from '#shared/errors.ts'
import type { ConnectionId, SettingsOf } from '#shared/model/connection.ts'
import type { Log } from '../../platform.ts'
import type { SecretLease } from '../../vault/vault.ts'
import { quoteArguments } from './posix-quote.ts'
import { openChannel, type ChannelOptions, type SshChannel, type TerminalSize } from './ssh-channel.ts'
import { openSsh } from './ssh-connection.ts'
import type { AskPerson } from './ssh-credentials.ts'
import { collectCommand, type ExecOptions, type ExecResult } from './ssh-exec.ts'
import { channelFault, connectionLost } from './ssh-faults.ts'
import { createConnectionShare, type SshUse } from './ssh-share.ts'

export interface UseOptions {
  signal?: AbortSignal | undefined
  /** True where a person waits and may be asked for a second factor. */
  isInteractive?: boolean | undefined
}
export interface SftpSession {
  sftp: SFTPWrapper
  /** Resolves when the session has ended, whoever ended it. */
  closed: Promise<void>
  close(): void
}
/** A listening port on the server, whose connections come to `onConnection` here. */
export interface RemoteListener {
  /** The port that the server chose, when 0 was asked for. */
  port: number
  /** Resolves when it no longer listens, whoever ended it. */
  closed: Promise<void>
  close(): void
}

export interface SshConnector {
  /** Runs a command line to its end. A failing command resolves with its exit code. */
  exec(command: string, options?: ExecOptions): Promise<ExecResult>
  /** Runs a program with exactly these arguments: they are quoted for the shell. */
  run(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>
  /** Starts a command and leaves its streams to the caller. */
  spawn(command: string, options?: ChannelOptions & UseOptions): Promise<SshChannel>
  /** The login shell on a terminal. */
  shell(options: UseOptions & { size: TerminalSize; environment?: Record<string, string> }): Promise<SshChannel>
  sftp(options?: UseOptions): Promise<SftpSession>
  /** A TCP connection from the host to somewhere it can reach. */
  forwardOut(destination: { host: string; port: number }, options?: UseOptions): Promise<Duplex>
  forwardIn(
    listener: { bindAddress: string; port: number; onConnection(socket: Duplex, from: string): void },
    options?: UseOptions,
  ): Promise<RemoteListener>
  /** Connects and keeps the connection until `release`; `closed` resolves when it is lost. */
  hold(options?: UseOptions): Promise<{ release(): void; closed: Promise<void> }>
  readonly isOpen: boolean
  dispose(): void
}

export interface SshConnectorOptions {
  log: Log
  connectionId?: ConnectionId
  /** Asks the person at the screen; absent where there is none. */
  ask?: ((signal: AbortSignal) => AskPerson) | undefined
  /** The way to a host behind another one. */
  openHop?: ((destination: { host: string; port: number }, options: UseOptions) => Promise<Duplex>) | undefined
  /** How long an unused connection is kept. Default one minute. */
  idleMs?: number
  agent?: string | undefined
}

const defaultIdleMs = 60_000

export function createSshConnector(
  settings: SettingsOf<'ssh'>,
  secrets: SecretLease,
  options: SshConnectorOptions,
): SshConnector {
  const { log, connectionId, ask, openHop, agent } = options
  const share = createConnectionShare(
    async ({ signal, isInteractive }) => {
      const socket = openHop && (await openHop(settings, { signal, isInteractive }))
      const ssh = await openSsh(settings, secrets, {
        signal,
        socket,
        agent,
        ...(isInteractive && ask ? { ask: ask(signal) } : {}),
      })
      log.info('SSH connected', { server: ssh.serverVersion })
      ssh.client.once('close', () => log.info('SSH connection ended'))
      return ssh
    },
    { idleMs: options.idleMs ?? defaultIdleMs },
  )
  /** Each failure says which connection it speaks of; a hop's has said so already. */
  const named = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      if (!isAppError(error) || connectionId === undefined) throw error
      throw error.withTarget({ system: 'SSH', connectionId })
    }
  }
  async function exec(command: string, execOptions: ExecOptions = {}): Promise<ExecResult> {
    const use = await share.use(execOptions)
    const channel = await openChannel(use, settings, command, execOptions)
    return collectCommand(channel, settings, execOptions)
  }
  const spawn = async (command: string | undefined, given: ChannelOptions & UseOptions): Promise<SshChannel> =>
    openChannel(await share.use(given), settings, command, given)

  return {
    exec: (command, execOptions) => named(exec(command, execOptions)),
    run: (argv, execOptions) => named(exec(quoteArguments(argv), execOptions)),
    spawn: (command, given = {}) => named(spawn(command, given)),
    shell: ({ size, ...given }) => named(spawn(undefined, { ...given, terminal: size })),
    sftp: (given = {}) => named(share.use(given).then((use) => openSftp(use, settings, given.signal))),
    forwardOut: (destination, given = {}) =>
      named(share.use(given).then((use) => openForward(use, settings, destination, given.signal))),
    forwardIn: (listener, given = {}) =>
      named(share.use(given).then((use) => listenThere(use, settings, listener))),
    async hold(given = {}) {
      const { ssh, release } = await named(share.use(given))
      const closed = new Promise<void>((resolve) => ssh.client.once('close', () => resolve()))
      return { release, closed }
    },
    get isOpen() {
      return share.isOpen
    },
    dispose: () => share.dispose(),
  }
}

/** Calls into ssh2 that answer by callback: the answer, the loss of the connection or the signal, whichever is first. */
async function answerOf<T>(
  use: SshUse,
  settings: SettingsOf<'ssh'>,
  what: string,
  signal: AbortSignal | undefined,
  call: (answer: (error: Error | undefined, value: T) => void) => void,
  discard: (value: T) => void,
): Promise<T> {
  const { client } = use.ssh
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const onLost = (): void => reject(connectionLost(settings, what))
  const onAbort = (): void => reject(cancelled())
  let isOver = false
  client.once('close', onLost)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal?.aborted) throw cancelled()
    call((error, value) => {
      if (error) reject(channelFault(error, settings, what))
      else if (isOver) discard(value)
      else resolve(value)
    })
    return await promise
  } catch (error) {
    use.release()
    throw isAppError(error) ? error : channelFault(error, settings, what)
  } finally {
    isOver = true
    client.off('close', onLost)
    signal?.removeEventListener('abort', onAbort)
  }
}

async function openSftp(use: SshUse, settings: SettingsOf<'ssh'>, signal?: AbortSignal): Promise<SftpSession> {
  const sftp = await answerOf<SFTPWrapper>(
    use,
    settings,
    'file transfer (SFTP)',
    signal,
    (answer) => use.ssh.client.sftp(answer),
    (late) => late.end(),
  )
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  sftp.on('error', () => undefined)
  sftp.once('close', () => {
    use.release()
    resolve()
  })
  return { sftp, closed, close: () => sftp.end() }
}

async function openForward(
  use: SshUse,
  settings: SettingsOf<'ssh'>,
  { host, port }: { host: string; port: number },
  signal?: AbortSignal,
): Promise<Duplex> {
  const stream = await answerOf<ClientChannel>(
    use,
    settings,
    `a connection to ${host} port ${port}`,
    signal,
    (answer) => use.ssh.client.forwardOut('127.0.0.1', 0, host, port, answer),
    (late) => late.close(),
  )
  stream.on('error', () => undefined)
  stream.once('close', () => use.release())
  return stream as unknown as Duplex
}

async function listenThere(
  use: SshUse,
  settings: SettingsOf<'ssh'>,
  listener: { bindAddress: string; port: number; onConnection(socket: Duplex, from: string): void },
): Promise<RemoteListener> {
  const { client } = use.ssh
  const { bindAddress } = listener
  const stop = (port: number): void => {
    try {
      client.unforwardIn(bindAddress, port, () => undefined)
    } catch {
      // A connection that has ended listens nowhere.
    }
  }
  const port = await answerOf<number>(
    use,
    settings,
    `to listen on port ${listener.port}`,
    undefined,
    (answer) => client.forwardIn(bindAddress, listener.port, answer),
    stop,
  )
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  const onConnection = (details: TcpConnectionDetails, accept: () => ClientChannel): void => {
    if (details.destPort !== port) return
    const stream = accept()
    stream.on('error', () => undefined)
    listener.onConnection(stream as unknown as Duplex, `${details.srcIP}:${details.srcPort}`)
  }
  const end = (): void => {
    client.off('tcp connection', onConnection)
    client.off('close', end)
    use.release()
    resolve()
  }
  client.on('tcp connection', onConnection)
  client.once('close', end)
  return {
    port,
    closed,
    close() {
      stop(port)
      end()
    },
  }
}
