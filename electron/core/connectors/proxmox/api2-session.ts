// Being somebody at a Proxmox VE or PBS server: an API token sent with each call, or a ticket that is fetched with
// user, password and second factor, renewed while it is valid and fetched anew when it is refused. Secrets are read
// from the lease at the moment they are sent and are not kept.
import { z } from 'zod'
import { AppError, cancelled, isAppError } from '#shared/errors.ts'
import type { ApiAuth } from '#shared/model/connection.ts'
import type { SecretLease } from '../../vault/vault.ts'
import type { HttpsClient } from '../https/https-client.ts'
import { unexpectedShape } from '../https/https-faults.ts'
import { parseTotpSeed, totpCode, totpStep } from './totp.ts'

/** Where the two products differ. */
export interface Api2Flavour {
  system: string
  tokenScheme: 'PVEAPIToken' | 'PBSAPIToken'
  /** Between the token id and its secret. */
  tokenSeparator: '=' | ':'
  cookie: 'PVEAuthCookie' | 'PBSAuthCookie'
}
export const pveFlavour: Api2Flavour = {
  system: 'Proxmox VE',
  tokenScheme: 'PVEAPIToken',
  tokenSeparator: '=',
  cookie: 'PVEAuthCookie',
}
export const pbsFlavour: Api2Flavour = {
  system: 'Proxmox Backup Server',
  tokenScheme: 'PBSAPIToken',
  tokenSeparator: ':',
  cookie: 'PBSAuthCookie',
}

export interface Api2Session {
  /** Who calls, as the server knows it: `user@realm` or `user@realm!token`. */
  readonly identity: string
  /** Headers that authenticate one call; logs in or renews first when needed. Throws `locked`, `unauthenticated`. */
  headers(method: string, signal?: AbortSignal): Promise<Record<string, string>>
  /** After a 401: the next call logs in anew. False when that cannot help (a token). */
  forget(): boolean
}

interface Ticket {
  ticket: string
  csrf: string
  sinceMs: number
}

/** The web interface renews every 15 minutes; tickets end after two hours, clocks may differ by some minutes. */
const renewAfterMs = 15 * 60_000
const endsAfterMs = 110 * 60_000
/** Refused logins are held back for three seconds by the server. */
const loginTimeoutMs = 30_000

const ticketAnswer = z.object({
  data: z.object({
    ticket: z.string().min(1),
    CSRFPreventionToken: z.string().optional(),
    NeedTFA: z.union([z.boolean(), z.number(), z.string()]).optional(),
  }),
})

export function createApi2Session(options: {
  client: HttpsClient
  flavour: Api2Flavour
  auth: ApiAuth
  lease: SecretLease
  now: () => number
}): Api2Session {
  const { flavour, auth, lease } = options
  if (auth.mode === 'ticket') return new TicketSession({ ...options, auth })
  return {
    identity: auth.tokenId,
    async headers() {
      const secret = lease.read('tokenSecret')
      if (!secret) throw noSecret(flavour, `the secret of the API token ${auth.tokenId}`)
      return { authorization: `${flavour.tokenScheme}=${auth.tokenId}${flavour.tokenSeparator}${secret}` }
    },
    forget: () => false,
  }
}

const noSecret = ({ system }: Api2Flavour, what: string): AppError =>
  new AppError('unauthenticated', `Meridian has not got ${what} for ${system}.`, {
    remedy: 'Edit the connection and enter it.',
  })

interface TicketOptions {
  client: HttpsClient
  flavour: Api2Flavour
  auth: Extract<ApiAuth, { mode: 'ticket' }>
  lease: SecretLease
  now: () => number
}
type TicketAnswer = z.infer<typeof ticketAnswer>['data']

class TicketSession implements Api2Session {
  readonly identity: string
  private readonly options: TicketOptions
  private current: Ticket | undefined
  private pending: Promise<Ticket> | undefined
  private lastStep = -1

  constructor(options: TicketOptions) {
    this.options = options
    this.identity = `${options.auth.username}@${options.auth.realm}`
  }

  async headers(method: string, signal?: AbortSignal): Promise<Record<string, string>> {
    const held = await this.ticket(signal)
    const cookie = `${this.options.flavour.cookie}=${encodeURIComponent(held.ticket)}`
    const headers: Record<string, string> = { cookie }
    if (method !== 'GET') headers['csrfpreventiontoken'] = held.csrf
    return headers
  }

  forget(): boolean {
    this.current = undefined
    return true
  }

  /** One login for all who wait; it is not ended by the one caller who gives up. */
  private ticket(signal: AbortSignal | undefined): Promise<Ticket> {
    // A locked vault ends the use of what was got with its secrets, too.
    this.options.lease.read('password')
    const held = this.current
    const age = held ? this.options.now() - held.sinceMs : Infinity
    if (held && age >= 0 && age < renewAfterMs) return Promise.resolve(held)
    if (!this.pending) {
      const isRenewable = held && age >= 0 && age < endsAfterMs
      const login = (isRenewable ? this.renew(held) : this.logIn()).finally(() => (this.pending = undefined))
      login.then((fresh) => (this.current = fresh)).catch(() => undefined)
      this.pending = login
    }
    return raceWithAbort(this.pending, signal)
  }

  private async ask(body: Record<string, string>): Promise<TicketAnswer> {
    const { client } = this.options
    const call = {
      method: 'POST',
      path: '/api2/json/access/ticket',
      body,
      timeoutMs: loginTimeoutMs,
    } as const
    const parsed = ticketAnswer.safeParse(await client.json(call))
    if (!parsed.success) throw unexpectedShape(client.party, call, 'no ticket')
    return parsed.data.data
  }

  private async logIn(): Promise<Ticket> {
    const { identity } = this
    const { lease, flavour } = this.options
    const password = lease.read('password')
    if (!password) throw noSecret(flavour, `the password of ${identity}`)
    const first = await this.ask({ username: identity, password }).catch((error: unknown) => {
      throw refusedLogin(error, `${identity} and this password`)
    })
    if (!isChallenge(first.ticket) && !Number(first.NeedTFA ?? 0)) return this.toTicket(first)
    const answer = {
      username: identity,
      'tfa-challenge': first.ticket,
      password: `totp:${this.nextCode(first.ticket)}`,
    }
    const second = await this.ask(answer).catch((error: unknown) => {
      throw refusedLogin(error, `the one-time code of ${identity}`)
    })
    return this.toTicket(second)
  }

  private async renew(held: Ticket): Promise<Ticket> {
    try {
      return this.toTicket(await this.ask({ username: this.identity, password: held.ticket }))
    } catch (error) {
      if (isAppError(error) && error.code === 'unauthenticated') return this.logIn()
      // The ticket is still good for a while: a stumbling server must not end what works.
      return held
    }
  }

  /** Servers take a code once: a second login within one time step uses the code of the next, which is accepted too. */
  private nextCode(challenge: string): string {
    const { lease, flavour, now } = this.options
    const text = lease.read('totpSeed')
    if (!text) throw needsFactor(flavour, this.identity, challenge)
    const seed = parseTotpSeed(text)
    if (!seed)
      throw new AppError('unauthenticated', `The stored TOTP seed of ${this.identity} is not one.`, {
        remedy:
          'Edit the connection: enter the base32 text or the otpauth:// address that was shown when the factor was set up.',
      })
    const step = totpStep(now(), seed.stepSeconds)
    this.lastStep = this.lastStep === step ? step + 1 : step
    return totpCode(seed.key, this.lastStep, seed)
  }

  private toTicket(answer: TicketAnswer): Ticket {
    if (isChallenge(answer.ticket)) {
      const call = { method: 'POST', path: '/access/ticket' }
      throw unexpectedShape(this.options.client.party, call, 'a second challenge')
    }
    return { ticket: answer.ticket, csrf: answer.CSRFPreventionToken ?? '', sinceMs: this.options.now() }
  }
}

/** `PVE:!tfa!…` and `PBS:!tfa!…`: signed challenges, not tickets. */
const isChallenge = (ticket: string): boolean => /^[A-Z]+:!tfa!/.test(ticket)

function refusedLogin(error: unknown, what: string): unknown {
  if (!isAppError(error) || error.code !== 'unauthenticated') return error
  return new AppError('unauthenticated', `${error.target?.system ?? 'The server'} refused ${what}.`, {
    remedy:
      'Check user, realm, password and, with a second factor, the seed and the clocks of both machines. The server does not say which is wrong.',
    target: error.target,
    detail: error.detail,
    cause: error,
  })
}

function needsFactor({ system }: Api2Flavour, identity: string, challenge: string): AppError {
  const offersTotp = /totp/.test(decodeURIComponentSafely(challenge))
  return new AppError('unauthenticated', `${system} asks ${identity} for a second factor.`, {
    remedy: offersTotp
      ? 'Edit the connection and enter the TOTP seed, or use an API token.'
      : 'This user has no TOTP factor, and Meridian cannot use the others: use an API token.',
  })
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function raceWithAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  if (signal.aborted) return Promise.reject(cancelled())
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(cancelled())
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
