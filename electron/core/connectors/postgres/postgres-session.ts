// One session on a PostgreSQL server. The driver `pg` logs in (SCRAM) and runs small statements; for a result the
// socket is taken over and its bytes go elsewhere, until the server is ready again. The password is read from the
// lease only while logging in and is kept nowhere here.
import { isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'
import pg from 'pg'
import { AppError, cancelled } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import type { SecretLease } from '../../vault/vault.ts'
import { maskError } from '../foreign-text.ts'
import {
  brokenProtocol,
  connectionLost,
  fromDriver,
  targetOf,
  type PostgresParty,
} from './postgres-errors.ts'
import { dialPostgres, type PostgresStream } from './postgres-dial.ts'
import { cancelRequest, MessageReader } from './wire-messages.ts'

export interface PostgresTarget {
  label: string
  connectionId?: string | undefined
  settings: SettingsOf<'postgres'>
  secrets: SecretLease
}

export interface OpenSessionOptions {
  /** Ends the opening, and later the session. */
  signal?: AbortSignal | undefined
  /** For DNS, TCP, TLS and log-in together. Default 15 s. */
  timeoutMs?: number | undefined
}

export interface PostgresSession {
  readonly party: PostgresParty
  readonly processId: number
  readonly isEncrypted: boolean
  /** Fires once, when the connection has ended for whatever reason. */
  readonly lost: AbortSignal
  /** A small statement (of several: the rows of the last); never for results of a user. Rejects with an AppError. */
  query<R extends Record<string, unknown>>(sql: string, values?: unknown[]): Promise<R[]>
  /** Hands the socket's bytes to `onData` until `giveBack`, which must be called when the server is ready again. */
  takeOver(onData: (chunk: Uint8Array) => void): TakenSocket
  /** Asks the server, over a connection of its own, to cancel what this session runs. Resolves when it has been asked. */
  requestCancel(): Promise<void>
  dispose(): Promise<void>
}

export interface TakenSocket {
  write(bytes: Uint8Array): void
  pause(): void
  resume(): void
  giveBack(): void
  /** Ends the connection at once. */
  destroy(): void
}

const openTimeoutMs = 15_000
const closeTimeoutMs = 1_000

/** What `pg` knows beyond its published types. */
interface PgInside {
  processID: number | null
  secretKey: number | null
  connection: NodeJS.EventEmitter
}

/** Opens a session and logs in. Rejects with an AppError that says which of the two failed. */
export async function openPostgresSession(
  target: PostgresTarget,
  options: OpenSessionOptions = {},
): Promise<PostgresSession> {
  const party: PostgresParty = {
    label: target.label,
    connectionId: target.connectionId,
    settings: target.settings,
  }
  const deadline = performance.now() + (options.timeoutMs ?? openTimeoutMs)
  const stream = await dialPostgres(party, {
    signal: options.signal,
    timeoutMs: options.timeoutMs ?? openTimeoutMs,
  })
  const lost = new AbortController()
  stream.once('close', () => lost.abort())
  try {
    const client = createClient(target, party, stream)
    await logIn(client, party, stream, { ...options, timeoutMs: Math.max(1, deadline - performance.now()) })
    return sessionOver(client, party, stream, lost.signal, options.signal)
  } catch (error) {
    stream.on('error', () => undefined)
    stream.destroy()
    throw maskError(fromDriver(error, party), [target.secrets.read('password')])
  }
}

function createClient(target: PostgresTarget, party: PostgresParty, stream: PostgresStream): pg.Client {
  const { settings, secrets } = target
  let isAskedInClear = false
  const client = new pg.Client({
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    application_name: 'meridian',
    // The stream is open and, if wanted, encrypted already.
    ssl: false,
    stream: () => asUnconnected(stream),
    options: '',
    password: () => {
      if (isAskedInClear && !isEncrypted(stream) && !isLoopback(stream)) throw clearPassword(party)
      return secrets.read('password') ?? ''
    },
  })
  const inside = client as unknown as PgInside
  inside.connection.prependListener('authenticationCleartextPassword', () => (isAskedInClear = true))
  client.on('error', () => undefined)
  return client
}

/** `pg` wants to connect the stream itself: tell it that this has happened. */
function asUnconnected(stream: PostgresStream): PostgresStream {
  Object.defineProperty(stream, 'connect', {
    configurable: true,
    value: () => {
      setImmediate(() => stream.emit('connect'))
      return stream
    },
  })
  return stream
}

const isEncrypted = (stream: PostgresStream): boolean => (stream as Partial<TLSSocket>).encrypted === true
const isLoopback = (stream: PostgresStream): boolean => {
  const address = stream.remoteAddress ?? ''
  return (
    isIP(address) !== 0 &&
    (address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.'))
  )
}

const clearPassword = (party: PostgresParty): AppError =>
  new AppError(
    'unauthenticated',
    `${party.label} asks for the password in clear text over a connection without TLS; it was not sent.`,
    {
      remedy: 'Set TLS to “require” or “verify”, or let the server ask by scram-sha-256.',
      target: targetOf(party),
    },
  )

async function logIn(
  client: pg.Client,
  party: PostgresParty,
  stream: PostgresStream,
  { signal, timeoutMs }: { signal?: AbortSignal | undefined; timeoutMs: number },
): Promise<void> {
  const { promise: interrupted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(cancelled())
  const onClose = (): void => reject(connectionLost(party))
  const timer = setTimeout(() => {
    reject(
      new AppError('timeout', `${party.label} accepted the connection and then did not answer the log-in.`, {
        remedy: 'Check that the port is PostgreSQL’s, and whether the server is overloaded.',
        target: targetOf(party),
      }),
    )
  }, timeoutMs)
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  stream.once('close', onClose)
  try {
    const connecting = client.connect()
    connecting.catch(() => undefined)
    guardListeners(stream, (fault) => reject(brokenProtocol(party, fault)))
    await Promise.race([connecting, interrupted])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
    stream.off('close', onClose)
    interrupted.catch(() => undefined)
  }
}

/**
 * The driver throws at messages it does not know, from inside of the socket's event, which would end the core; and it
 * waits for as many bytes as a server promises. Both are checked before it sees them.
 */
function guardListeners(stream: PostgresStream, onFault: (fault: string) => void): void {
  const listeners = stream.listeners('data') as ((chunk: Buffer) => void)[]
  stream.removeAllListeners('data')
  const frames = new MessageReader()
  for (const listener of listeners)
    stream.on('data', (chunk: Buffer) => {
      try {
        frames.read(chunk)
        listener(chunk)
      } catch (error) {
        onFault(error instanceof Error ? error.message : 'an unreadable message')
        stream.destroy()
      }
    })
}

function sessionOver(
  client: pg.Client,
  party: PostgresParty,
  stream: PostgresStream,
  lost: AbortSignal,
  owner: AbortSignal | undefined,
): PostgresSession {
  const inside = client as unknown as PgInside
  const destroy = (): void => void stream.destroy()
  owner?.addEventListener('abort', destroy, { once: true })
  lost.addEventListener('abort', () => owner?.removeEventListener('abort', destroy), { once: true })
  return {
    party,
    processId: inside.processID ?? 0,
    isEncrypted: isEncrypted(stream),
    lost,
    async query<R extends Record<string, unknown>>(sql: string, values?: unknown[]) {
      if (lost.aborted) throw connectionLost(party)
      try {
        const result = await client.query(values ? { text: sql, values } : sql)
        return ((Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? []) as R[]
      } catch (error) {
        throw fromDriver(error, party)
      }
    },
    takeOver: (onData) => takeSocket(stream, onData),
    async requestCancel() {
      if (inside.processID === null || inside.secretKey === null) return
      const side = await dialPostgres(party, { timeoutMs: 5_000 })
      side.on('error', () => undefined)
      await new Promise<void>((resolve) => {
        // The server closes the connection when it has passed the request on; it never answers.
        const timer = setTimeout(resolve, 2_000)
        side.once('close', () => {
          clearTimeout(timer)
          resolve()
        })
        side.resume()
        side.end(cancelRequest(inside.processID!, inside.secretKey!))
      })
      side.destroy()
    },
    async dispose() {
      const timer = setTimeout(destroy, closeTimeoutMs)
      await client.end().catch(() => undefined)
      clearTimeout(timer)
      stream.destroy()
    },
  }
}

/** Swaps the driver's listener for ours; between two statements neither has bytes in hand. */
function takeSocket(stream: PostgresStream, onData: (chunk: Uint8Array) => void): TakenSocket {
  const driverListeners = stream.listeners('data') as ((chunk: Buffer) => void)[]
  stream.removeAllListeners('data')
  stream.on('data', onData)
  let isGiven = false
  return {
    write: (bytes) => void stream.write(bytes),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    giveBack() {
      if (isGiven) return
      isGiven = true
      stream.off('data', onData)
      for (const listener of driverListeners) stream.on('data', listener)
      stream.resume()
    },
    destroy: () => void stream.destroy(),
  }
}
