// What a failed call to an object store means, as a sentence with a remedy. AWS's client throws service errors with a
// name and a status, wire errors as Node makes them, and the AppErrors of the trusted agent. Nothing of the
// credentials leaves in a text.
import { AppError, cancelled, isAppError, type ErrorCode } from '#shared/errors.ts'
import { maskError, maskValues } from '../foreign-text.ts'
import { answerFault, type Party } from '../https/https-faults.ts'

export interface S3Call {
  party: Party
  bucket: string
  /** The operation: `ListObjectsV2`. */
  action: string
  isWrite: boolean
  isCancelled: boolean
  isLate: boolean
  timeoutMs: number
  secrets: Array<string | undefined>
}

interface ServiceError extends Error {
  $metadata?: { httpStatusCode?: number }
  Code?: string
}

type Meaning = [code: ErrorCode, what: (call: S3Call) => string, remedy: string]

const badKey: Meaning = [
  'unauthenticated',
  () => 'does not accept the access key',
  'Check the access key id and the secret access key of this connection; the key may be disabled or of another account.',
]
const noBucket: Meaning = [
  'not-found',
  (call) => `has no bucket ${call.bucket}`,
  'Check the name of the bucket, the endpoint, and whether the bucket stands in the path or in the host name.',
]
const wrongRegion: Meaning = [
  'invalid-input',
  (call) => `keeps the bucket ${call.bucket} in another region`,
  'Enter the region of the bucket, and its endpoint, in the connection.',
]

const meanings: Record<string, Meaning> = {
  InvalidAccessKeyId: badKey,
  SignatureDoesNotMatch: badKey,
  InvalidClientTokenId: badKey,
  AccessDenied: [
    'forbidden',
    (call) => `does not let this key do ${call.action} on ${call.bucket}`,
    'Allow s3:ListBucket on the bucket and s3:GetObject (for a restore s3:RestoreObject) on its objects.',
  ],
  RequestTimeTooSkewed: [
    'unauthenticated',
    () => 'refuses the request because this computer’s clock is off by more than 15 minutes',
    'Set the clock of this computer (or of the store), then try again.',
  ],
  NoSuchBucket: noBucket,
  NoSuchKey: ['not-found', () => 'has no such object any more', 'Read the off-site copies again.'],
  PermanentRedirect: wrongRegion,
  AuthorizationHeaderMalformed: wrongRegion,
  IllegalLocationConstraintException: wrongRegion,
  RestoreAlreadyInProgress: [
    'conflict',
    () => 'is restoring this object already',
    'Wait for it: hours to days by its storage class.',
  ],
  InvalidObjectState: [
    'conflict',
    () => 'does not do that with an object of this storage class',
    'An object in a class that can be read at once needs no restore; Deep Archive knows no expedited one.',
  ],
  GlacierExpeditedRetrievalNotAvailable: [
    'upstream',
    () => 'has no capacity for expedited retrievals now',
    'Ask for a standard retrieval, or try again later.',
  ],
  SlowDown: ['rate-limited', () => 'asks for fewer requests', 'Wait a little, then try again.'],
}

/** HEAD has no body, so only the state tells. */
function meaningOfStatus(status: number, call: S3Call): Meaning | undefined {
  if (status === 301 || status === 307) return wrongRegion
  if (status === 401) return badKey
  if (status === 403)
    return call.action === 'HeadBucket'
      ? [
          'forbidden',
          () => `does not let this key see ${call.bucket}`,
          `${badKey[2]} Allow s3:ListBucket on the bucket.`,
        ]
      : meanings['AccessDenied']
  if (status === 404) return call.action === 'HeadBucket' ? noBucket : meanings['NoSuchKey']
  if (status === 429 || status === 503) return meanings['SlowDown']
  return undefined
}

/** Anything thrown while asking the store → AppError. */
export function s3Fault(thrown: unknown, call: S3Call): AppError {
  const error = meaningOf(thrown, call)
  const clean = maskError(error, call.secrets)
  return call.isWrite && mayHaveHappened(thrown, call) ? doubtful(clean, call) : clean
}

function meaningOf(thrown: unknown, call: S3Call): AppError {
  const { party } = call
  const at = `${party.system} at ${party.endpoint}`
  if (isAppError(thrown)) return thrown.target ? thrown : thrown.withTarget(party)
  if (call.isCancelled) return cancelled()
  if (call.isLate)
    return new AppError('timeout', `${at} did not answer within ${call.timeoutMs / 1000} s.`, {
      remedy: 'Check the network and the endpoint, then try again.',
      target: party,
    })
  const status = statusOf(thrown)
  if (status === undefined) return answerFault(thrown, party, { path: call.action })
  const { name, message } = thrown as ServiceError
  if (status >= 200 && status < 300) return notS3(party, call.action)
  const known = meanings[name] ?? meaningOfStatus(status, call)
  const words = maskValues(message ?? '', call.secrets)
    .replace(/\s+/g, ' ')
    .slice(0, 300)
  if (known) {
    const [code, what, remedy] = known
    return new AppError(code, `${at} ${what(call)}.`, {
      remedy,
      target: party,
      detail: { kind: 'http', status, reason: name },
      retryable: code === 'rate-limited',
    })
  }
  return new AppError(
    'upstream',
    `${at} answered ${status} to ${call.action}: ${name}${words ? `, ${words}` : ''}.`,
    {
      remedy: 'Look at the state of that service, then try again.',
      target: party,
      detail: { kind: 'http', status, reason: name },
      retryable: status >= 500,
    },
  )
}

/** A 2xx answer that says nothing of what S3 would say. */
export const notS3 = (party: Party, action: string): AppError =>
  new AppError(
    'upstream',
    `${party.system} at ${party.endpoint} answered ${action} with something that is not S3.`,
    {
      remedy: 'Check that the endpoint is an S3 service: a proxy or a sign-in page may answer there.',
      target: party,
    },
  )

const statusOf = (thrown: unknown): number | undefined =>
  (thrown as ServiceError | null)?.$metadata?.httpStatusCode

/** An answer with a state is an answer; only a lost one leaves the question whether the store has acted. */
function mayHaveHappened(thrown: unknown, call: S3Call): boolean {
  if (isAppError(thrown)) return false
  const status = statusOf(thrown)
  if (status !== undefined) return status === 502 || status === 504 || (status >= 200 && status < 300)
  const { code } = (thrown ?? {}) as NodeJS.ErrnoException
  return (
    code !== 'ECONNREFUSED' && code !== 'ENOTFOUND' && (call.isLate || call.isCancelled || code !== undefined)
  )
}

const doubtful = (failure: AppError, call: S3Call): AppError =>
  new AppError(failure.code, failure.message, {
    remedy: 'Whether it was done is not known: look at the current state before you do it again.',
    target: failure.target,
    detail: { kind: 'outcome-unknown', action: call.action },
    retryable: false,
    cause: failure,
  })
