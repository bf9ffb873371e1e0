// ListObjectsV2: prefix, delimiter, pages with an opaque token, and the restore state where it is asked for. Called
// by the server only.
import { expiryOf, type OffsiteCopies, type StoredCopy } from './offsite-copies.ts'
import { answerXml, S3Refusal, type XmlNode } from './s3-answers.ts'

const maxKeys = 1000

export function listObjects(
  copies: OffsiteCopies,
  query: URLSearchParams,
  options: { nowMs: number; hasRestoreStatus: boolean },
): { status: number; headers: Record<string, string>; body: string } {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const limit = Math.min(readLimit(query.get('max-keys')), maxKeys)
  const token = query.get('continuation-token')
  const after = token === null ? (query.get('start-after') ?? '') : readToken(token)
  const encode = query.get('encoding-type') === 'url' ? encodeURIComponent : (text: string) => text
  const contents: XmlNode[] = []
  const prefixes = new Set<string>()
  let last = ''
  let isTruncated = false
  for (const copy of copies.list()) {
    if (!copy.key.startsWith(prefix) || copy.key <= after) continue
    const cut = delimiter === '' ? -1 : copy.key.indexOf(delimiter, prefix.length)
    const common = cut < 0 ? undefined : copy.key.slice(0, cut + delimiter.length)
    if (common !== undefined && (prefixes.has(common) || after.startsWith(common))) continue
    if (contents.length + prefixes.size >= limit) {
      isTruncated = true
      break
    }
    if (common !== undefined) prefixes.add(common)
    else contents.push(contentOf(copy, options, encode))
    last = common ?? copy.key
  }
  const body = answerXml('ListBucketResult', {
    Name: copies.bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    MaxKeys: limit,
    EncodingType: query.get('encoding-type') ?? undefined,
    KeyCount: contents.length + prefixes.size,
    IsTruncated: isTruncated,
    ContinuationToken: token ?? undefined,
    NextContinuationToken: isTruncated ? Buffer.from(`v1:${last}`).toString('base64') : undefined,
    Contents: contents,
    CommonPrefixes: [...prefixes].map((it) => ({ Prefix: encode(it) })),
  })
  return { status: 200, headers: { 'content-type': 'application/xml' }, body }
}

function readLimit(text: string | null): number {
  if (text === null) return maxKeys
  if (!/^\d+$/.test(text))
    throw new S3Refusal(400, 'InvalidArgument', 'Provided max-keys not an integer or within integer range')
  return Number(text)
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString('utf8')
  if (!text.startsWith('v1:'))
    throw new S3Refusal(400, 'InvalidArgument', 'The continuation token provided is incorrect')
  return text.slice(3)
}

function contentOf(
  copy: StoredCopy,
  options: { nowMs: number; hasRestoreStatus: boolean },
  encode: (text: string) => string,
): XmlNode {
  const { restore } = copy
  const isKnown = options.hasRestoreStatus && restore !== undefined && options.nowMs < expiryOf(restore)
  const isOngoing = restore !== undefined && options.nowMs < restore.readyMs
  return {
    Key: encode(copy.key),
    LastModified: new Date(copy.modifiedMs).toISOString(),
    ETag: `"${copy.etag}"`,
    Size: copy.sizeBytes,
    StorageClass: copy.storageClass,
    RestoreStatus: isKnown
      ? {
          IsRestoreInProgress: isOngoing,
          RestoreExpiryDate: isOngoing ? undefined : new Date(expiryOf(restore)).toISOString(),
        }
      : undefined,
  }
}
