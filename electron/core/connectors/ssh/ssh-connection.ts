// Opening an SSH connection: the host key is decided before any credential is offered, then the one way of logging
// in that the connection names. Callers get ssh2's client and what was learnt; they end it. Never logs prompts.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Duplex } from 'node:stream'
import ssh2, { type Client } from 'ssh2'
import { AppError, cancelled, isAppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import type { SecretLease } from '../../vault/vault.ts'
import { createAnswerer, credentialsOf, type AskPerson, type CredentialOptions } from './ssh-credentials.ts'
import { authRefused, changedHostKey, sshFault, unconfirmedHostKey } from './ssh-faults.ts'

export interface OpenSshOptions extends CredentialOptions {
  signal: AbortSignal
  /** TCP, key exchange and login together; the time in which a person answers does not count. Default 15 s. */
  timeoutMs?: number
  /** An open connection to speak SSH on, for example through a jump host. Ended with the client. */
  socket?: Duplex | undefined
}

export interface OpenSsh {
  client: Client
  /** As OpenSSH prints it: `SHA256:` and base64 without padding. */
  hostKeySha256: string
  /** The key's algorithm, e.g. `ssh-ed25519`. */
  hostKeyType: string
  /** The server's identification, e.g. `SSH-2.0-OpenSSH_9.2p1 Debian-2`; empty when unknown. */
  serverVersion: string
  dispose(): void
}

export const defaultSshTimeoutMs = 15_000
/** Three unanswered ones, and the connection is lost. */
const keepAliveMs = 15_000

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
  const seen = { hostKeySha256: '', hostKeyType: '', serverVersion: '' }
  const { promise, resolve, reject } = Promise.withResolvers<OpenSsh>()
  const dispose = (): void => {
    client.on('error', () => undefined)
    client.end()
    client.destroy()
  }
  const clock = restartable(timeoutMs, () => reject(lateAnswer(settings, timeoutMs, seen.hostKeySha256 !== '')))
  const onAbort = (): void => reject(cancelled())
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal.aborted) throw cancelled()
    const config = credentialsOf(settings, secrets, { ...options, ask: pausing(options.ask, clock) })
    const answer = createAnswerer(settings, secrets, { ask: pausing(options.ask, clock) })
    let refusal: AppError | undefined
    client.on('error', (error) => reject(refusal ?? faultOf(error, settings, seen.hostKeySha256)))
    client.on('close', () => reject(refusal ?? sshFault(new Error('closed'), settings)))
    client.on('keyboard-interactive', (title, instructions, _language, prompts, finish) => {
      answer(title, instructions, prompts).then(finish, reject)
    })
    client.on('ready', () => {
      client.setNoDelay(true)
      resolve({ client, ...seen, dispose })
    })
    client.connect({
      host: settings.host,
      port: settings.port,
      ...config,
      ...(options.socket ? { sock: options.socket } : {}),
      readyTimeout: 0,
      keepaliveInterval: keepAliveMs,
      keepaliveCountMax: 3,
      ident: 'Meridian',
      // ssh2 tells the server's identification only through its debug lines.
      debug: (line) => {
        const found = /Remote ident: '([^']*)'/.exec(line)
        if (found) seen.serverVersion = (found[1] ?? '').slice(0, 200)
      },
      hostVerifier: (key: Buffer) => {
        seen.hostKeySha256 = fingerprintOf(key)
        seen.hostKeyType = typeOf(key)
        refusal = judgeHostKey(settings, seen.hostKeySha256, seen.hostKeyType)
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
      clock.stop()
      signal.removeEventListener('abort', onAbort)
    })
}

interface Clock {
  start(): void
  stop(): void
}

function restartable(afterMs: number, onEnd: () => void): Clock {
  let timer: NodeJS.Timeout | undefined
  const stop = (): void => clearTimeout(timer)
  const start = (): void => {
    stop()
    timer = setTimeout(onEnd, afterMs)
  }
  start()
  return { start, stop }
}

/** A person may think as long as the server allows. */
const pausing = (ask: AskPerson | undefined, clock: Clock): AskPerson | undefined =>
  ask &&
  (async (question) => {
    clock.stop()
    const answers = await ask(question)
    clock.start()
    return answers
  })

/** `SHA256:` and base64 without padding, as `ssh-keygen -lf` prints it. */
export const fingerprintOf = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

/** The algorithm's name is the first field of the key. */
function typeOf(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0)
  const name = key.subarray(4, 4 + Math.min(length, 64)).toString('latin1')
  return /^[a-z0-9@.-]+$/i.test(name) ? name : ''
}

function judgeHostKey(settings: SettingsOf<'ssh'>, seen: string, keyType: string): AppError | undefined {
  if (!settings.hostKeySha256) return unconfirmedHostKey(settings, seen, keyType)
  const expected = Buffer.from(settings.hostKeySha256.replace(/=+$/, ''))
  const actual = Buffer.from(seen)
  const isSame = expected.length === actual.length && timingSafeEqual(expected, actual)
  return isSame ? undefined : changedHostKey(settings, seen, keyType)
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
