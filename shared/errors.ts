// The one error family of the application. Everything thrown anywhere becomes an AppError at the nearest
// edge (connector, router, client); screens act on `code` and `detail`, people read `message`.
// This file must stay free of transports: it knows plain data only.
import { z } from 'zod'

/** The closed list of failure kinds. A feature adds a `detail.kind`, never a code. */
export const errorCodes = [
  'invalid-input',
  'unauthenticated',
  'forbidden',
  'not-found',
  'conflict',
  'locked',
  'unreachable',
  'timeout',
  'cancelled',
  'rate-limited',
  'upstream',
  'unsupported',
  'internal',
] as const
export type ErrorCode = (typeof errorCodes)[number]

/** Which system, and which endpoint of it, an error speaks of. Never holds a secret. */
export const errorTarget = z.object({
  system: z.string(),
  endpoint: z.string().optional(),
  siteId: z.string().optional(),
  connectionId: z.string().optional(),
})
export type ErrorTarget = z.infer<typeof errorTarget>

/** What a screen can act on beyond the sentence. */
export const errorDetail = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('sql'),
    sqlState: z.string(),
    position: z.number().int().optional(),
    hint: z.string().optional(),
    detail: z.string().optional(),
  }),
  z.object({ kind: z.literal('http'), status: z.number().int(), reason: z.string() }),
  z.object({
    kind: z.literal('tls'),
    reason: z.enum(['untrusted', 'expired', 'hostname', 'fingerprint-changed', 'protocol']),
    fingerprint256: z.string().optional(),
    expected256: z.string().optional(),
    subject: z.string().optional(),
  }),
  z.object({
    kind: z.literal('ssh'),
    stage: z.string(),
    /** The key that the server showed, the one that was confirmed, and its algorithm. */
    fingerprint256: z.string().optional(),
    expected256: z.string().optional(),
    keyType: z.string().optional(),
  }),
  /** `needs-login`: the system gives this console to a user with a password only, not to an API token. */
  z.object({
    kind: z.literal('console'),
    reason: z.enum(['needs-login', 'not-running', 'no-serial-port', 'no-shell', 'refused', 'cut']),
  }),
  z.object({ kind: z.literal('validation'), fields: z.record(z.string(), z.string()) }),
  z.object({ kind: z.literal('task'), upid: z.string(), exitStatus: z.string() }),
  z.object({ kind: z.literal('outcome-unknown'), action: z.string() }),
  z.object({ kind: z.literal('read-only'), scope: z.string() }),
  z.object({ kind: z.literal('confirmation'), expected: z.string() }),
])
export type ErrorDetail = z.infer<typeof errorDetail>

/** The plain-data form in which an AppError crosses a carrier. */
export const wireError = z.object({
  code: z.enum(errorCodes),
  message: z.string(),
  remedy: z.string().optional(),
  target: errorTarget.optional(),
  detail: errorDetail.optional(),
  retryable: z.boolean(),
  requestId: z.string().optional(),
})
export type WireError = z.infer<typeof wireError>

export interface AppErrorOptions {
  /** What the user can do about it: a full sentence. */
  remedy?: string | undefined
  target?: ErrorTarget | undefined
  detail?: ErrorDetail | undefined
  retryable?: boolean | undefined
  /** Kept for the local log; never crosses a carrier. */
  cause?: unknown
}

/** A failure with a sentence for the user. `message` names the system and what happened; `remedy` says what to do. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly remedy: string | undefined
  readonly target: ErrorTarget | undefined
  readonly detail: ErrorDetail | undefined
  readonly retryable: boolean
  requestId: string | undefined

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.remedy = options.remedy
    this.target = options.target
    this.detail = options.detail
    this.retryable = options.retryable ?? (code === 'unreachable' || code === 'timeout' || code === 'rate-limited')
  }

  /** The same error with what an outer layer knows filled in; what is already known stays. */
  withTarget(target: ErrorTarget): AppError {
    const merged = new AppError(this.code, this.message, {
      remedy: this.remedy,
      target: { ...target, ...this.target },
      detail: this.detail,
      retryable: this.retryable,
      cause: this.cause,
    })
    merged.requestId = this.requestId
    return merged
  }
}

export const isAppError = (error: unknown): error is AppError => error instanceof AppError

/** The error of a wait that its owner gave up; never shown as a failure. */
export const cancelled = (what = 'The request was cancelled.'): AppError => new AppError('cancelled', what)

/**
 * Anything thrown → plain data that may leave the core. Unknown throws become `internal` with a neutral
 * sentence: their own text may hold secrets or paths, so it stays in the local log under `requestId`.
 */
export function toWireError(thrown: unknown, requestId?: string): WireError {
  if (isAppError(thrown)) {
    return {
      code: thrown.code,
      message: thrown.message,
      remedy: thrown.remedy,
      target: thrown.target,
      detail: thrown.detail,
      retryable: thrown.retryable,
      requestId: thrown.requestId ?? requestId,
    }
  }
  if (isAbort(thrown)) return { code: 'cancelled', message: 'The request was cancelled.', retryable: false, requestId }
  return {
    code: 'internal',
    message: 'Meridian hit an unexpected fault while handling this request.',
    remedy: `Try again; if it stays, look for ${requestId ?? 'this time'} in the log (Settings → Log).`,
    retryable: false,
    requestId,
  }
}

/** Plain data → AppError. Data of another shape (a lying peer) becomes `internal` rather than a crash. */
export function fromWireError(data: unknown): AppError {
  const parsed = wireError.safeParse(data)
  if (!parsed.success) return new AppError('internal', 'The application core answered with an unreadable error.')
  const error = new AppError(parsed.data.code, parsed.data.message, parsed.data)
  error.requestId = parsed.data.requestId
  return error
}

const isAbort = (thrown: unknown): boolean =>
  typeof thrown === 'object' && thrown !== null && 'name' in thrown && thrown.name === 'AbortError'
