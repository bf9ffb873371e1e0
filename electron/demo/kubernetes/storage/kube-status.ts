// The one error of the demo API server: a `Status` object on its way to the client. Every room of the server throws
// KubeError; only the router turns it into an answer.

export interface StatusCause {
  reason?: string
  message: string
  field?: string
}

export interface StatusDetails {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: StatusCause[]
  retryAfterSeconds?: number
}

export interface KubeStatus {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: Record<string, never>
  status: 'Success' | 'Failure'
  message?: string
  reason?: string
  details?: StatusDetails
  code?: number
}

/** A refusal with the code and reason that clients decide by. */
export class KubeError extends Error {
  readonly code: number
  readonly reason: string
  readonly details: StatusDetails | undefined

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message)
    this.code = code
    this.reason = reason
    this.details = details
  }

  toStatus(): KubeStatus {
    const { code, reason, message, details } = this
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code,
    }
  }
}

interface Named {
  group: string
  plural: string
}

const qualified = ({ group, plural }: Named): string => (group === '' ? plural : `${plural}.${group}`)
const detailsOf = ({ group, plural }: Named, name: string): StatusDetails => ({
  name,
  ...(group === '' ? {} : { group }),
  kind: plural,
})

export const notFound = (resource: Named, name: string): KubeError =>
  new KubeError(404, 'NotFound', `${qualified(resource)} "${name}" not found`, detailsOf(resource, name))

/** The answer for a path that no resource serves. */
export const noSuchPath = (): KubeError =>
  new KubeError(404, 'NotFound', 'the server could not find the requested resource', { causes: [] })

export const alreadyExists = (resource: Named, name: string): KubeError =>
  new KubeError(
    409,
    'AlreadyExists',
    `${qualified(resource)} "${name}" already exists`,
    detailsOf(resource, name),
  )

export const conflict = (resource: Named, name: string, why: string): KubeError =>
  new KubeError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    detailsOf(resource, name),
  )

export const staleVersion = (resource: Named, name: string): KubeError =>
  conflict(
    resource,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  )

/** 422: the object is well-formed but a field of it cannot be. */
export function invalid(kind: string, group: string, name: string, causes: StatusCause[]): KubeError {
  const label = group === '' ? kind : `${kind}.${group}`
  const list = causes.map((cause) => `${cause.field ?? ''}: ${cause.message}`)
  const text = list.length === 1 ? (list[0] ?? '') : `[${list.join(', ')}]`
  const details = { name, ...(group === '' ? {} : { group }), kind, causes }
  return new KubeError(422, 'Invalid', `${label} "${name}" is invalid: ${text}`, details)
}

export const badRequest = (message: string): KubeError => new KubeError(400, 'BadRequest', message)

/** 410: the version or page token asked for is older than the kept history. */
export const expired = (message: string): KubeError => new KubeError(410, 'Expired', message)

export const methodNotAllowed = (): KubeError =>
  new KubeError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  )

export const unsupportedMedia = (contentType: string): KubeError =>
  new KubeError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml (got ${contentType === '' ? 'none' : contentType})`,
  )

export const notAcceptable = (): KubeError =>
  new KubeError(406, 'NotAcceptable', 'only the following media types are accepted: application/json')

export const unauthorized = (): KubeError => new KubeError(401, 'Unauthorized', 'Unauthorized')

/** A success that carries no object, as the answer of a delete. */
export const success = (details: StatusDetails): KubeStatus => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details,
})
