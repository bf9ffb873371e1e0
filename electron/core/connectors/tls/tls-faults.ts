// What can go wrong before the first byte of an application, in sentences: no name, no answer, no TLS, or a
// certificate that is not the right one. Used by tls-trust.ts and by the connection test.
import type { X509Certificate } from 'node:crypto'
import { AppError } from '#shared/errors.ts'
import type { TlsTrust } from '#shared/model/connection.ts'

/** Who was spoken to. */
export interface TlsParty {
  host: string
  port: number
  /** Starts a sentence: `Proxmox VE`, `The server`. */
  system: string
}

type TlsReason = 'untrusted' | 'expired' | 'hostname' | 'fingerprint-changed' | 'protocol'

const addressOf = ({ host, port }: TlsParty): string => `${host.includes(':') ? `[${host}]` : host}:${port}`
const nameOf = (party: TlsParty): string => `${party.system} at ${addressOf(party)}`
const targetOf = (party: TlsParty) => ({ system: party.system, endpoint: addressOf(party) })
const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code ?? '')

/** DNS and TCP: the server could not be reached at all. */
export function connectFault(error: unknown, party: TlsParty): AppError {
  const [what, remedy] = wordsFor(codeOf(error), party)
  return new AppError('unreachable', what, { remedy, target: targetOf(party), cause: error })
}

function wordsFor(code: string, party: TlsParty): [what: string, remedy: string] {
  switch (code) {
    case 'ENOTFOUND':
      return [
        `The host name ${party.host} is not known to the name servers.`,
        'Check the spelling, and whether this computer is on the network or VPN where that name exists.',
      ]
    case 'EAI_AGAIN':
      return [
        `No name server answered for ${party.host}.`,
        'Check this computer’s network and its name servers, then try again.',
      ]
    case 'ECONNREFUSED':
      return [
        `${nameOf(party)} refuses connections.`,
        'Check that the service runs and that the port is right.',
      ]
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
      return [`${nameOf(party)} cannot be reached.`, 'Check the network, the VPN and firewalls in between.']
    case 'ECONNRESET':
    case 'EPIPE':
      return [
        `${nameOf(party)} closed the connection at once.`,
        'Check that the service is healthy and accepts connections from this computer.',
      ]
    default:
      return [
        `The connection to ${nameOf(party)} failed.`,
        'Check the address and the network, then try again.',
      ]
  }
}

/** The server accepted the connection (or not even that) and then said nothing. */
export function silentServer(party: TlsParty, timeoutMs: number, hasConnected: boolean): AppError {
  const seconds = `${Math.round(timeoutMs / 100) / 10} s`
  return hasConnected
    ? new AppError(
        'timeout',
        `${nameOf(party)} accepted the connection but did not answer the TLS handshake within ${seconds}.`,
        {
          remedy: 'Check that the port speaks TLS and that the service is not hanging.',
          target: targetOf(party),
        },
      )
    : new AppError('timeout', `${nameOf(party)} did not answer within ${seconds}.`, {
        remedy: 'Check the address and the port; a firewall in between may drop the packets.',
        target: targetOf(party),
      })
}

/** TCP works, but what came back is no TLS that could be agreed on. */
export function handshakeFault(error: unknown, party: TlsParty): AppError {
  const code = codeOf(error)
  const text = error instanceof Error ? error.message : ''
  const [what, remedy] = handshakeWords(code, text)
  return new AppError('upstream', `${nameOf(party)} ${what}`, {
    remedy,
    target: targetOf(party),
    detail: { kind: 'tls', reason: 'protocol' },
    cause: error,
  })
}

function handshakeWords(code: string, text: string): [what: string, remedy: string] {
  if (
    /wrong version number|packet length too long|http request|WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL/i.test(
      code + text,
    )
  )
    return [
      'answered with something that is not TLS.',
      'Check the port: a service without encryption (plain HTTP, for example) listens there.',
    ]
  if (
    /alert (handshake failure|protocol version)|UNSUPPORTED_PROTOCOL|HANDSHAKE_FAILURE|no shared cipher/i.test(
      code + text,
    )
  )
    return [
      'and Meridian found no TLS version or cipher in common.',
      'Update the server: Meridian needs TLS 1.2 or later.',
    ]
  if (/certificate (required|unknown)|bad certificate/i.test(text))
    return ['did not accept the client certificate.', 'Check the certificate and key of this connection.']
  if (/ECONNRESET|EPIPE/.test(code) || /closed|disconnected/i.test(text))
    return [
      'closed the connection in the middle of the TLS handshake.',
      'Check that the port speaks TLS and that no firewall or proxy cuts the connection.',
    ]
  return ['failed in the TLS handshake.', 'Check that the port speaks TLS; the log holds the details.']
}

const selfSigned = new Set(['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN'])

/** The reason word of OpenSSL's verdict and a sentence part that completes "… was refused: ". */
export function explainDistrust(
  verdict: string,
  certificate: X509Certificate,
  party: TlsParty,
): { reason: TlsReason; sentence: string } {
  if (verdict === 'CERT_HAS_EXPIRED')
    return { reason: 'expired', sentence: `it expired on ${dateOf(certificate.validTo)}` }
  if (verdict === 'CERT_NOT_YET_VALID')
    return { reason: 'expired', sentence: `it is valid only from ${dateOf(certificate.validFrom)} on` }
  if (verdict === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return { reason: 'hostname', sentence: `it is for ${namesOf(certificate)}, not for ${party.host}` }
  if (selfSigned.has(verdict))
    return { reason: 'untrusted', sentence: 'it is self-signed, so no authority vouches for it' }
  if (/ISSUER|VERIFY_LEAF/.test(verdict))
    return { reason: 'untrusted', sentence: 'its authority is not one that is trusted here' }
  if (verdict === 'CERT_REVOKED') return { reason: 'untrusted', sentence: 'its authority has revoked it' }
  return { reason: 'untrusted', sentence: `it could not be verified (${verdict.slice(0, 80)})` }
}

/** A certificate that the chosen authorities do not vouch for. Carries its fingerprint, so that it can be pinned. */
export function distrusted(
  party: TlsParty,
  certificate: X509Certificate,
  verdict: string,
  mode: TlsTrust['mode'],
): AppError {
  const { reason, sentence } = explainDistrust(verdict, certificate, party)
  return new AppError('upstream', `The certificate of ${nameOf(party)} was refused: ${sentence}.`, {
    remedy: distrustRemedy(reason, mode),
    target: targetOf(party),
    detail: {
      kind: 'tls',
      reason,
      fingerprint256: certificate.fingerprint256,
      subject: firstLine(certificate.subject),
    },
  })
}

function distrustRemedy(reason: TlsReason, mode: TlsTrust['mode']): string {
  if (reason === 'expired')
    return 'Renew the certificate on the server; check the clocks of both machines, too.'
  if (reason === 'hostname')
    return 'Use the name that the certificate is made for, or compare its fingerprint on the server and pin it.'
  return mode === 'ca'
    ? 'Give the authority that signed the certificate, or compare its fingerprint on the server and pin it.'
    : 'Compare the fingerprint with the one shown on the server, then pin it; or give the authority that signed it.'
}

/** The pinned certificate is not the one that answered: said loudly, because it may be an attack. */
export function changedFingerprint(
  party: TlsParty,
  certificate: X509Certificate,
  expected256: string,
): AppError {
  const seen = certificate.fingerprint256
  return new AppError(
    'upstream',
    `The certificate of ${nameOf(party)} has CHANGED: it is ${beginningOf(seen)} now, but ${beginningOf(expected256)} was pinned. ` +
      'Somebody may be between you and the server, or its certificate was renewed. Nothing was sent.',
    {
      remedy:
        'Look at the fingerprint on the server itself. Only if it is the new one, accept it: Sites → this connection → Edit → Certificate.',
      target: targetOf(party),
      detail: {
        kind: 'tls',
        reason: 'fingerprint-changed',
        fingerprint256: seen,
        expected256,
        subject: firstLine(certificate.subject),
      },
      retryable: false,
    },
  )
}

const beginningOf = (fingerprint: string): string => `${fingerprint.slice(0, 23)}…`
const firstLine = (text: string | undefined): string => (text ?? '').replaceAll('\n', ', ').slice(0, 300)

function namesOf(certificate: X509Certificate): string {
  const names =
    certificate.subjectAltName?.replace(/(DNS|IP Address):/g, '') ?? firstLine(certificate.subject)
  return names === '' ? 'no name at all' : names.slice(0, 200)
}

const dateOf = (text: string): string => {
  const time = Date.parse(text)
  return Number.isNaN(time) ? text.slice(0, 40) : new Date(time).toISOString().slice(0, 10)
}
