// Text from outside (a server's refusal, a program's complaint) may repeat what it was told. Connectors pass it
// through here, with the credentials they sent, before it becomes part of a sentence that is shown and kept.
import { AppError, type ErrorDetail } from '#shared/errors.ts'

/** Shorter values occur in any text; cutting them out would only garble it. */
const minLength = 6

/** `text` without any of `values`, as they are or as they travel: URL-encoded either way, as JSON, as base64. */
export function maskValues(text: string, values: Iterable<string | undefined>): string {
  let clean = text
  const forms = [...values].flatMap((value) =>
    value === undefined || value.length < minLength ? [] : formsOf(value),
  )
  // Long ones first: a part must not be cut out of the whole and leave its rest.
  for (const form of [...new Set(forms)].sort((a, b) => b.length - a.length))
    clean = clean.replaceAll(form, '[masked]')
  return clean
}

function formsOf(value: string): string[] {
  const encoded = encodeURIComponent(value)
  const base64 = Buffer.from(value).toString('base64')
  return [
    value,
    encoded,
    encoded.replaceAll('%20', '+'),
    JSON.stringify(value).slice(1, -1),
    decoded(value),
    base64,
    base64.replace(/=+$/, ''),
  ].filter((form) => form.length >= minLength)
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** The same error with `values` cut out of everything that leaves the core. */
export function maskError(error: AppError, values: Iterable<string | undefined>): AppError {
  const known = [...values]
  const clean = (text: string): string => maskValues(text, known)
  const detail = error.detail && (mapTexts(error.detail, clean) as ErrorDetail)
  return new AppError(error.code, clean(error.message), {
    remedy: error.remedy === undefined ? undefined : clean(error.remedy),
    target: error.target,
    detail,
    retryable: error.retryable,
    cause: error.cause,
  })
}

/** A detail is flat, or one record deep. */
const mapTexts = (value: unknown, clean: (text: string) => string): unknown => {
  if (typeof value === 'string') return clean(value)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, clean)]))
}
