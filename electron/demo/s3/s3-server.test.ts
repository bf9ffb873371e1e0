// The object store through AWS's own client (which signs) and through bare requests (which do not): signatures are
// checked, lists end, archives are restored on the lab's clock, and nothing can be written.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteObjectCommand, ListObjectsV2Command, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { Agent, request } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import { createS3Connector, type S3Connector, type StoredObject } from '#core/connectors/s3/s3-connector.ts'
import { probeS3 } from '#core/connectors/s3/s3-probe.ts'
import { silentLog } from '#core/testing/conformance/conformance-core.ts'
import { startDemoLab, type DemoLab } from '../demo-lab.ts'
import type { S3Demo } from './s3-server.ts'

const hourMs = 3_600_000
let dataDir: string
let lab: DemoLab
let server: S3Demo
let settings: SettingsOf<'s3'>
let secrets: Record<string, string | undefined>
let connector: S3Connector

const lease = (given: Record<string, string | undefined>) => ({ read: (name: string) => given[name] })

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-s3-'))
  lab = await startDemoLab({
    dataDir,
    services: ['s3'],
    signal: new AbortController().signal,
    onProgress: () => undefined,
    log: () => undefined,
  })
  server = lab.services[0] as S3Demo
  const draft = server.drafts[0]!
  settings = draft.settings as SettingsOf<'s3'>
  secrets = draft.secrets
  connector = createS3Connector(settings, lease(secrets))
})
afterAll(async () => {
  connector.dispose()
  await lab.dispose()
  await rm(dataDir, { recursive: true, force: true })
})

const everything = async (from: S3Connector): Promise<StoredObject[]> => {
  const found: StoredObject[] = []
  for await (const page of from.pages()) found.push(...page)
  return found
}
const failure = (work: Promise<unknown>): Promise<AppError> =>
  work.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: AppError) => error,
  )
const other = (
  changes: Partial<SettingsOf<'s3'>>,
  changedSecrets: Record<string, string> = {},
): S3Connector => createS3Connector({ ...settings, ...changes }, lease({ ...secrets, ...changedSecrets }))

describe('looking', () => {
  it('lists weekly and monthly copies with their class, page by page', async () => {
    const found = await everything(connector)
    expect(found.map((it) => it.key)).toContain(
      found.find((it) =>
        /^radioastronomy\/weekly\/vm\/2002\/\d{4}-\d\d-\d\d\/proj-pg01\.vma\.zst$/.test(it.key),
      )?.key,
    )
    expect(new Set(found.map((it) => it.storageClass))).toEqual(new Set(['GLACIER']))
    expect(new Set(found.map((it) => it.key.split('/')[1]))).toEqual(new Set(['weekly', 'monthly']))
    const pages: string[][] = []
    const ca = settings.tls.mode === 'ca' ? settings.tls.caPem : ''
    const config: S3ClientConfig = {
      endpoint: settings.url,
      region: settings.region,
      forcePathStyle: true,
      credentials: { accessKeyId: secrets['accessKeyId']!, secretAccessKey: secrets['secretAccessKey']! },
      requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca }) }),
    }
    const client = new S3Client(config)
    let token: string | undefined
    do {
      const page = await client.send(
        new ListObjectsV2Command({
          Bucket: settings.bucket,
          MaxKeys: 20,
          ...(token ? { ContinuationToken: token } : {}),
        }),
      )
      pages.push((page.Contents ?? []).map((it) => it.Key!))
      token = page.NextContinuationToken
    } while (token)
    expect(pages.flat()).toEqual(found.map((it) => it.key))
    const folders = await client.send(
      new ListObjectsV2Command({ Bucket: settings.bucket, Prefix: 'radioastronomy/', Delimiter: '/' }),
    )
    expect(folders.CommonPrefixes?.map((it) => it.Prefix)).toEqual([
      'radioastronomy/monthly/',
      'radioastronomy/weekly/',
    ])
    await expect(
      client.send(new DeleteObjectCommand({ Bucket: settings.bucket, Key: found[0]!.key })),
    ).rejects.toMatchObject({ name: 'AccessDenied' })
    client.destroy()
  })

  it('passes the connection test, step by step', async () => {
    const signal = new AbortController().signal
    const steps = []
    for await (const step of probeS3(settings, lease(secrets), { signal, log: silentLog })) steps.push(step)
    expect(steps.map((it) => `${it.step} ${it.state}`)).toEqual([
      'authentication passed',
      'permission passed',
      'version skipped',
    ])
  })
})

describe('refusals', () => {
  it('a wrong secret, key, region and bucket each say what is wrong', async () => {
    const cases: Array<[S3Connector, string, RegExp]> = [
      [
        other({}, { secretAccessKey: 'something else entirely' }),
        'unauthenticated',
        /does not accept the access key/,
      ],
      [other({}, { accessKeyId: 'NOBODY' }), 'unauthenticated', /does not accept the access key/],
      [other({ region: 'eu-west-1' }), 'invalid-input', /in another region/],
      [other({ bucket: 'no-such-bucket' }), 'not-found', /has no bucket no-such-bucket/],
      [other({}, { secretAccessKey: '' }), 'unauthenticated', /No access key is stored/],
    ]
    for (const [one, code, sentence] of cases) {
      const error = await failure(everything(one))
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(sentence)])
      expect(error.message + (error.remedy ?? '')).not.toContain('something else entirely')
      one.dispose()
    }
  })

  it('answers nobody without a signature, and nothing that was changed on the way', async () => {
    const ask = (headers: Record<string, string>): Promise<string> =>
      new Promise((resolve, reject) => {
        const ca = settings.tls.mode === 'ca' ? settings.tls.caPem : ''
        request(
          `${settings.url}/${settings.bucket}?list-type=2`,
          { headers, ca, agent: false },
          (response) => {
            let text = `${response.statusCode} `
            response.on('data', (chunk: Buffer) => (text += chunk.toString()))
            response.on('end', () => resolve(text))
          },
        )
          .on('error', reject)
          .end()
      })
    expect(await ask({})).toMatch(/^403 .*<Code>AccessDenied<\/Code>/s)
    expect(await ask({ authorization: 'AWS4-HMAC-SHA256 nonsense' })).toMatch(
      /^400 .*AuthorizationHeaderMalformed/s,
    )
  })

  it('faults of the wire are sentences', async () => {
    lab.faults.set('s3', 'expired-certificate')
    expect(await failure(connector.headBucket())).toMatchObject({
      detail: { kind: 'tls', reason: 'expired' },
    })
    lab.faults.set('s3', 'server-error')
    expect((await failure(everything(connector))).message).toMatch(/500.*InternalError/)
    lab.faults.set('s3', 'garbage')
    expect((await failure(everything(connector))).code).toBe('upstream')
    lab.faults.set('s3', 'cut')
    expect(['upstream', 'unreachable']).toContain((await failure(everything(connector))).code)
    lab.faults.set('s3', undefined)
    await connector.headBucket()
  })
})

describe('restoring', () => {
  it('takes its time on the lab’s clock, is asked for once, and ends', async () => {
    const [first] = await everything(connector)
    const key = first!.key
    expect((await connector.head(key)).restore).toBeUndefined()
    await connector.requestRestore(key, { days: 2, tier: 'Standard' })
    expect((await connector.head(key)).restore).toEqual({ isOngoing: true, expiresAtMs: null })
    expect(await failure(connector.requestRestore(key, { days: 2, tier: 'Bulk' }))).toMatchObject({
      code: 'conflict',
    })
    lab.clock.advance(5 * hourMs)
    const ready = await connector.head(key)
    expect(ready.restore?.isOngoing).toBe(false)
    expect(ready.restore?.expiresAtMs).toBeGreaterThan(lab.clock.nowMs())
    expect((await everything(connector)).find((it) => it.key === key)?.restore).toEqual(ready.restore)
    lab.clock.advance(4 * 24 * hourMs)
    expect((await connector.head(key)).restore).toBeUndefined()
  })

  it('a lost answer leaves the outcome open, and the state tells', async () => {
    const key = (await everything(connector))[3]!.key
    lab.faults.set('s3', 'cut')
    // The connections of before were ended by the fault; only a request that arrives can be done.
    await failure(connector.headBucket())
    const error = await failure(connector.requestRestore(key, { days: 1, tier: 'Standard' }))
    lab.faults.set('s3', undefined)
    expect(error.detail).toMatchObject({ kind: 'outcome-unknown' })
    expect((await connector.head(key)).restore?.isOngoing).toBe(true)
  })

  it('new copies come on their own clock, and the oldest go', async () => {
    const dates = async (): Promise<string[]> =>
      [
        ...new Set(
          (await everything(connector))
            .filter((it) => it.key.includes('/weekly/'))
            .map((it) => it.key.split('/')[4]!),
        ),
      ].sort()
    const before = await dates()
    lab.clock.advance(8 * 24 * hourMs)
    const after = await dates()
    expect(after).toHaveLength(4)
    expect(after.at(-1)! > before.at(-1)!).toBe(true)
    expect(after).not.toContain(before[0])
  })
})
