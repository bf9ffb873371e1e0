// Looks at the certificate that a server shows, without trusting it and without sending it anything: what the
// "trust on first use" dialog displays before a fingerprint is pinned. Also the opening of TLS inside PostgreSQL's
// protocol, which that look (and the connection test) needs.
import type { X509Certificate } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import tls from 'node:tls'
import type { CertificateSummary } from '#shared/contracts/sites.ts'
import { AppError, cancelled } from '#shared/errors.ts'
import { connectFault, explainDistrust, handshakeFault, silentServer, type TlsParty } from './tls-faults.ts'
import { defaultTlsTimeoutMs, peerCertificate, tlsOptionsFor } from './tls-trust.ts'

export interface InspectOptions {
  /** Asks for TLS in PostgreSQL's protocol first. */
  startTls?: 'postgres' | undefined
  signal?: AbortSignal | undefined
  timeoutMs?: number | undefined
}

/** What the server's certificate says and whether the system's authorities vouch for it. Rejects as `connectTls` does. */
export async function inspectCertificate(
  host: string,
  port: number,
  options: InspectOptions = {},
): Promise<CertificateSummary> {
  const { signal, timeoutMs = defaultTlsTimeoutMs } = options
  const party: TlsParty = { host, port, system: options.startTls ? 'PostgreSQL' : 'The server' }
  const socket = await openSocket(party, { signal, timeoutMs })
  try {
    if (options.startTls) await requestPostgresTls(socket, party, { signal, timeoutMs })
    return await shownCertificate(socket, party, { signal, timeoutMs })
  } finally {
    socket.destroy()
  }
}

interface WaitLimit {
  signal?: AbortSignal | undefined
  timeoutMs: number
}

/** A TCP connection within the limit. Rejects `unreachable`, `timeout` or `cancelled`. */
export function openSocket(party: TlsParty, limit: WaitLimit & { address?: string }): Promise<Socket> {
  const socket = connect({ host: limit.address ?? party.host, port: party.port })
  return settleOn(socket, party, limit, false, (resolve, reject) => {
    socket.once('connect', () => resolve(socket))
    socket.once('error', (error) => reject(connectFault(error, party)))
  })
}

/**
 * PostgreSQL's SSLRequest: 8 bytes out, one byte back. Rejects when the server has no TLS, and when it sends more
 * than that byte in the clear (a way to slip text in before the handshake). Protocol: PostgreSQL 55.2.10.
 */
export async function requestPostgresTls(socket: Socket, party: TlsParty, limit: WaitLimit): Promise<void> {
  const answer = await settleOn<Buffer>(socket, party, limit, true, (resolve, reject) => {
    socket.once('data', (chunk: Buffer) => {
      socket.pause()
      resolve(chunk)
    })
    socket.once('error', (error) => reject(handshakeFault(error, party)))
    socket.once('close', () => reject(handshakeFault(new Error('closed'), party)))
    socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]))
  })
  if (answer.length === 1 && answer[0] === 0x53) return
  socket.destroy()
  const isPlain = answer[0] === 0x4e || answer[0] === 0x45
  throw new AppError(
    'upstream',
    isPlain
      ? `PostgreSQL at ${party.host}:${party.port} does not offer TLS.`
      : `${party.host}:${party.port} does not answer as PostgreSQL does.`,
    {
      remedy: isPlain
        ? 'Switch TLS on in the server (ssl = on), or choose “disable” if the network is trusted.'
        : 'Check the host and the port.',
      target: { system: 'PostgreSQL', endpoint: `${party.host}:${party.port}` },
      detail: { kind: 'tls', reason: 'protocol' },
    },
  )
}

function shownCertificate(socket: Socket, party: TlsParty, limit: WaitLimit): Promise<CertificateSummary> {
  const connection = tls.connect({
    ...tlsOptionsFor({ mode: 'system' }, party.host),
    rejectUnauthorized: false,
    socket,
  })
  const shown = settleOn<CertificateSummary>(socket, party, limit, true, (resolve, reject) => {
    connection.on('error', (error) => reject(handshakeFault(error, party)))
    connection.once('close', () => reject(handshakeFault(new Error('closed'), party)))
    connection.once('secureConnect', () => {
      const certificate = peerCertificate(connection)
      if (!certificate) return reject(handshakeFault(new Error('no certificate'), party))
      const verdict = connection.authorized ? null : String(connection.authorizationError ?? '')
      resolve(summarise(certificate, verdict, party))
    })
  })
  return shown.finally(() => connection.destroy())
}

/** A certificate in words. `verdict` is OpenSSL's word of distrust, null = trusted. */
export function summarise(
  certificate: X509Certificate,
  verdict: string | null,
  party: TlsParty,
): CertificateSummary {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    validFrom: isoOf(certificate.validFrom),
    validTo: isoOf(certificate.validTo),
    fingerprint256: certificate.fingerprint256,
    subjectAltName: (certificate.subjectAltName ?? '').slice(0, 2000),
    isTrustedBySystem: verdict === null,
    distrustReason:
      verdict === null
        ? null
        : `This computer does not trust it: ${explainDistrust(verdict, certificate, party).sentence}.`,
  }
}

const oneLine = (text: string | undefined): string => (text ?? '').replaceAll('\n', ', ').slice(0, 500)
const isoOf = (text: string): string => {
  const time = Date.parse(text)
  return Number.isNaN(time) ? text : new Date(time).toISOString()
}

/** One wait with a time limit and a signal; on failure the socket is gone. */
function settleOn<T>(
  socket: Socket,
  party: TlsParty,
  { signal, timeoutMs }: WaitLimit,
  hasConnected: boolean,
  begin: (resolve: (value: T) => void, reject: (error: AppError) => void) => void,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const timer = setTimeout(() => reject(silentServer(party, timeoutMs, hasConnected)), timeoutMs)
  const onAbort = (): void => reject(cancelled())
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  begin(resolve, reject)
  return promise
    .catch((error: unknown) => {
      socket.on('error', () => undefined)
      socket.destroy()
      throw error
    })
    .finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    })
}
