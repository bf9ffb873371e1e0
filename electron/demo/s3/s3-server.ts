// The demo lab's object store: one bucket of off-site copies behind TLS, signatures checked for real. Started by
// demo-lab.ts. Its key may list, look and restore; it may write and delete nothing, as a key for looking should.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DemoContext, DemoService } from '../context.ts'
import { startDemoHttpsServer } from '../world/https-server.ts'
import { listObjects } from './list-objects.ts'
import { createOffsiteCopies, expiryOf, type OffsiteCopies, type StoredCopy } from './offsite-copies.ts'
import { errorXml, readRestoreRequest, S3Refusal } from './s3-answers.ts'
import { checkSignature, type AccessKey } from './signature.ts'

export interface S3Demo extends DemoService {
  url: string
  copies: OffsiteCopies
}

/** A throw-away key, good for this lab only. */
export const demoAccessKey: AccessKey = {
  accessKeyId: 'DEMO-OFFSITE-READER',
  secretAccessKey: 'look-at-the-demo-copies-only',
}

const maxBodyBytes = 64 * 1024

interface Answer {
  status: number
  headers?: Record<string, string>
  body?: string
}

/** Starts the server; ready when it resolves. */
export async function startS3Demo(context: DemoContext): Promise<S3Demo> {
  const copies = createOffsiteCopies(context)
  const faultBody = (status: 401 | 500) => ({
    contentType: 'application/xml',
    body:
      status === 401
        ? errorXml({ code: 'AccessDenied', message: 'Access Denied' }, '/', requestId())
        : errorXml(
            { code: 'InternalError', message: 'We encountered an internal error. Please try again.' },
            '/',
            requestId(),
          ),
  })
  const handle = createHandler(context, copies)
  const listener = await startDemoHttpsServer({ service: 's3', context, handle, faultBody })
  return {
    name: 's3',
    url: listener.url,
    copies,
    drafts: [
      {
        label: 'Off-site copies',
        settings: {
          kind: 's3',
          url: listener.url,
          region: copies.region,
          bucket: copies.bucket,
          prefix: '',
          isPathStyle: true,
          tls: { mode: 'ca', caPem: context.certificate('s3').caPem },
        },
        secrets: { ...demoAccessKey },
      },
    ],
    async dispose() {
      copies.dispose()
      await listener.dispose()
    },
  }
}

const requestId = (): string => randomBytes(8).toString('hex').toUpperCase()

function createHandler(context: Pick<DemoContext, 'clock'>, copies: OffsiteCopies) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const id = requestId()
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    let answer: Answer
    try {
      answer = answerTo(request, await readBody(request), context.clock.nowMs(), copies)
    } catch (error) {
      if (!(error instanceof S3Refusal)) throw error
      answer = {
        status: error.status,
        headers: { 'content-type': 'application/xml' },
        body: errorXml(error, decodeURIComponent(path), id),
      }
    }
    const body = request.method === 'HEAD' ? '' : (answer.body ?? '')
    const length = request.method === 'HEAD' ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    response.writeHead(answer.status, {
      'x-amz-request-id': id,
      'x-amz-id-2': 'demo',
      server: 'AmazonS3',
      ...length,
      ...answer.headers,
    })
    response.end(body)
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBodyBytes)
      throw new S3Refusal(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function answerTo(request: IncomingMessage, body: Buffer, nowMs: number, copies: OffsiteCopies): Answer {
  const { method = 'GET', url = '/', headers } = request
  // Signatures are made with the computer's clock, which the lab's does not move.
  checkSignature(
    { method, url, headers, body },
    { keys: [demoAccessKey], region: copies.region, nowMs: Date.now() },
  )
  const { pathname, searchParams } = new URL(url, 'https://store')
  const [, bucket = '', ...rest] = pathname.split('/').map(decodeURIComponent)
  const key = rest.join('/')
  if (bucket === '') throw new S3Refusal(403, 'AccessDenied', 'Access Denied')
  if (bucket !== copies.bucket)
    throw new S3Refusal(404, 'NoSuchBucket', 'The specified bucket does not exist')
  if (key === '') {
    if (method === 'HEAD') return { status: 200, headers: { 'x-amz-bucket-region': copies.region } }
    if (method === 'GET' && searchParams.get('list-type') === '2')
      return listObjects(copies, searchParams, {
        nowMs,
        hasRestoreStatus: /RestoreStatus/.test(String(headers['x-amz-optional-object-attributes'] ?? '')),
      })
    throw new S3Refusal(403, 'AccessDenied', 'Access Denied')
  }
  if (method === 'HEAD') return headObject(copies.find(key), nowMs)
  if (method === 'POST' && searchParams.has('restore')) {
    const wasReadable = copies.restore(key, readRestoreRequest(body.toString('utf8')))
    return { status: wasReadable ? 200 : 202 }
  }
  if (method === 'GET') throw unreadable(copies.find(key))
  throw new S3Refusal(403, 'AccessDenied', 'Access Denied')
}

function headObject(copy: StoredCopy | undefined, nowMs: number): Answer {
  if (!copy) return { status: 404 }
  return {
    status: 200,
    headers: {
      'content-length': String(copy.sizeBytes),
      'content-type': 'application/octet-stream',
      'last-modified': new Date(copy.modifiedMs).toUTCString(),
      etag: `"${copy.etag}"`,
      'x-amz-server-side-encryption': 'aws:kms',
      ...(copy.storageClass === 'STANDARD' ? {} : { 'x-amz-storage-class': copy.storageClass }),
      ...restoreHeader(copy, nowMs),
    },
  }
}

function restoreHeader({ restore }: StoredCopy, nowMs: number): Record<string, string> {
  if (!restore || nowMs >= expiryOf(restore)) return {}
  const isOngoing = nowMs < restore.readyMs
  const expiry = isOngoing ? '' : `, expiry-date="${new Date(expiryOf(restore)).toUTCString()}"`
  return { 'x-amz-restore': `ongoing-request="${isOngoing}"${expiry}` }
}

/** The copies stand for terabytes that the lab has not got: even a restored one is not handed out here. */
const unreadable = (copy: StoredCopy | undefined): S3Refusal =>
  copy
    ? new S3Refusal(403, 'InvalidObjectState', "The operation is not valid for the object's storage class")
    : new S3Refusal(404, 'NoSuchKey', 'The specified key does not exist.')
