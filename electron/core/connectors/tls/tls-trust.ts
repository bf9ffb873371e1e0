// How Meridian decides whether a server is the one it should be: system authorities, a given authority, or one
// pinned certificate. Every connector that speaks TLS comes through `connectTls`, so the decision is made in one
// place and before a byte of the application leaves. Nothing here ever accepts a server "for now".
import { X509Certificate } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import tls, { type ConnectionOptions, type SecureContext, type TLSSocket } from 'node:tls'
import { AppError, cancelled } from '#shared/errors.ts'
import type { TlsTrust } from '#shared/model/connection.ts'
import {
  changedFingerprint,
  connectFault,
  distrusted,
  handshakeFault,
  silentServer,
  type TlsParty,
} from './tls-faults.ts'

/** What a client may add to a connection beside the trust: its own certificate, protocols to offer. */
export type TlsExtras = Pick<
  ConnectionOptions,
  'cert' | 'key' | 'passphrase' | 'ALPNProtocols' | 'minVersion'
>

export interface ConnectTlsOptions {
  host: string
  port: number
  trust: TlsTrust
  /** The name the certificate must carry, where it differs from `host`. */
  servername?: string | undefined
  /** The system's name for sentences, e.g. `Proxmox VE`. */
  system?: string | undefined
  signal?: AbortSignal | undefined
  /** For DNS, TCP and TLS together (TLS alone when `socket` is given). Default 10 s. */
  timeoutMs?: number | undefined
  /** An open TCP connection to speak TLS on; destroyed when the server is refused. */
  socket?: Socket | undefined
  extras?: TlsExtras | undefined
}

export const defaultTlsTimeoutMs = 10_000

/**
 * Options for `tls.connect` under this trust. For `pinned` they verify nothing by themselves: the fingerprint can
 * only be compared after the handshake, by `verifyPeer` (which `connectTls` calls). Throws `invalid-input` for a
 * certificate authority that cannot be read.
 */
export function tlsOptionsFor(trust: TlsTrust, servername: string): ConnectionOptions {
  const name = stripBrackets(servername)
  // SNI must not carry an address; the certificate is compared with `host` then.
  const identity: ConnectionOptions = isIP(name) ? { host: name } : { host: name, servername: name }
  switch (trust.mode) {
    case 'system':
      return { ...identity, ca: systemAuthorities(), rejectUnauthorized: true }
    case 'ca':
      return {
        ...identity,
        ca: readAuthorities(trust.caPem),
        rejectUnauthorized: true,
        allowPartialTrustChain: true,
      }
    case 'pinned':
      return { ...identity, rejectUnauthorized: false }
  }
}

/**
 * A TLS connection to the server that `trust` describes, and to no other. Rejects with an AppError whose detail is
 * `tls` when the server is not it (nothing has been sent then), `unreachable` or `timeout` when there is none, and
 * `cancelled` when `signal` fires first. The socket is destroyed on every failure.
 */
export function connectTls(options: ConnectTlsOptions): Promise<TLSSocket> {
  const { trust, signal, timeoutMs = defaultTlsTimeoutMs, socket } = options
  const host = stripBrackets(options.host)
  const party: TlsParty = { host, port: options.port, system: options.system ?? 'The server' }
  if (signal?.aborted) {
    socket?.destroy()
    return Promise.reject(cancelled())
  }
  return new Promise((resolve, reject) => {
    const connection = tls.connect({
      ...tlsOptionsFor(trust, options.servername ?? host),
      ...contextFor(trust, options.extras),
      ...options.extras,
      // The verdict is asked below, so that a refusal can show the certificate. See `verifyPeer`.
      rejectUnauthorized: false,
      ...(socket ? { socket } : { port: options.port, host }),
    })
    let hasConnected = socket !== undefined
    const settle = (finish: () => void): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      connection.off('error', onError).off('close', onClose)
      finish()
    }
    const fail = (error: AppError): void =>
      settle(() => {
        connection.on('error', () => undefined)
        connection.destroy()
        socket?.destroy()
        reject(error)
      })
    const onAbort = (): void => fail(cancelled())
    const onError = (error: Error): void =>
      fail(hasConnected ? handshakeFault(error, party) : connectFault(error, party))
    const onClose = (): void => fail(handshakeFault(new Error('closed'), party))
    const timer = setTimeout(() => fail(silentServer(party, timeoutMs, hasConnected)), timeoutMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    connection.once('connect', () => (hasConnected = true))
    connection.on('error', onError).on('close', onClose)
    connection.once('secureConnect', () => {
      const refusal = verifyPeer(connection, trust, party)
      if (refusal) fail(refusal)
      else settle(() => resolve(connection))
    })
  })
}

/** Why the peer of a finished handshake must not be spoken to under this trust; undefined = it may. */
export function verifyPeer(connection: TLSSocket, trust: TlsTrust, party: TlsParty): AppError | undefined {
  const certificate = peerCertificate(connection)
  if (!certificate) return handshakeFault(new Error('no certificate'), party)
  if (trust.mode === 'pinned') {
    const isSame = certificate.fingerprint256.toUpperCase() === trust.sha256.toUpperCase()
    return isSame ? undefined : changedFingerprint(party, certificate, trust.sha256)
  }
  if (connection.authorized) return undefined
  return distrusted(party, certificate, String(connection.authorizationError ?? 'CERT_UNTRUSTED'), trust.mode)
}

/**
 * The leaf that the peer showed. Not by getPeerX509Certificate(): in Node 24 that takes the certificate out of the
 * connection, so that whoever asks next finds none.
 */
export function peerCertificate(connection: TLSSocket): X509Certificate | undefined {
  const raw = connection.getPeerCertificate()?.raw as Buffer | undefined
  return raw ? new X509Certificate(raw) : undefined
}

let systemList: string[] | undefined
let systemContext: SecureContext | undefined

/** The authorities that ship with the runtime and those of the operating system; read once. */
function systemAuthorities(): string[] {
  systemList ??= [...new Set([...tls.getCACertificates('default'), ...operatingSystemAuthorities()])]
  return systemList
}

function operatingSystemAuthorities(): string[] {
  try {
    return tls.getCACertificates('system')
  } catch {
    // A store that cannot be read leaves the shipped authorities.
    return []
  }
}

/** Parsing some hundred authorities costs milliseconds: the common case shares one parsed set. */
function contextFor(
  trust: TlsTrust,
  extras: TlsExtras | undefined,
): Pick<ConnectionOptions, 'secureContext'> {
  if (trust.mode !== 'system' || extras?.cert || extras?.key || extras?.minVersion) return {}
  systemContext ??= tls.createSecureContext({ ca: systemAuthorities() })
  return { secureContext: systemContext }
}

const pemBlock = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** The certificates of a PEM text. Throws `invalid-input` when there is none, or one that cannot be read. */
export function readAuthorities(pem: string): string[] {
  const blocks = pem.match(pemBlock) ?? []
  const remedy = 'Paste the authority in PEM form: a text that begins with -----BEGIN CERTIFICATE-----.'
  if (blocks.length === 0)
    throw new AppError('invalid-input', 'The certificate authority holds no certificate.', { remedy })
  for (const block of blocks) {
    try {
      new X509Certificate(block)
    } catch (cause) {
      throw new AppError(
        'invalid-input',
        'The certificate authority holds a certificate that cannot be read.',
        { remedy, cause },
      )
    }
  }
  return blocks
}

const stripBrackets = (host: string): string => host.replace(/^\[|\]$/g, '')
