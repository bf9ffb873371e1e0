// Checks AWS Signature Version 4 on a request, as the real service does: the canonical request is built from what
// arrived on the wire, and the same key must give the same signature. Pure but for the comparison's constant time.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { S3Refusal } from './s3-answers.ts'

export interface AccessKey {
  accessKeyId: string
  secretAccessKey: string
}

export interface SignedRequest {
  method: string
  /** As on the wire: path and query, percent-encoded. */
  url: string
  headers: IncomingHttpHeaders
  body: Buffer
}

const skewMs = 15 * 60_000
const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** Throws the S3 error of a request that is not signed by one of the keys; answers who signed it. */
export function checkSignature(
  request: SignedRequest,
  options: { keys: readonly AccessKey[]; region: string; nowMs: number },
): AccessKey {
  const authorization = request.headers.authorization
  if (!authorization) throw new S3Refusal(403, 'AccessDenied', 'Access Denied')
  const [, keyId = '', date = '', region = '', service = '', signedNames = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    ) ?? []
  if (signature === '')
    throw new S3Refusal(
      400,
      'AuthorizationHeaderMalformed',
      'The authorization header that you provided is not valid.',
    )
  const key = options.keys.find((it) => it.accessKeyId === keyId)
  if (!key)
    throw new S3Refusal(
      403,
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
    )
  if (region !== options.region)
    throw new S3Refusal(
      400,
      'AuthorizationHeaderMalformed',
      `The authorization header is malformed; the region '${region}' is wrong; expecting '${options.region}'`,
    )
  const stamp = String(request.headers['x-amz-date'] ?? '')
  checkTime(stamp, date, options.nowMs)
  const names = signedNames.split(';')
  const mustSign = ['host', ...Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'))]
  if (service !== 's3' || mustSign.some((name) => !names.includes(name)))
    throw new S3Refusal(
      403,
      'AccessDenied',
      'There were headers present in the request which were not signed',
    )
  const payload = checkPayload(request)
  const canonical = [
    request.method,
    request.url.split('?')[0] ?? '/',
    canonicalQuery(request.url),
    ...names.map(
      (name) =>
        `${name}:${String(request.headers[name] ?? '')
          .trim()
          .replace(/ +/g, ' ')}`,
    ),
    '',
    signedNames,
    payload,
  ].join('\n')
  const scope = `${date}/${region}/s3/aws4_request`
  const text = ['AWS4-HMAC-SHA256', stamp, scope, sha256(canonical)].join('\n')
  const signing = [region, 's3', 'aws4_request'].reduce(
    (chain, part) => hmac(chain, part),
    hmac(`AWS4${key.secretAccessKey}`, date),
  )
  const expected = createHmac('sha256', signing).update(text).digest()
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex')))
    throw new S3Refusal(
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    )
  return key
}

function checkTime(stamp: string, date: string, nowMs: number): void {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp) ?? []
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(atMs) || !stamp.startsWith(date))
    throw new S3Refusal(403, 'AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header')
  if (Math.abs(atMs - nowMs) > skewMs)
    throw new S3Refusal(
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
    )
}

function checkPayload(request: SignedRequest): string {
  const told = request.headers['x-amz-content-sha256']
  if (typeof told !== 'string')
    throw new S3Refusal(
      400,
      'InvalidRequest',
      'Missing required header for this request: x-amz-content-sha256',
    )
  if (told !== 'UNSIGNED-PAYLOAD' && told !== sha256(request.body))
    throw new S3Refusal(
      400,
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    )
  return told
}

function canonicalQuery(url: string): string {
  const [, query = ''] = url.split('?', 2)
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const [name = '', value = ''] = part.split('=', 2)
      return `${name}=${value}`
    })
    .sort()
    .join('&')
}
