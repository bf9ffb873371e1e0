// How Meridian speaks to an object store: the few calls that looking after off-site copies needs, signed by AWS's own
// client over the same trusted agent as every other connector. Reads and asks for restores; never writes or deletes
// an object, and reads no credential from the computer's AWS files or environment.
import {
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  RestoreObjectCommand,
  S3Client,
  type Tier,
} from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { AppError, cancelled } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import type { SecretLease } from '../../vault/vault.ts'
import type { Party } from '../https/https-faults.ts'
import { createTrustedAgent } from '../https/trusted-agent.ts'
import { notS3, s3Fault } from './s3-faults.ts'

export interface StoredObject {
  key: string
  sizeBytes: number
  lastModifiedAtMs: number
  /** As S3 writes it: STANDARD, GLACIER_IR, GLACIER, DEEP_ARCHIVE… */
  storageClass: string
  /** Undefined where the store does not say (an answer of `head` says more than a list). */
  restore: RestoreState | undefined
}

/** What `x-amz-restore` says: being restored, or readable until a day. Null = an archive that nobody has asked for. */
export interface RestoreState {
  isOngoing: boolean
  /** When the readable copy goes away again. */
  expiresAtMs: number | null
}

export type RestoreTier = 'Expedited' | 'Standard' | 'Bulk'

export interface S3Connector {
  readonly party: Party
  readonly bucket: string
  readonly prefix: string
  headBucket(signal?: AbortSignal): Promise<void>
  /** Every object below the connection's prefix, a page (up to 1000) at a time. */
  pages(signal?: AbortSignal): AsyncGenerator<StoredObject[], void, void>
  head(key: string, signal?: AbortSignal): Promise<StoredObject>
  /** Asks for a readable copy of an archived object for so many days. A lost answer throws `outcome-unknown`. */
  requestRestore(key: string, wish: { days: number; tier: RestoreTier }, signal?: AbortSignal): Promise<void>
  dispose(): void
}

const timeoutMs = 20_000
const connectTimeoutMs = 10_000
const pageSize = 1000

/** Where the bucket answers: `https://bucket.endpoint`, or the endpoint itself with the bucket in the path. */
export function bucketUrl(settings: SettingsOf<'s3'>): string {
  if (settings.isPathStyle || !URL.canParse(settings.url)) return settings.url
  const url = new URL(settings.url)
  url.hostname = `${settings.bucket}.${url.hostname}`
  return url.origin
}

/** A connector for one bucket. Credentials are read from the lease at each call. */
export function createS3Connector(settings: SettingsOf<'s3'>, secrets: SecretLease): S3Connector {
  const { bucket, prefix } = settings
  const { hostname, port } = new URL(bucketUrl(settings))
  const party: Party = { system: 'The object store', endpoint: `${hostname}:${port || '443'}` }
  const agent = createTrustedAgent({ tls: { trust: settings.tls }, party, connectTimeoutMs, maxSockets: 4 })
  const client = new S3Client({
    endpoint: settings.url,
    region: settings.region,
    forcePathStyle: settings.isPathStyle,
    credentials: () => Promise.resolve(credentialsOf(secrets)),
    requestHandler: new NodeHttpHandler({ httpsAgent: agent, socketAcquisitionWarningTimeout: timeoutMs }),
    // One attempt: whether to try again is decided where the outcome is understood.
    maxAttempts: 1,
    retryMode: 'standard',
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Given here, so that the client looks nothing up in the computer's own AWS configuration.
    defaultsMode: 'standard',
    disableS3ExpressSessionAuth: true,
    useArnRegion: false,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    authSchemePreference: ['sigv4'],
    sigv4aSigningRegionSet: [settings.region],
    userAgentAppId: 'Meridian',
    followRegionRedirects: false,
  })

  async function run<T>(
    action: string,
    isWrite: boolean,
    signal: AbortSignal | undefined,
    work: (abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (signal?.aborted) throw cancelled()
    const limit = AbortSignal.timeout(timeoutMs)
    const ending = signal ? AbortSignal.any([signal, limit]) : limit
    try {
      try {
        return await work(ending)
      } catch (thrown) {
        // A kept-alive connection may have been closed just now: reads are asked once more on a new one.
        if (isWrite || ending.aborted || !isClosedConnection(thrown)) throw thrown
        return await work(ending)
      }
    } catch (thrown) {
      const known = [secrets.read('accessKeyId'), secrets.read('secretAccessKey')]
      throw s3Fault(thrown, {
        party,
        bucket,
        action,
        isWrite,
        isCancelled: signal?.aborted === true,
        isLate: limit.aborted,
        timeoutMs,
        secrets: known,
      })
    }
  }

  return {
    party,
    bucket,
    prefix,
    async headBucket(signal) {
      const found = await run('HeadBucket', false, signal, (abortSignal) =>
        client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal }),
      )
      if (!found.$metadata.requestId && !found.BucketRegion) throw notS3(party, 'HeadBucket')
    },
    async *pages(signal) {
      let token: string | undefined
      do {
        const page = await run('ListObjectsV2', false, signal, (abortSignal) =>
          client.send(
            new ListObjectsV2Command({
              Bucket: bucket,
              MaxKeys: pageSize,
              OptionalObjectAttributes: ['RestoreStatus'],
              ...(prefix === '' ? {} : { Prefix: prefix }),
              ...(token === undefined ? {} : { ContinuationToken: token }),
            }),
            { abortSignal },
          ),
        )
        // A sign-in page between here and there is no empty bucket.
        if (page.Name !== bucket) throw notS3(party, 'ListObjectsV2')
        yield (page.Contents ?? []).flatMap(({ Key, Size, LastModified, StorageClass, RestoreStatus }) =>
          Key === undefined
            ? []
            : [
                {
                  key: Key,
                  sizeBytes: Size ?? 0,
                  lastModifiedAtMs: LastModified?.getTime() ?? 0,
                  storageClass: StorageClass ?? 'STANDARD',
                  restore: RestoreStatus
                    ? {
                        isOngoing: RestoreStatus.IsRestoreInProgress === true,
                        expiresAtMs: RestoreStatus.RestoreExpiryDate?.getTime() ?? null,
                      }
                    : undefined,
                },
              ],
        )
        if (page.IsTruncated && (page.NextContinuationToken ?? token) === token)
          throw new AppError('upstream', `${party.system} at ${party.endpoint} lists the same page again.`, {
            remedy: 'Check that the endpoint is an S3 service; its list of objects does not end.',
            target: party,
          })
        token = page.IsTruncated ? page.NextContinuationToken : undefined
      } while (token !== undefined)
    },
    async head(key, signal) {
      const found = await run('HeadObject', false, signal, (abortSignal) =>
        client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal }),
      )
      if (!found.LastModified) throw notS3(party, 'HeadObject')
      return {
        key,
        sizeBytes: found.ContentLength ?? 0,
        lastModifiedAtMs: found.LastModified?.getTime() ?? 0,
        storageClass: found.StorageClass ?? 'STANDARD',
        restore: readRestore(found.Restore),
      }
    },
    async requestRestore(key, { days, tier }, signal) {
      const parameters = { Tier: tier satisfies Tier }
      await run('RestoreObject', true, signal, (abortSignal) =>
        client.send(
          new RestoreObjectCommand({
            Bucket: bucket,
            Key: key,
            RestoreRequest: { Days: days, GlacierJobParameters: parameters },
          }),
          { abortSignal },
        ),
      )
    },
    dispose() {
      client.destroy()
      agent.destroy()
    },
  }
}

const isClosedConnection = (thrown: unknown): boolean =>
  ['ECONNRESET', 'EPIPE'].includes(String((thrown as NodeJS.ErrnoException | null)?.code))

function credentialsOf(secrets: SecretLease): { accessKeyId: string; secretAccessKey: string } {
  const accessKeyId = secrets.read('accessKeyId')
  const secretAccessKey = secrets.read('secretAccessKey')
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey }
  throw new AppError('unauthenticated', 'No access key is stored for this object store.', {
    remedy: 'Edit the connection and enter its access key id and secret access key.',
  })
}

/** `ongoing-request="false", expiry-date="Fri, 21 Dec 2026 00:00:00 GMT"` → its meaning. Exported for the test. */
export function readRestore(header: string | undefined): RestoreState | undefined {
  const ongoing = /ongoing-request="(true|false)"/.exec(header ?? '')?.[1]
  if (ongoing === undefined) return undefined
  const expiry = Date.parse(/expiry-date="([^"]+)"/.exec(header ?? '')?.[1] ?? '')
  return { isOngoing: ongoing === 'true', expiresAtMs: Number.isNaN(expiry) ? null : expiry }
}
