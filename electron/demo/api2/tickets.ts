// Login tickets and CSRF tokens in the Proxmox form: prefix, data and hex time, signed. One instance per server;
// it forgets its key when the server stops, as a rotated cluster key would. Never logs what it signs.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const lifetimeMs = 2 * 3_600_000
const skewMs = 5 * 60_000

export type TicketCheck = { state: 'valid'; data: string } | { state: 'expired' } | { state: 'invalid' }

export interface TicketOffice {
  /** `PREFIX:data:HEXTIME::signature`. `data` must hold no colon that is not part of a user id or `!tfa!` text. */
  issue(data: string): string
  check(ticket: string): TicketCheck
  /** A CSRF prevention token of a user. */
  issueCsrf(userId: string): string
  isCsrfValid(token: string, userId: string): boolean
}

/** Tickets that live two hours of `nowMs`, five minutes of clock skew tolerated. */
export function createTicketOffice(prefix: string, nowMs: () => number): TicketOffice {
  const key = randomBytes(32)
  const sign = (body: string) => createHmac('sha256', key).update(body).digest('base64')
  const hexTime = () =>
    Math.floor(nowMs() / 1000)
      .toString(16)
      .toUpperCase()
      .padStart(8, '0')
  const ageOf = (hex: string) => nowMs() - Number.parseInt(hex, 16) * 1000
  const isFresh = (hex: string) => ageOf(hex) <= lifetimeMs && ageOf(hex) >= -skewMs

  return {
    issue(data) {
      const body = `${prefix}:${data}:${hexTime()}`
      return `${body}::${sign(body)}`
    },
    check(ticket) {
      const parts = /^((\w+):(.+):([0-9A-F]{8}))::([A-Za-z0-9+/=]+)$/.exec(ticket)
      const [, body = '', givenPrefix, data = '', hex = '', signature = ''] = parts ?? []
      if (!parts || givenPrefix !== prefix || !isSame(signature, sign(body))) return { state: 'invalid' }
      return isFresh(hex) ? { state: 'valid', data } : { state: 'expired' }
    },
    issueCsrf(userId) {
      const hex = hexTime()
      return `${hex}:${sign(`${hex}:${userId}`)}`
    },
    isCsrfValid(token, userId) {
      const [, hex = '', signature = ''] = /^([0-9A-F]{8}):(.+)$/.exec(token) ?? []
      return hex !== '' && isSame(signature, sign(`${hex}:${userId}`)) && isFresh(hex)
    },
  }
}

/** Compares two texts without telling by its time where they differ. */
export function isSame(given: string, wanted: string): boolean {
  const left = Buffer.from(given)
  const right = Buffer.from(wanted)
  return left.length === right.length && timingSafeEqual(left, right)
}
