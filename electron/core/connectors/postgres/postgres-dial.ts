// From settings to an open byte stream to a PostgreSQL server: TCP, and TLS inside PostgreSQL's protocol. The session
// and the cancel request both come through here, so both are under the same trust. No credential passes this file.
import type { Socket } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import { AppError, isAppError } from '#shared/errors.ts'
import { openSocket, requestPostgresTls } from '../tls/certificate-inspection.ts'
import { handshakeFault, type TlsParty } from '../tls/tls-faults.ts'
import { connectTls, tlsOptionsFor } from '../tls/tls-trust.ts'
import type { PostgresParty } from './postgres-errors.ts'

export interface DialOptions {
  signal?: AbortSignal | undefined
  timeoutMs?: number | undefined
}
export type PostgresStream = Socket | TLSSocket

const defaultTimeoutMs = 10_000

/**
 * Opens the stream by `tlsMode`: `disable` never encrypts; `prefer` encrypts where the server can; `require` always;
 * `verify` also checks the server by the connection's trust. A pinned certificate or a given authority is always
 * checked when TLS is spoken; `prefer` and `require` with the system's trust encrypt without checking, as libpq does.
 */
export async function dialPostgres(party: PostgresParty, options: DialOptions = {}): Promise<PostgresStream> {
  const { settings } = party
  const limit = { signal: options.signal, timeoutMs: options.timeoutMs ?? defaultTimeoutMs }
  const tlsParty: TlsParty = {
    host: settings.host,
    port: settings.port,
    system: `PostgreSQL (${party.label})`,
  }
  const socket = await openSocket(tlsParty, limit)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 30_000)
  if (settings.tlsMode === 'disable') return socket
  try {
    await requestPostgresTls(socket, tlsParty, limit)
  } catch (error) {
    if (settings.tlsMode !== 'prefer' || !refusesTls(error)) throw error
    const plain = await openSocket(tlsParty, limit)
    plain.setNoDelay(true)
    plain.setKeepAlive(true, 30_000)
    return plain
  }
  const isChecked = settings.tlsMode === 'verify' || settings.tls.mode !== 'system'
  if (!isChecked) return encryptOnly(socket, tlsParty, limit)
  return connectTls({ ...settings, system: tlsParty.system, trust: settings.tls, socket, ...limit })
}

/** Only a plain "no" may lead to an unencrypted connection, never a strange answer. */
const refusesTls = (error: unknown): boolean => isAppError(error) && /does not offer TLS/.test(error.message)

function encryptOnly(
  socket: Socket,
  party: TlsParty,
  limit: { signal: AbortSignal | undefined; timeoutMs: number },
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const connection = tls.connect({
      ...tlsOptionsFor({ mode: 'system' }, party.host),
      rejectUnauthorized: false,
      socket,
    })
    const settle = (finish: () => void): void => {
      clearTimeout(timer)
      limit.signal?.removeEventListener('abort', onAbort)
      connection.removeAllListeners('error').removeAllListeners('close')
      finish()
    }
    const fail = (error: AppError): void =>
      settle(() => {
        connection.on('error', () => undefined)
        connection.destroy()
        socket.destroy()
        reject(error)
      })
    const onAbort = (): void => fail(new AppError('cancelled', 'The request was cancelled.'))
    const timer = setTimeout(() => fail(handshakeFault(new Error('timeout'), party)), limit.timeoutMs)
    limit.signal?.addEventListener('abort', onAbort, { once: true })
    connection.on('error', (error) => fail(handshakeFault(error, party)))
    connection.on('close', () => fail(handshakeFault(new Error('closed'), party)))
    connection.once('secureConnect', () => settle(() => resolve(connection)))
  })
}
