// From what went wrong on the wire to a sentence: which system, what happened, what to do. The one place where the
// HTTPS connectors turn vendor faults and HTTP states into AppErrors. What the request carried as a credential is
// cut out of every text that came back.
import type { IncomingMessage } from 'node:http'
import { AppError, isAppError, type ErrorCode } from '#shared/errors.ts'
import { maskValues } from '../foreign-text.ts'

export interface Party {
  system: string
  /** `host:port`. */
  endpoint: string
}
export interface CallName {
  method?: string | undefined
  path: string
  headers?: Record<string, string> | undefined
  body?: string | Readonly<Record<string, unknown>> | undefined
}

/** Picks the system's own words from a failed answer; undefined = it said nothing readable. */
export type ErrorText = (answer: {
  status: number
  reason: string
  text: string
  isJson: boolean
}) => string | undefined

/** HTTP states that mean something of their own; the rest is `upstream`. 595 and 596 are Proxmox' own. */
const codeOfStatus: Record<number, ErrorCode> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  408: 'timeout',
  409: 'conflict',
  429: 'rate-limited',
  501: 'unsupported',
  502: 'unreachable',
  503: 'unreachable',
  504: 'timeout',
  595: 'unreachable',
  596: 'timeout',
  599: 'timeout',
}

const remedyOfCode: Partial<Record<ErrorCode, string>> = {
  unauthenticated: 'Check the credentials of this connection: they may be wrong, expired or disabled.',
  forbidden: 'Give this identity the right that is named, or use another one.',
  'not-found': 'Check the address: this path does not exist there, or the object is gone.',
  'rate-limited': 'Wait a little; Meridian tries again by itself.',
  unreachable: 'The system, or one behind it, is not ready: wait a little and try again.',
  unsupported: 'Check that the address belongs to this kind of system, and its version.',
  upstream: 'Look at the log of that system for the reason, then try again.',
}

/** A finished answer with a state other than 2xx. */
export function statusFault(fault: {
  party: Party
  call: CallName
  response: IncomingMessage
  text: string
  errorText?: ErrorText | undefined
}): AppError {
  const { party, call, response, text } = fault
  const status = response.statusCode ?? 0
  const reason = tidy(response.statusMessage ?? '', call)
  if (status >= 300 && status < 400) return redirected(party, response)
  const type = response.headers['content-type'] ?? ''
  const isPage = /html/i.test(type) || text.trimStart().startsWith('<')
  const isJson = /json/i.test(type)
  const said = isPage ? undefined : (fault.errorText ?? statusLine)({ status, reason, text, isJson })
  const words = tidy(said ?? reason, call)
  const code = codeOfStatus[status] ?? 'upstream'
  const message = `${party.system} at ${party.endpoint} answered ${status}${words === '' ? '' : `: ${words.replace(/\.$/, '')}`}.`
  return new AppError(code, message, {
    remedy: isPage
      ? `The answer is a web page: check that ${party.endpoint} is ${party.system} itself and not a proxy before it.`
      : remedyOfCode[code],
    target: party,
    detail: { kind: 'http', status, reason: words },
    retryable: status === 429 || status >= 500,
  })
}

const statusLine: ErrorText = ({ reason }) => reason

function redirected(party: Party, response: IncomingMessage): AppError {
  const location = hostOf(response.headers.location)
  return new AppError(
    'upstream',
    `${party.system} at ${party.endpoint} redirects${location ? ` to ${location}` : ''} instead of answering.`,
    {
      remedy: 'Meridian never follows redirections with credentials: enter the address of the system itself.',
      target: party,
      detail: { kind: 'http', status: response.statusCode ?? 0, reason: 'redirection' },
    },
  )
}

function hostOf(location: string | undefined): string | undefined {
  try {
    return location === undefined ? undefined : new URL(location).host || undefined
  } catch {
    return undefined
  }
}

/** A 2xx answer whose body is something else than JSON. */
export function notJson(party: Party, call: CallName, type: string, text: string): AppError {
  const isPage = /html/i.test(type) || text.startsWith('<')
  const what = isPage ? 'a web page' : `"${tidy(type.split(';')[0] ?? '', call)}"`
  return new AppError(
    'upstream',
    `${party.system} at ${party.endpoint} answered with ${what} where JSON was due.`,
    {
      remedy: `Check that the address is the API of ${party.system}: a proxy, a sign-in page or another program answers there.`,
      target: party,
    },
  )
}

export const badJson = (party: Party, call: CallName, cause: unknown): AppError =>
  new AppError(
    'upstream',
    `${party.system} at ${party.endpoint} answered ${nameOf(call)} with text that is not valid JSON.`,
    {
      remedy:
        'Something between Meridian and the system may change its answers: check proxies, then the system itself.',
      target: party,
      cause,
    },
  )

/** JSON of a shape that the connector does not know. */
export const unexpectedShape = (party: Party, call: CallName, where: string): AppError =>
  new AppError(
    'upstream',
    `${party.system} at ${party.endpoint} answered ${nameOf(call)} with data of an unknown shape (${where}).`,
    {
      remedy:
        'Check that the address belongs to this kind of system and that its version is one that Meridian knows.',
      target: party,
    },
  )

export const cutShort = (party: Party, call: CallName, cause?: unknown): AppError =>
  new AppError(
    'upstream',
    `${party.system} at ${party.endpoint} broke off in the middle of its answer to ${nameOf(call)}.`,
    {
      remedy: 'Try again; if it stays, look at the system and at proxies in between.',
      target: party,
      retryable: true,
      cause,
    },
  )

/** What a failed connection means, by the code of the operating system or the HTTP parser: after "… at host:port". */
const wireFaults: Record<string, [what: string, remedy: string]> = {
  ECONNREFUSED: ['refuses connections', 'Check that the service runs and that the port is right.'],
  ENOTFOUND: [
    'has a name that could not be resolved',
    'Check the name, and whether this computer is on the right network or VPN.',
  ],
  EAI_AGAIN: [
    'has a name for which no name server answered',
    'Check this computer’s network and its name servers.',
  ],
  ETIMEDOUT: ['cannot be reached', 'Check the network, the VPN and firewalls in between.'],
  EHOSTUNREACH: ['cannot be reached', 'Check the network, the VPN and firewalls in between.'],
  ENETUNREACH: ['cannot be reached', 'Check the network, the VPN and firewalls in between.'],
  ECONNRESET: [
    'closed the connection without an answer',
    'Check that the service is healthy and that the address speaks HTTPS.',
  ],
  EPIPE: [
    'closed the connection without an answer',
    'Check that the service is healthy and that the address speaks HTTPS.',
  ],
}

/** Anything thrown while asking → AppError. AppErrors pass, with the target filled in. */
export function answerFault(error: unknown, party: Party, call: CallName): AppError {
  if (isAppError(error)) return error.target ? error : error.withTarget(party)
  const { code = '' } = error as NodeJS.ErrnoException
  const at = `${party.system} at ${party.endpoint}`
  if (code.startsWith('HPE_'))
    return new AppError('upstream', `${at} answered with something that is not HTTP.`, {
      remedy: 'Check the address and the port: another program may listen there.',
      target: party,
      cause: error,
    })
  const known = wireFaults[code]
  const [what, remedy] = known ?? [
    'broke the connection',
    'Check the address and the network, then try again.',
  ]
  return new AppError('unreachable', `${at} ${what} (${nameOf(call)}).`, {
    remedy,
    target: party,
    cause: error,
  })
}

const nameOf = (call: CallName): string => `${call.method ?? 'GET'} ${call.path}`

/** Foreign text made fit for a sentence: one line, bounded, without what the request carried as a credential. */
function tidy(text: string, call: CallName): string {
  const clean = maskValues(text, credentialsOf(call))
  // eslint-disable-next-line no-control-regex -- foreign control characters are what is removed here
  return clean
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 400)
}

const credentialHeaders = new Set(['authorization', 'cookie', 'csrfpreventiontoken'])
/** `user@realm` and `user@realm!token` say who, not why to believe it: a refusal may name them. */
const identity = /^[\w.-]{1,64}@[\w.-]{1,32}(![\w.-]{1,64})?$/
const credentialFields = /pass|secret|token|ticket|otp|challenge/i

/** Every part of the request that proves who asks: an answer may repeat it. */
function credentialsOf({ headers = {}, body }: CallName): string[] {
  const sent = Object.entries(headers).flatMap(([name, value]) => {
    if (!credentialHeaders.has(name.toLowerCase())) return []
    const basic = /^Basic\s+(\S+)$/i.exec(value)?.[1]
    const plain =
      basic === undefined
        ? []
        : [
            Buffer.from(basic, 'base64')
              .toString('utf8')
              .replace(/^[^:]*:/, ''),
          ]
    const parts = value.split(/[=:\s;]+/).flatMap((part) => [part, ...safelyDecoded(part).split(':')])
    return [...parts.filter((part) => part.length >= 8 && !identity.test(part)), ...plain]
  })
  const fields = typeof body === 'object' ? Object.entries(body) : []
  return [
    ...sent,
    ...fields.flatMap(([name, value]) =>
      credentialFields.test(name) && typeof value === 'string' ? [value] : [],
    ),
  ]
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
