// Which TLS versions a server accepts, found by handshakes alone: nothing is sent, nothing is trusted. Used by the
// compliance checks. Old versions are offered with every cipher this runtime knows, because a refusal must be the
// server's and not ours.
import { X509Certificate } from 'node:crypto'
import tls, { type SecureVersion } from 'node:tls'
import { AppError, cancelled } from '#shared/errors.ts'
import { openSocket, requestPostgresTls } from './certificate-inspection.ts'
import type { TlsParty } from './tls-faults.ts'

export interface TlsVersions {
  accepted: SecureVersion[]
  isOldAccepted: boolean
  isModernAccepted: boolean
  /** End of the validity of the certificate that was shown. */
  notAfterMs: number
  subject: string
}

const versions: readonly SecureVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

/** Rejects `unreachable`, `timeout` or `cancelled` when the server cannot be reached at all, or speaks no TLS. */
export async function probeTlsVersions(
  party: TlsParty,
  options: { startTls?: 'postgres' | undefined; signal?: AbortSignal | undefined; timeoutMs?: number },
): Promise<TlsVersions> {
  const limit = { signal: options.signal, timeoutMs: options.timeoutMs ?? 8_000 }
  const accepted: SecureVersion[] = []
  let certificate: X509Certificate | undefined
  for (const version of versions) {
    const socket = await openSocket(party, limit)
    try {
      if (options.startTls) await requestPostgresTls(socket, party, limit)
      const shown = await shakeHands(socket, party, version, limit)
      if (!shown) continue
      accepted.push(version)
      certificate = shown
    } finally {
      socket.destroy()
    }
  }
  if (!certificate)
    throw new AppError('upstream', `${party.system} on ${party.host}:${party.port} accepted no TLS handshake.`, {
      remedy: 'Check that a TLS server listens on this port.',
    })
  return {
    accepted,
    isOldAccepted: accepted.some((version) => version === 'TLSv1' || version === 'TLSv1.1'),
    isModernAccepted: accepted.some((version) => version === 'TLSv1.2' || version === 'TLSv1.3'),
    notAfterMs: Date.parse(certificate.validTo),
    subject: certificate.subject.replaceAll('\n', ', '),
  }
}

/** The certificate when the handshake succeeds, undefined when the server refuses it. */
function shakeHands(
  socket: Awaited<ReturnType<typeof openSocket>>,
  party: TlsParty,
  version: SecureVersion,
  limit: { signal?: AbortSignal | undefined; timeoutMs: number },
): Promise<X509Certificate | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<X509Certificate | undefined>()
  const isOld = version === 'TLSv1' || version === 'TLSv1.1'
  const connection = tls.connect({
    socket,
    servername: /^[\d.]+$|:/.test(party.host) ? '' : party.host,
    minVersion: version,
    maxVersion: version,
    rejectUnauthorized: false,
    ...(isOld ? { ciphers: 'ALL:@SECLEVEL=0' } : {}),
  })
  const onAbort = (): void => reject(cancelled())
  const timer = setTimeout(
    () => reject(new AppError('timeout', `${party.system} on ${party.host}:${party.port} did not finish the TLS handshake.`)),
    limit.timeoutMs,
  )
  limit.signal?.addEventListener('abort', onAbort, { once: true })
  connection.once('secureConnect', () => {
    const { raw } = connection.getPeerCertificate()
    resolve(raw ? new X509Certificate(raw) : undefined)
  })
  connection.on('error', () => resolve(undefined))
  connection.once('close', () => resolve(undefined))
  return promise.finally(() => {
    clearTimeout(timer)
    limit.signal?.removeEventListener('abort', onAbort)
    connection.destroy()
  })
}
