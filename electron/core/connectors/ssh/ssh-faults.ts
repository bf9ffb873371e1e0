// SSH's failures in sentences. Used by ssh-connection.ts and the connection test.
import { AppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import { connectFault } from '../tls/tls-faults.ts'

type SshSettings = SettingsOf<'ssh'>

export const endpointOf = ({ host, port }: SshSettings): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`
export const targetOf = (settings: SshSettings) => ({ system: 'SSH', endpoint: endpointOf(settings) })

/** First meeting: the key is shown, nothing is sent until the user has confirmed it. */
export const unconfirmedHostKey = (settings: SshSettings, seen: string, keyType: string): AppError =>
  new AppError('conflict', `The host key of ${endpointOf(settings)} is not confirmed yet: it is ${seen}.`, {
    remedy:
      'Compare it on the server (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then enter it as the host key of this connection.',
    target: targetOf(settings),
    detail: { kind: 'ssh', stage: 'host-key', fingerprint256: seen, keyType },
  })

/** The confirmed key is not the one that answered. */
export const changedHostKey = (settings: SshSettings, seen: string, keyType: string): AppError =>
  new AppError(
    'upstream',
    `The host key of ${endpointOf(settings)} has CHANGED: it is ${seen.slice(0, 19)}… now, but ${(settings.hostKeySha256 ?? '').slice(0, 19)}… was confirmed. ` +
      'Somebody may be between you and the server, or it was installed anew. No credential was sent.',
    {
      remedy:
        'Look at the key on the server itself. Only if it is the new one, accept it: Connections → this connection → Edit → Host key.',
      target: targetOf(settings),
      detail: {
        kind: 'ssh',
        stage: 'host-key-changed',
        fingerprint256: seen,
        expected256: settings.hostKeySha256 ?? '',
        keyType,
      },
      retryable: false,
    },
  )

const ways: Record<SshSettings['auth'], string> = {
  password: 'password',
  'keyboard-interactive': 'answers (keyboard-interactive)',
  key: 'private key',
  agent: 'keys of the SSH agent',
}

export const authRefused = (settings: SshSettings): AppError =>
  new AppError(
    'unauthenticated',
    `SSH at ${endpointOf(settings)} did not accept the ${ways[settings.auth]} of ${settings.user}.`,
    {
      remedy:
        settings.auth === 'key' || settings.auth === 'agent'
          ? 'Check that the public key is in ~/.ssh/authorized_keys of that user, and that the user name is right.'
          : 'Check the user name and the password, and that the server allows this way of logging in.',
      target: targetOf(settings),
      detail: { kind: 'ssh', stage: 'authentication' },
    },
  )

/** DNS, TCP or the protocol itself. */
export function sshFault(error: unknown, settings: SshSettings, hostKey = ''): AppError {
  const { code, message = '' } = error as NodeJS.ErrnoException
  const isHandshake =
    /handshake|ident|protocol|kex|cipher|closed|packet|key exchange/i.test(message) && !code?.startsWith('E')
  if (!isHandshake && code !== 'ECONNRESET')
    return connectFault(error, { host: settings.host, port: settings.port, system: 'SSH' })
  return new AppError('upstream', `SSH at ${endpointOf(settings)} ${handshakeWords(message, hostKey)}`, {
    remedy:
      'Check that an SSH server (not another service) listens on this port, and its log for the reason.',
    target: targetOf(settings),
    detail: { kind: 'ssh', stage: 'handshake' },
    cause: error,
  })
}

function handshakeWords(message: string, hostKey: string): string {
  if (/no matching|cipher|kex|key exchange/i.test(message))
    return 'and Meridian found no SSH algorithms in common.'
  return hostKey === ''
    ? 'closed the connection before the SSH handshake was done.'
    : 'closed the connection during the login.'
}

/** A login is there, but the server gives no channel for what was asked. */
export function channelFault(error: unknown, settings: SshSettings, what: string): AppError {
  const { message = '', reason } = error as Error & { reason?: number | string }
  const isFull = /MaxSessions|resource shortage|open failed/i.test(message) || reason === 4 || reason === 'RESOURCE_SHORTAGE'
  return new AppError(isFull ? 'rate-limited' : 'forbidden', `${endpointOf(settings)} refused ${what}.`, {
    remedy: isFull
      ? 'The server allows only so many sessions on one connection (MaxSessions): close another console, then try again.'
      : 'Check what this account may do, and the settings of the SSH server (sshd -T).',
    target: targetOf(settings),
    detail: { kind: 'ssh', stage: 'channel' },
    cause: error,
  })
}

/** The connection ended while work was under way on it: nobody knows how far the other side got. */
export const connectionLost = (settings: SshSettings, action: string): AppError =>
  new AppError('unreachable', `The SSH connection to ${endpointOf(settings)} was lost during this work: ${action}.`, {
    remedy: 'It may have been done on the server all the same: look before you do it again.',
    target: targetOf(settings),
    detail: { kind: 'outcome-unknown', action },
  })
