// Sessions against real servers: with and without TLS under every trust, cancelled over TLS, tested step by step.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAppError, type AppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import {
  createTestAuthority,
  createSelfSigned,
  type TestAuthority,
  type TestLeaf,
} from '../tls/test-certificates.ts'
import { createLogBook } from '../../storage/log-book.ts'
import type { ProbeStep } from '../probe.ts'
import type { DecodePool } from './decode/decode-pool.ts'
import { probePostgres } from './postgres-probe.ts'
import { openPostgresSession } from './postgres-session.ts'
import { startPostgresCluster, type PostgresCluster } from './testing/postgres-cluster.ts'
import { createTestPool, runStatement, targetOfServer } from './testing/run-statement.ts'

let plain: PostgresCluster
let secure: PostgresCluster
let authority: TestAuthority
let leaf: TestLeaf
let pool: DecodePool
beforeAll(async () => {
  authority = await createTestAuthority()
  leaf = await authority.issue()
  plain = await startPostgresCluster()
  secure = await startPostgresCluster({ tls: { certPem: leaf.cert, keyPem: leaf.key } })
  pool = createTestPool()
})
afterAll(async () => {
  await pool.dispose()
  await plain.dispose()
  await secure.dispose()
})

type Changes = Partial<SettingsOf<'postgres'>>
async function open(server: PostgresCluster, changes: Changes): Promise<boolean> {
  const session = await openPostgresSession(targetOfServer(server, changes))
  await session.dispose()
  return session.isEncrypted
}
async function refused(promise: Promise<unknown>): Promise<AppError> {
  try {
    await promise
  } catch (error) {
    if (isAppError(error)) return error
    throw error
  }
  throw new Error('It was not refused.')
}

describe('TLS', () => {
  it('disable never encrypts', async () => expect(await open(secure, { tlsMode: 'disable' })).toBe(false))
  it.each(['prefer', 'require'] as const)('%s encrypts, without asking who it is', async (tlsMode) => {
    expect(await open(secure, { tlsMode })).toBe(true)
  })
  it('prefer goes on without it, require does not', async () => {
    expect(await open(plain, { tlsMode: 'prefer' })).toBe(false)
    const error = await refused(open(plain, { tlsMode: 'require' }))
    expect(error).toMatchObject({ code: 'upstream', detail: { kind: 'tls', reason: 'protocol' } })
  })
  it('verify trusts the given authority, and no unknown one', async () => {
    expect(await open(secure, { tlsMode: 'verify', tls: { mode: 'ca', caPem: authority.caPem } })).toBe(true)
    const stranger = await createTestAuthority()
    for (const tls of [{ mode: 'system' } as const, { mode: 'ca', caPem: stranger.caPem } as const])
      expect(await refused(open(secure, { tlsMode: 'verify', tls }))).toMatchObject({
        detail: { kind: 'tls', reason: 'untrusted', fingerprint256: leaf.sha256 },
      })
  })
  it.each(['prefer', 'require', 'verify'] as const)('%s obeys a pinned certificate', async (tlsMode) => {
    expect(await open(secure, { tlsMode, tls: { mode: 'pinned', sha256: leaf.sha256 } })).toBe(true)
    const other = await createSelfSigned()
    const error = await refused(open(secure, { tlsMode, tls: { mode: 'pinned', sha256: other.sha256 } }))
    expect(error).toMatchObject({
      detail: {
        kind: 'tls',
        reason: 'fingerprint-changed',
        fingerprint256: leaf.sha256,
        expected256: other.sha256,
      },
    })
  })
  it('carries results, and cancels', async () => {
    const target = targetOfServer(secure, { tlsMode: 'verify', tls: { mode: 'ca', caPem: authority.caPem } })
    const { rows } = await runStatement(
      target,
      pool,
      "SELECT i, repeat('x', 100) FROM generate_series(1, 100000) i",
    )
    expect(rows).toBe(100_000)
    const controller = new AbortController()
    const running = runStatement(target, pool, 'SELECT pg_sleep(60)', { signal: controller.signal })
    setTimeout(() => controller.abort(), 300)
    const startedAt = performance.now()
    expect((await refused(running)).code).toBe('cancelled')
    expect(performance.now() - startedAt).toBeLessThan(4000)
  })
})

describe('a session', () => {
  it('runs one statement after another', async () => {
    const session = await openPostgresSession(targetOfServer(plain))
    const { executeStatement } = await import('./execute-statement.ts')
    for (let round = 0; round < 3; round += 1) {
      const kinds: string[] = []
      const signal = new AbortController().signal
      for await (const part of executeStatement(session, {
        sql: `SELECT ${round} AS a`,
        maxRows: 10,
        isWrite: false,
        signal,
        acquireDecoder: () => pool.acquire(),
        onNotice: () => undefined,
      }))
        kinds.push(part.kind)
      expect(kinds).toEqual(['columns', 'schema', 'batch', 'end'])
      expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
    }
    await session.dispose()
    expect((await refused(session.query('SELECT 1'))).code).toBe('unreachable')
  })
  it('does not let a wrong password through, nor show it', async () => {
    const target = targetOfServer({ ...plain, password: 'wr0ng-and-secret' })
    const error = await refused(openPostgresSession(target))
    expect(error).toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('test-pg') as string,
    })
    expect(JSON.stringify([error.message, error.remedy, error.detail, error.target])).not.toContain('wr0ng')
  })
  it('is visible to the administrator under its name', async () => {
    const session = await openPostgresSession(targetOfServer(plain))
    const rows = await plain.query('SELECT application_name FROM pg_stat_activity WHERE pid = $1', [
      session.processId,
    ])
    expect(rows).toEqual([{ application_name: 'meridian' }])
    await session.dispose()
  })
})

describe('the connection test', () => {
  const { log } = createLogBook(null, () => 0)
  async function probe(server: Parameters<typeof targetOfServer>[0]): Promise<ProbeStep[]> {
    const { settings, secrets } = targetOfServer(server)
    const steps: ProbeStep[] = []
    for await (const step of probePostgres(settings, secrets, { signal: new AbortController().signal, log }))
      steps.push(step)
    return steps
  }
  it('passes step by step', async () => {
    await plain.query("CREATE ROLE reader LOGIN PASSWORD 'reads'")
    await plain.query(
      'CREATE TABLE seen (a int); GRANT SELECT ON seen TO reader; CREATE TABLE unseen (a int)',
    )
    const steps = await probe({ ...plain, user: 'reader', password: 'reads' })
    expect(steps.map(({ step, state }) => `${step} ${state}`)).toEqual([
      'authentication passed',
      'permission passed',
      'version passed',
    ])
    expect(steps[1]!.finding).toBe('The role may read 1 table in 1 schema.')
    expect(steps[2]!.finding).toMatch(/^PostgreSQL 16\./)
    expect((await probe(plain))[1]!.finding).toContain('superuser')
  })
  it('stops at the log-in', async () => {
    const steps = await probe({ ...plain, password: 'wrong' })
    expect(steps).toMatchObject([
      { step: 'authentication', state: 'failed', error: { code: 'unauthenticated' } },
    ])
  })
})
