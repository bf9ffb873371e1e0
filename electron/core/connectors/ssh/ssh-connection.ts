// Opening an SSH connection: the host key is decided before any credential is offered, then the one way of logging
// in that the connection names. Callers get ssh2's client and what was learnt; they end it. Never logs prompts.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import ssh2, { type Client, type ConnectConfig } from 'ssh2'
import { AppError, cancelled, isAppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import type { SecretLease } from '../../vault/vault.ts'
import { authRefused, changedHostKey, sshFault, unconfirmedHostKey } from './ssh-faults.ts'

export interface OpenSshOptions {
  signal: AbortSignal
  /** TCP, key exchange and login together. Default 15 s. */
  timeoutMs?: number
  /** An open TCP connection to speak SSH on. */
  socket?: Socket
  /** Where the agent listens; default: this process's own. */
  agent?: string | undefined
}

export interface OpenSsh {
  client: Client
  /** As OpenSSH prints it: `SHA256:` and base64 without padding. */
  hostKeySha256: string
  /** The server's identification, e.g. `SSH-2.0-OpenSSH_9.2p1 Debian-2`; empty when unknown. */
  serverVersion: string
  dispose(): void
}

export const defaultSshTimeoutMs = 15_000

/**
 * Rejects with an AppError: detail `ssh` with stage `host-key` (not confirmed yet, carries the fingerprint),
 * `host-key-changed`, `authentication` or `handshake`; `unreachable`, `timeout`, `cancelled`.
 */
export function openSsh(
  settings: SettingsOf<'ssh'>,
  secrets: SecretLease,
  options: OpenSshOptions,
): Promise<OpenSsh> {
  const { signal, timeoutMs = defaultSshTimeoutMs } = options
  const client = new ssh2.Client()
  let hostKeySha256 = ''
  let serverVersion = ''
  const { promise, resolve, reject } = Promise.withResolvers<OpenSsh>()
  const dispose = (): void => {
    client.on('error', () => undefined)
    client.end()
    client.destroy()
  }
  const onAbort = (): void => reject(cancelled())
  const timer = setTimeout(() => reject(lateAnswer(settings, timeoutMs, hostKeySha256 !== '')), timeoutMs)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal.aborted) throw cancelled()
    const config = configOf(settings, secrets, options)
    let refusal: AppError | undefined
    client.on('error', (error) => reject(refusal ?? faultOf(error, settings, hostKeySha256)))
    client.on('close', () => reject(refusal ?? sshFault(new Error('closed'), settings)))
    client.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) =>
      finish(prompts.map((prompt) => (prompt.echo ? settings.user : (secrets.read('password') ?? '')))),
    )
    client.on('ready', () => resolve({ client, hostKeySha256, serverVersion, dispose }))
    client.connect({
      ...config,
      readyTimeout: timeoutMs + 1_000,
      ident: 'Meridian',
      // ssh2 tells the server's identification only through its debug lines.
      debug: (line) => {
        const found = /Remote ident: '([^']*)'/.exec(line)
        if (found) serverVersion = (found[1] ?? '').slice(0, 200)
      },
      hostVerifier: (key: Buffer) => {
        hostKeySha256 = fingerprintOf(key)
        refusal = judgeHostKey(settings, hostKeySha256)
        if (refusal) reject(refusal)
        return refusal === undefined
      },
    })
  } catch (error) {
    reject(isAppError(error) ? error : sshFault(error, settings))
  }
  return promise
    .catch((error: unknown) => {
      dispose()
      options.socket?.destroy()
      throw error
    })
    .finally(() => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    })
}

/** `SHA256:` and base64 without padding, as `ssh-keygen -lf` prints it. */
export const fingerprintOf = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

function judgeHostKey(settings: SettingsOf<'ssh'>, seen: string): AppError | undefined {
  if (!settings.hostKeySha256) return unconfirmedHostKey(settings, seen)
  const expected = Buffer.from(settings.hostKeySha256.replace(/=+$/, ''))
  const actual = Buffer.from(seen)
  const isSame = expected.length === actual.length && timingSafeEqual(expected, actual)
  return isSame ? undefined : changedHostKey(settings, seen)
}

function configOf(settings: SettingsOf<'ssh'>, secrets: SecretLease, options: OpenSshOptions): ConnectConfig {
  const base: ConnectConfig = {
    host: settings.host,
    port: settings.port,
    username: settings.user,
    ...(options.socket ? { sock: options.socket } : {}),
  }
  // Only what the connection names is offered: a password is never tried where a key was chosen.
  switch (settings.auth) {
    case 'password':
      return { ...base, password: need(secrets, 'password'), authHandler: ['none', 'password'] }
    case 'keyboard-interactive':
      need(secrets, 'password')
      return { ...base, tryKeyboard: true, authHandler: ['none', 'keyboard-interactive'] }
    case 'key':
      return { ...base, ...keyOf(secrets), authHandler: ['none', 'publickey'] }
    case 'agent':
      return { ...base, agent: agentOf(options), authHandler: ['none', 'agent'] }
  }
}

function keyOf(secrets: SecretLease): Pick<ConnectConfig, 'privateKey' | 'passphrase'> {
  const privateKey = need(secrets, 'privateKey')
  const passphrase = secrets.read('keyPassphrase')
  const parsed = ssh2.utils.parseKey(privateKey, passphrase)
  const first = Array.isArray(parsed) ? parsed[0] : parsed
  if (first && !(first instanceof Error)) {
    if (first.isPrivateKey()) return { privateKey, ...(passphrase ? { passphrase } : {}) }
    throw unusableKey('The stored key is a public one.', 'Give the private key: the file without “.pub”.')
  }
  const why = first?.message ?? ''
  if (/no passphrase given|encrypted/i.test(why) && !passphrase)
    throw unusableKey(
      'The private key is protected by a passphrase, and none is stored.',
      'Give the passphrase of the key, too.',
    )
  if (passphrase && /bad passphrase|bad decrypt|integrity|wrong/i.test(why))
    throw unusableKey(
      'The passphrase does not open the private key.',
      'Give the passphrase of the key again.',
    )
  throw unusableKey(
    'The private key cannot be read.',
    'Give an OpenSSH or PEM private key, for example the file ~/.ssh/id_ed25519.',
  )
}

const unusableKey = (message: string, remedy: string): AppError =>
  new AppError('invalid-input', message, { remedy, detail: { kind: 'ssh', stage: 'key' } })

function agentOf({ agent }: OpenSshOptions): string {
  const found =
    agent ??
    process.env['SSH_AUTH_SOCK'] ??
    (process.platform === 'win32' ? '\\\\.\\pipe\\openssh-ssh-agent' : undefined)
  if (found) return found
  throw new AppError('unsupported', 'No SSH agent is running for this session.', {
    remedy: 'Start one (ssh-agent) before Meridian, or log in with a key or a password.',
    detail: { kind: 'ssh', stage: 'agent' },
  })
}

function need(secrets: SecretLease, name: 'password' | 'privateKey'): string {
  const value = secrets.read(name)
  if (value) return value
  const what = name === 'password' ? 'password' : 'private key'
  throw new AppError('unauthenticated', `No ${what} is stored for this connection.`, {
    remedy: `Edit the connection and enter its ${what}.`,
  })
}

function faultOf(error: Error & { level?: string }, settings: SettingsOf<'ssh'>, hostKey: string): AppError {
  if (error.level === 'client-authentication') return authRefused(settings)
  if (error.level === 'agent')
    return new AppError('upstream', 'The SSH agent of this session did not answer.', {
      remedy: 'Check with “ssh-add -l” that it runs and holds a key.',
      detail: { kind: 'ssh', stage: 'agent' },
      cause: error,
    })
  return sshFault(error, settings, hostKey)
}

const lateAnswer = (settings: SettingsOf<'ssh'>, timeoutMs: number, hasKey: boolean): AppError =>
  new AppError(
    'timeout',
    `SSH on ${settings.host}:${settings.port} ${hasKey ? 'did not finish the login' : 'did not answer'} within ${Math.round(timeoutMs / 100) / 10} s.`,
    {
      remedy: hasKey
        ? 'Check the server’s log: its name lookup or its authentication hangs.'
        : 'Check that an SSH server listens on this port.',
      target: { system: 'SSH', endpoint: `${settings.host}:${settings.port}` },
    },
  )
