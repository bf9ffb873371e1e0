// A vault file that is not as it was left: damaged, cut, forged, of another version, or refused by the disk.
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { settings as settingsSchema } from '#shared/contracts/app.ts'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Keychain } from '../platform.ts'
import { createTestKeychain, createTestPlatform, type TestPlatform } from '../testing/test-platform.ts'
import { openVault } from './sealed-vault.ts'
import { vaultFileName } from './vault-disk.ts'
import { decodeVaultFile, encodePreamble, encodeVaultFile, type KdfParameters } from './vault-file.ts'
import type { Vault } from './vault.ts'

const kdf: KdfParameters = { algorithm: 'argon2id', memoryKiB: 64, iterations: 1, parallelism: 1 }
const one = 'connection-one' as ConnectionId
const passphrase = 'correct horse battery'
const secret = 'unique-secret-5d1f7c'

let dataDir: string
const opened: Array<{ vault: Vault; test: TestPlatform }> = []

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-vault-'))
})
afterEach(async () => {
  vi.useRealTimers()
  for (const { vault, test } of opened.splice(0)) {
    vault.dispose()
    await test.dispose()
  }
  await rm(dataDir, { recursive: true, force: true })
})

/** A start of the application on the same directory. */
async function start(
  options: { keychain?: Keychain | null; note?: string; nowMs?: number; idleLockMinutes?: number } = {},
) {
  const test = await createTestPlatform({
    dataDir,
    keychain: options.keychain ?? null,
    keychainNote: options.note ?? null,
    ...(options.nowMs === undefined ? {} : { nowMs: options.nowMs }),
  })
  const settings = settingsSchema.parse({ idleLockMinutes: options.idleLockMinutes ?? 30 })
  const vault = await openVault({ platform: test.platform, settings: { get: () => settings }, kdf })
  opened.push({ vault, test })
  return { vault, test }
}
const failureOf = (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => Promise.reject(new Error('It was expected to fail.')),
    (error: AppError) => error,
  )
const vaultFile = (): string => join(dataDir, vaultFileName)

describe('a file that is not as it was', () => {
  async function sealedFile(): Promise<Buffer> {
    const { vault } = await start()
    await vault.create(passphrase)
    await vault.put(one, { password: secret })
    vault.dispose()
    return readFile(vaultFile())
  }

  it('is set aside whichever bit was turned, and never overwritten', async () => {
    const good = await sealedFile()
    const positions = [0, 3, 16, 20, 60, 200, good.length - 100, good.length - 40, good.length - 1]
    for (const position of positions) {
      const bad = Buffer.from(good)
      bad[position] = bad[position]! ^ 1
      await writeFile(vaultFile(), bad)
      const { vault, test } = await start()
      expect(vault.status().state, `bit at ${position}`).toBe('uninitialised')
      expect(vault.status().note).toContain('damaged')
      await vault.create(passphrase)
      const aside = (await readdir(dataDir)).filter((name) => name.includes('.damaged-'))
      expect(aside).toHaveLength(1)
      expect((await readFile(join(dataDir, aside[0]!))).equals(bad)).toBe(true)
      expect(test.logLines.some((line) => line.level === 'error' && line.text.includes(aside[0]!))).toBe(true)
      await rm(join(dataDir, aside[0]!))
      vault.dispose()
    }
  })

  it.each([0, 1, 14, 18, 50, 100, -1])('is set aside when cut at %i', async (length) => {
    const good = await sealedFile()
    await writeFile(vaultFile(), good.subarray(0, length))
    expect((await start()).vault.status()).toMatchObject({ state: 'uninitialised' })
    expect((await readdir(dataDir)).some((name) => name.includes('.damaged-'))).toBe(true)
  })

  it('of a later version is left alone and named', async () => {
    const body = Buffer.alloc(16)
    const guard = { protection: 'os-keychain', backend: 'x', sealedKey: 'AAAA' } as const
    const preamble = Buffer.from(
      encodePreamble(guard, Buffer.alloc(12)).toString('latin1').replace('"version":1', '"version":7'),
      'latin1',
    )
    const bytes = encodeVaultFile({ guard, bodyNonce: Buffer.alloc(12), preamble, body })
    await writeFile(vaultFile(), bytes)
    const { vault } = await start({ keychain: createTestKeychain() })
    expect(vault.status().state).toBe('locked')
    expect(vault.status().note).toContain('later version')
    expect((await failureOf(vault.unlock(passphrase))).code).toBe('unsupported')
    expect((await failureOf(vault.create(passphrase))).code).toBe('conflict')
    expect((await readFile(vaultFile())).equals(bytes)).toBe(true)
  })

  it('that was forged with a right checksum does not open, and stays', async () => {
    const good = await sealedFile()
    const read = decodeVaultFile(good)
    if (read.kind !== 'whole') throw new Error('The file was expected to be whole.')
    const body = Buffer.from(read.file.body)
    body[0] = body[0]! ^ 1
    await writeFile(vaultFile(), encodeVaultFile({ ...read.file, body }))
    const { vault } = await start()
    expect((await failureOf(vault.unlock(passphrase))).message).toContain('changed by something else')
    expect(vault.status().state).toBe('locked')
  })

  it('cannot be made cheaper to guess: the cost is bound to the key', async () => {
    const good = await sealedFile()
    const read = decodeVaultFile(good)
    if (read.kind !== 'whole' || read.file.guard.protection !== 'passphrase') throw new Error('unexpected')
    const guard = { ...read.file.guard, kdf: { ...read.file.guard.kdf, memoryKiB: 128 } }
    await writeFile(
      vaultFile(),
      encodeVaultFile({ ...read.file, guard, preamble: encodePreamble(guard, read.file.bodyNonce) }),
    )
    expect((await failureOf((await start()).vault.unlock(passphrase))).code).toBe('unauthenticated')
  })

  it('that asks for the whole machine is refused before the work begins', async () => {
    const good = await sealedFile()
    const read = decodeVaultFile(good)
    if (read.kind !== 'whole' || read.file.guard.protection !== 'passphrase') throw new Error('unexpected')
    const guard = { ...read.file.guard, kdf: { ...read.file.guard.kdf, memoryKiB: 4_000_000_000 } }
    const forged = encodeVaultFile({
      ...read.file,
      guard,
      preamble: encodePreamble(guard, read.file.bodyNonce),
    })
    expect(decodeVaultFile(forged).kind).toBe('damaged')
  })

  it('keeps the old contents when the disk refuses the new ones', async () => {
    const { vault } = await start()
    await vault.create(passphrase)
    await vault.put(one, { password: secret })
    // A folder where the draft should go makes every write fail, whoever runs the test.
    await mkdir(`${vaultFile()}.new`)
    const error = await failureOf(vault.put(one, { password: 'newer' }))
    expect(error.message).toContain('nothing was changed')
    expect(vault.lease(one).read('password')).toBe(secret)
  })
})
