// Who may come in: one-time launch tokens, and the sessions they are traded for. Only digests are kept, so that
// neither can be read out of this process's memory by its shape. Sessions die with the process.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

export interface Doorkeeper {
  /** A fresh one-time token: 256 bits, base64url. The oldest of too many unused ones stops working. */
  mintToken(): string
  /** The new session's cookie value, or undefined when the token is unknown or was used. */
  redeem(token: string): string | undefined
  /** The session that the `Cookie` header names, or undefined. Using it starts its idle time anew. */
  findSession(cookieHeader: string | undefined): Session | undefined
  /** Name and attributes of the cookie that carries `value`. */
  cookie(value: string): string
}

export interface Session {
  readonly label: string
  /** A socket keeps its session alive while it is open. Returns what ends that. */
  hold(): () => void
}

interface KeptSession extends Session {
  digest: Buffer
  lastUsedMs: number
  holders: number
}

/** Nobody keeps a page closed this long and expects it to open without the terminal. */
export const sessionIdleMs = 12 * 3_600_000
const maxTokens = 4
const maxSessions = 32
const credentialShape = /^[A-Za-z0-9_-]{43}$/

const mint = (): string => randomBytes(32).toString('base64url')
const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest()

/** `port` is part of the cookie's name: browsers keep cookies per host, not per port. */
export function createDoorkeeper(port: number, now: () => number = Date.now): Doorkeeper {
  const cookieName = `meridian-${port}`
  const tokens: Buffer[] = []
  let sessions: KeptSession[] = []
  let count = 0
  const dropIdle = (): void => {
    sessions = sessions.filter((session) => session.holders > 0 || now() - session.lastUsedMs < sessionIdleMs)
  }
  return {
    mintToken() {
      const token = mint()
      tokens.push(digestOf(token))
      if (tokens.length > maxTokens) tokens.shift()
      return token
    },
    redeem(token) {
      const index = credentialShape.test(token) ? findDigest(tokens, digestOf(token)) : -1
      if (index < 0) return undefined
      tokens.splice(index, 1)
      dropIdle()
      const value = mint()
      count += 1
      sessions.push(createSession(digestOf(value), `browser ${count}`, now))
      if (sessions.length > maxSessions) sessions.shift()
      return value
    },
    findSession(cookieHeader) {
      dropIdle()
      for (const value of cookieValues(cookieHeader, cookieName)) {
        const index = credentialShape.test(value)
          ? findDigest(
              sessions.map((session) => session.digest),
              digestOf(value),
            )
          : -1
        const session = sessions[index]
        if (!session) continue
        session.lastUsedMs = now()
        return session
      }
      return undefined
    },
    cookie: (value) => `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict`,
  }
}

function createSession(digest: Buffer, label: string, now: () => number): KeptSession {
  const session: KeptSession = {
    digest,
    label,
    lastUsedMs: now(),
    holders: 0,
    hold() {
      session.holders += 1
      let isHeld = true
      return () => {
        if (!isHeld) return
        isHeld = false
        session.holders -= 1
        session.lastUsedMs = now()
      }
    },
  }
  return session
}

/** Looks at every entry, whatever it finds, so that the time taken says nothing. */
function findDigest(digests: readonly Buffer[], wanted: Buffer): number {
  let found = -1
  digests.forEach((digest, index) => {
    if (timingSafeEqual(digest, wanted)) found = index
  })
  return found
}

/** A page of another port may have set a cookie of the same name: all are tried. */
function cookieValues(header: string | undefined, name: string): string[] {
  return (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`))
    .map((part) => part.slice(name.length + 1))
}
