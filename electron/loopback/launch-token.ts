// The door of the loopback shell: one-time launch tokens, and the session cookies they are traded for. A token
// works once; a cookie works until the process ends. Both are compared in constant time and never logged.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

export interface Door {
  /** A fresh one-time token, replacing one that was not used. */
  issueToken(): string
  /** Trades the token for a session's cookie value; undefined when it is wrong or was used. */
  redeem(token: string): string | undefined
  /** True when the Cookie header holds a session of this process. */
  admits(cookieHeader: string | undefined): boolean
  /** The Set-Cookie value: HttpOnly and SameSite=Strict; a cookie knows no port, so its name carries it. */
  setCookie(session: string): string
}

export function createDoor(port: () => number): Door {
  let tokenDigest: Buffer | undefined
  const sessions = new Set<string>()
  const cookieName = (): string => `meridian-${port()}`
  return {
    issueToken() {
      const token = randomBytes(32).toString('base64url')
      tokenDigest = digest(token)
      return token
    },
    redeem(token) {
      if (!tokenDigest || !timingSafeEqual(tokenDigest, digest(token))) return undefined
      tokenDigest = undefined
      const session = randomBytes(32).toString('base64url')
      sessions.add(session)
      return session
    },
    admits(cookieHeader) {
      const given = readCookie(cookieHeader, cookieName())
      if (given === undefined) return false
      const wanted = digest(given)
      let isKnown = false
      for (const session of sessions) if (timingSafeEqual(digest(session), wanted)) isKnown = true
      return isKnown
    },
    setCookie: (session) => `${cookieName()}=${session}; HttpOnly; SameSite=Strict; Path=/`,
  }
}

/** Equal lengths for the comparison, whatever was given. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

function readCookie(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=')
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim()
  }
  return undefined
}
