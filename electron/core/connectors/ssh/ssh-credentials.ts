// How an SSH connection logs in: what ssh2 is given for the one way that the connection names, and who answers the
// server's questions. Only ssh-connection.ts calls this. Never logs a prompt or an answer.
import ssh2, { type AuthHandlerMiddleware, type ConnectConfig, type Prompt } from 'ssh2'
import { AppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import type { SecretLease } from '../../vault/vault.ts'

type SshSettings = SettingsOf<'ssh'>

/** What the server asks the person, in its own words. Foreign text. */
export interface SshQuestion {
  title: string
  instructions: string
  prompts: Array<{ text: string; isEchoed: boolean }>
}
/** Asks a person; rejects when nobody answers. */
export type AskPerson = (question: SshQuestion) => Promise<string[]>

export interface CredentialOptions {
  /** Where the agent listens; default: this process's own. */
  agent?: string | undefined
  ask?: AskPerson | undefined
}

type Method = 'none' | 'password' | 'publickey' | 'agent' | 'keyboard-interactive'

const methodOf: Record<SshSettings['auth'], Method> = {
  password: 'password',
  'keyboard-interactive': 'keyboard-interactive',
  key: 'publickey',
  agent: 'agent',
}

/** Throws `unauthenticated`, `invalid-input` or `unsupported` when the credential is missing or unusable. */
export function credentialsOf(
  settings: SshSettings,
  secrets: SecretLease,
  options: CredentialOptions,
): ConnectConfig {
  const config: ConnectConfig = {
    username: settings.user,
    tryKeyboard: true,
    authHandler: inOrder(methodOf[settings.auth]),
  }
  // Only what the connection names is offered: a password is never tried where a key was chosen.
  switch (settings.auth) {
    case 'password':
      return { ...config, password: need(secrets, 'password') }
    case 'keyboard-interactive':
      if (!options.ask) need(secrets, 'password')
      return config
    case 'key':
      return { ...config, ...keyOf(secrets) }
    case 'agent':
      return { ...config, agent: agentOf(options) }
  }
}

/** The one chosen way; a server that wants a second factor after it gets its questions answered, too. */
function inOrder(method: Method): AuthHandlerMiddleware {
  const waiting: Method[] = ['none', method]
  return (left, isPartial, next) => {
    const following = waiting.shift()
    if (following) return next(following as never)
    const mayAsk = isPartial === true && left.includes('keyboard-interactive') && method !== 'keyboard-interactive'
    next((mayAsk ? 'keyboard-interactive' : false) as never)
  }
}

/**
 * Answers a round of keyboard-interactive questions: the account's password from the vault, once; everything else (a
 * code, a second try) is asked of a person. Rejects with detail `ssh` stage `prompt` when there is nobody to ask.
 */
export function createAnswerer(settings: SshSettings, secrets: SecretLease, { ask }: CredentialOptions) {
  let isPasswordUsed = false
  const own = ({ prompt, echo }: Prompt): string | undefined => {
    if (echo === true) return /user|login|name/i.test(prompt) ? settings.user : undefined
    const password = ownsPassword(settings) ? secrets.read('password') : undefined
    if (isPasswordUsed || password === undefined || !/passw/i.test(prompt)) return undefined
    isPasswordUsed = true
    return password
  }
  return async (title: string, instructions: string, prompts: Prompt[]): Promise<string[]> => {
    const answers = prompts.map(own)
    const open = prompts.filter((_prompt, index) => answers[index] === undefined)
    if (open.length === 0) return answers.map(String)
    if (!ask) throw nobodyToAsk(settings, open[0]?.prompt ?? '')
    const given = await ask({
      title: clip(title),
      instructions: clip(instructions),
      prompts: open.map(({ prompt, echo }) => ({ text: clip(prompt), isEchoed: echo === true })),
    })
    return answers.map((answer) => answer ?? given.shift() ?? '')
  }
}

const ownsPassword = ({ auth }: SshSettings): boolean => auth === 'password' || auth === 'keyboard-interactive'
/** Foreign text: no control characters, and not a page of it. */
const clip = (text: string): string => text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '').slice(0, 500)

const nobodyToAsk = (settings: SshSettings, prompt: string): AppError =>
  new AppError(
    'unauthenticated',
    `${settings.host} asks “${clip(prompt).trim().replace(/:$/, '')}” at the login, and only a person can answer that.`,
    {
      remedy: 'Open a console on this connection and answer; what runs in the background then uses the same login.',
      detail: { kind: 'ssh', stage: 'prompt' },
    },
  )

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

function agentOf({ agent }: CredentialOptions): string {
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
