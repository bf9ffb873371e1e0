// Decides every authentication attempt on a demo SSH machine: password, public key, keyboard-interactive, against the
// lab's throw-away credentials. Four wrong attempts end the connection.
import { timingSafeEqual } from 'node:crypto'
import ssh2 from 'ssh2'
import type { AuthContext, Connection } from 'ssh2'

export interface SshCredentials {
  user: string
  password: string
  /** OpenSSH public key line. */
  publicKey: string
  /** Asked after the password, keyboard-interactive only; `hint` tells people of the lab where it comes from. */
  secondFactor?: { code: string; hint: string }
}

const methods: ('publickey' | 'password' | 'keyboard-interactive')[] = [
  'publickey',
  'password',
  'keyboard-interactive',
]
const triesLimit = 4

const isSame = (left: string | Buffer, right: string | Buffer): boolean => {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

export interface AuthenticationRules {
  credentials: SshCredentials
  /** True while the lab's fault plan says that nobody gets in. */
  isRefusing(): boolean
  /** Held back this long before each verdict; milliseconds. */
  delayMs(): number
}

/** Answers one connection's attempts until it is in or out. */
export function authenticateConnection(connection: Connection, rules: AuthenticationRules): void {
  let tries = 0
  connection.on('authentication', (context) => {
    const verdict = (isRight: boolean): void => {
      const answer = (): void => {
        if (isRight && !rules.isRefusing()) return context.accept()
        if (context.method !== 'none') tries += 1
        context.reject(methods)
        if (tries >= triesLimit) connection.end()
      }
      const delayMs = rules.delayMs()
      if (delayMs > 0) setTimeout(answer, delayMs).unref()
      else answer()
    }
    if (!isSame(context.username, rules.credentials.user)) return verdict(false)
    judge(context, rules.credentials, verdict)
  })
}

function judge(context: AuthContext, credentials: SshCredentials, verdict: (isRight: boolean) => void): void {
  switch (context.method) {
    case 'password':
      // A password alone is not enough where a second factor is wanted.
      return verdict(credentials.secondFactor === undefined && isSame(context.password, credentials.password))
    case 'keyboard-interactive':
      context.prompt([{ prompt: 'Password: ', echo: false }], 'meridian demo lab', '', (answers) => {
        const isRight = isSame(answers?.[0] ?? '', credentials.password)
        const { secondFactor } = credentials
        if (!isRight || secondFactor === undefined) return verdict(isRight)
        context.prompt([{ prompt: 'Verification code: ', echo: false }], 'Second factor', secondFactor.hint, (codes) =>
          verdict(isSame(codes?.[0] ?? '', secondFactor.code)),
        )
      })
      return
    case 'publickey': {
      const allowed = ssh2.utils.parseKey(credentials.publicKey)
      if (allowed instanceof Error || Array.isArray(allowed)) return verdict(false)
      const isKnown = context.key.algo === allowed.type && isSame(context.key.data, allowed.getPublicSSH())
      // Without a signature the client only asks whether this key would do.
      if (!isKnown || context.signature === undefined || context.blob === undefined) return verdict(isKnown)
      return verdict(allowed.verify(context.blob, context.signature, context.hashAlgo) === true)
    }
    default:
      return verdict(false)
  }
}
