// Reads one bucket for the backups page: objects become copies by the site's naming pattern, as they pass by. A bucket
// may hold a million objects; only copies are kept, and of each a few keys.
import type { S3Connector, StoredObject } from '../../connectors/s3/s3-connector.ts'
import { createKeyReader, type CopyName, type KeyReader } from './offsite-pattern.ts'
import type { KeptCopy, OffsiteReading } from './readings.ts'

const dayMs = 86_400_000
const keptKeys = 200
const keptCopies = 20_000
const sampleSize = 5

/** Classes that must be restored before they can be read. */
const archived = new Set(['GLACIER', 'DEEP_ARCHIVE'])
/** Slowest last: a copy is as slow as its slowest object. */
const slowness = [
  'STANDARD',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
]

export async function readOffsite(
  store: Pick<S3Connector, 'bucket' | 'pages'>,
  pattern: string,
  nowMs: number,
  signal: AbortSignal,
): Promise<OffsiteReading> {
  const gathering = gather(createKeyReader(pattern))
  for await (const page of store.pages(signal)) for (const object of page) gathering.add(object)
  return {
    kind: 's3',
    readAtMs: nowMs,
    serverAtMs: nowMs,
    timeZone: 'UTC',
    limits: [],
    bucket: store.bucket,
    pattern,
    ...gathering.result(),
  }
}

/** Exported for tests: what objects come to, one after the other. */
export function gather(readKey: KeyReader) {
  const copies = new Map<string, KeptCopy>()
  const classes = new Map<string, { name: string; objects: number; sizeBytes: number }>()
  const unmatchedSample: string[] = []
  const totals = { objectCount: 0, totalBytes: 0, unmatchedCount: 0 }
  return {
    add(object: StoredObject): void {
      totals.objectCount += 1
      totals.totalBytes += object.sizeBytes
      const known = classes.get(object.storageClass) ?? {
        name: object.storageClass,
        objects: 0,
        sizeBytes: 0,
      }
      classes.set(object.storageClass, {
        ...known,
        objects: known.objects + 1,
        sizeBytes: known.sizeBytes + object.sizeBytes,
      })
      const name = readKey(object.key)
      if (!name) {
        totals.unmatchedCount += 1
        if (unmatchedSample.length < sampleSize) unmatchedSample.push(object.key)
        return
      }
      const id = [
        name.cluster,
        name.cadence,
        name.type,
        name.backupId || name.name,
        name.dateMs ?? object.key,
      ].join('|')
      const copy = copies.get(id)
      if (copy) join(copy, object, name.dateMs)
      else if (copies.size < keptCopies) copies.set(id, begin(name, object))
    },
    result: () => ({
      ...totals,
      unmatchedSample,
      classes: [...classes.values()],
      copies: [...copies.values()],
    }),
  }
}

function begin(name: CopyName, object: StoredObject): KeptCopy {
  return {
    cadence: name.cadence,
    type: name.type,
    backupId: name.backupId,
    name: name.name,
    cluster: name.cluster,
    atMs: momentOf(name.dateMs, object.lastModifiedAtMs),
    sizeBytes: object.sizeBytes,
    storageClass: object.storageClass,
    objectCount: 1,
    keys: [object.key],
    ...restoreOf(object),
  }
}

function join(copy: KeptCopy, object: StoredObject, dateMs: number | null): void {
  copy.sizeBytes += object.sizeBytes
  copy.objectCount += 1
  // A copy is whole when its last object is there.
  copy.atMs = Math.max(copy.atMs, momentOf(dateMs, object.lastModifiedAtMs))
  if (copy.keys.length < keptKeys) copy.keys.push(object.key)
  if (slowness.indexOf(object.storageClass) > slowness.indexOf(copy.storageClass))
    copy.storageClass = object.storageClass
  const { restore, restoreExpiresAtMs } = restoreOf(object)
  // A copy is readable when all of it is.
  const order = ['not-needed', 'readable', 'ongoing', 'archived', 'unknown'] as const
  if (order.indexOf(restore) > order.indexOf(copy.restore)) copy.restore = restore
  if (restoreExpiresAtMs !== null)
    copy.restoreExpiresAtMs = Math.min(copy.restoreExpiresAtMs ?? Infinity, restoreExpiresAtMs)
}

/** The day in the key is what the copy is of; the object's own time refines it only on that day. */
function momentOf(dateMs: number | null, modifiedMs: number): number {
  if (dateMs === null) return modifiedMs
  return modifiedMs >= dateMs && modifiedMs < dateMs + dayMs ? modifiedMs : dateMs
}

/** Exported for the action that reads the state after a request. */
export function restoreOf({
  storageClass,
  restore,
}: Pick<StoredObject, 'storageClass' | 'restore'>): Pick<KeptCopy, 'restore' | 'restoreExpiresAtMs'> {
  if (!archived.has(storageClass)) return { restore: 'not-needed', restoreExpiresAtMs: null }
  if (!restore) return { restore: 'archived', restoreExpiresAtMs: null }
  return restore.isOngoing
    ? { restore: 'ongoing', restoreExpiresAtMs: null }
    : { restore: 'readable', restoreExpiresAtMs: restore.expiresAtMs }
}
