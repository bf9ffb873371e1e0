import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { binary, findBinaries } from './binaries.ts'
import { choosePlacement } from './placement.ts'

const isRoot = process.getuid?.() === 0
let outer = ''

beforeEach(async () => {
  outer = await mkdtemp(join(tmpdir(), 'meridian-placement-'))
})
afterEach(() => rm(outer, { recursive: true, force: true }))

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

test('PostgreSQL 16 is found with its programs', async () => {
  const binaries = await findBinaries()
  expect(binaries.version).toMatch(/^16\./)
  for (const name of ['initdb', 'postgres', 'pg_ctl'] as const)
    expect(await exists(binary(binaries, name))).toBe(true)
})

test.skipIf(isRoot)(
  'an ordinary user runs it under its own name, in the directory given (skipped for root)',
  async () => {
    const binaries = await findBinaries()
    const placement = await choosePlacement(outer, binaries)
    expect(placement).toEqual({ account: undefined, home: join(outer, 'postgres'), binaries })
  },
)

describe.skipIf(!isRoot)('for root (skipped for ordinary users)', () => {
  test('an account is borrowed, and a directory in reach of it is used as it is', async () => {
    const placement = await choosePlacement(outer, await findBinaries())
    expect(placement.home).toBe(join(outer, 'postgres'))
    expect(placement.account?.uid).toBeGreaterThan(0)
    expect((await stat(placement.home)).uid).toBe(placement.account?.uid)
  })

  test('behind a private directory files go where the account can reach them, once, and are swept when orphaned', async () => {
    const dataDir = join(outer, 'private', 'lab')
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    const root = join(outer, 'hidden')
    await mkdir(join(root, 'bin'), { recursive: true })
    await writeFile(join(root, 'bin', 'postgres'), 'a program')
    const first = await choosePlacement(dataDir, { root, version: '16.0' })
    try {
      expect(first.home.startsWith(outer)).toBe(false)
      expect((await stat(first.home)).mode & 0o777).toBe(0o700)
      expect(await readFile(join(first.binaries.root, 'bin', 'postgres'), 'utf8')).toBe('a program')
      expect(await choosePlacement(dataDir, { root, version: '16.0' })).toEqual(first)
      expect((await stat(join(outer, 'private'))).mode & 0o777).toBe(0o700)
      await rm(dataDir, { recursive: true })
      const other = join(outer, 'private', 'other')
      await mkdir(other, { mode: 0o700 })
      const second = await choosePlacement(other, { root, version: '16.0' })
      expect(await exists(first.home)).toBe(false)
      await rm(second.home, { recursive: true })
    } finally {
      await rm(first.home, { recursive: true, force: true })
    }
  })
})
