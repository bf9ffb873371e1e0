// The vault as its users meet it: made, opened, locked, changed, guessed at, and started again.
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { settings as settingsSchema } from '#shared/contracts/app.ts'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Keychain } from '../platform.ts'
import { createTestKeychain, createTestPlatform, type TestPlatform } from '../testing/test-platform.ts'
import { waitAfter } from './attempt-throttle.ts'
import { openVault } from './sealed-vault.ts'
import { vaultFileName } from './vault-disk.ts'
import type { KdfParameters } from './vault-file.ts'
import type { Vault } from './vault.ts'

const kdf: KdfParameters = { algorithm: 'argon2id', memoryKiB: 64, iterations: 1, parallelism: 1 }
const one = 'connection-one' as ConnectionId
const two = 'connection-two' as ConnectionId
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

describe('with a passphrase', () => {
  it('begins uninitialised and says what to do', async () => {
    const { vault } = await start({ note: 'No keyring was found.' })
    expect(vault.status()).toEqual({
      state: 'uninitialised',
      protection: 'passphrase',
      backend: null,
      retryAtMs: null,
      note: 'No keyring was found.',
    })
    const error = await failureOf(vault.put(one, { password: secret }))
    expect(error).toMatchObject({ code: 'locked', message: 'There is no vault yet.' })
    expect(error.remedy).toContain('Create it')
    expect(vault.lease(one).read('password')).toBeUndefined()
    await vault.remove(one)
    expect(existsSync(vaultFile())).toBe(false)
  })

  it('keeps secrets across restarts, readable only with the passphrase', async () => {
    const first = (await start()).vault
    expect((await first.create(passphrase)).state).toBe('unlocked')
    await first.put(one, { password: secret, totpSeed: 'ABC' })
    first.dispose()
    const { vault } = await start()
    expect(vault.status().state).toBe('locked')
    expect(() => vault.lease(one).read('password')).toThrow(/locked/)
    expect((await failureOf(vault.put(one, { password: 'other' }))).code).toBe('locked')
    await vault.unlock(passphrase)
    expect(vault.lease(one).read('password')).toBe(secret)
    expect(vault.names(one).sort()).toEqual(['password', 'totpSeed'])
  })

  it('accepts the same passphrase typed in another Unicode form', async () => {
    const first = (await start()).vault
    await first.create('caf\u00e9 au lait')
    first.dispose()
    expect((await (await start()).vault.unlock('cafe\u0301 au lait')).state).toBe('unlocked')
  })

  it('shows no secret, name of a connection or passphrase in its file', async () => {
    const { vault } = await start()
    await vault.create(passphrase)
    await vault.put(one, { kubeconfig: secret.repeat(1000) })
    const bytes = (await readFile(vaultFile())).toString('latin1')
    for (const text of [secret, one, passphrase, Buffer.from(secret).toString('base64').slice(0, 20)])
      expect(bytes).not.toContain(text)
    if (process.platform !== 'win32') expect((await stat(vaultFile())).mode & 0o777).toBe(0o600)
  })

  it('seals the same contents differently each time', async () => {
    const { vault } = await start()
    await vault.create(passphrase)
    await vault.put(one, { password: secret })
    const before = await readFile(vaultFile())
    await vault.put(one, { password: secret })
    expect((await readFile(vaultFile())).subarray(-64).equals(before.subarray(-64))).toBe(false)
  })

  it('removes with an empty text, keeps what is absent, copies and forgets', async () => {
    const { vault } = await start()
    await vault.create(passphrase)
    await vault.put(one, { password: 'a', totpSeed: 'b' })
    await vault.put(one, { password: '' })
    expect(vault.names(one)).toEqual(['totpSeed'])
    await vault.copy(one, two)
    await vault.remove(one)
    expect([vault.names(one), vault.lease(two).read('totpSeed')]).toEqual([[], 'b'])
  })

  it('loses none of many changes at once', async () => {
    const { vault } = await start()
    await vault.create(passphrase)
    const ids = Array.from({ length: 40 }, (_, index) => `c${index}` as ConnectionId)
    await Promise.all(ids.map((id) => vault.put(id, { password: `secret of ${id}` })))
    await Promise.all([vault.put(one, { password: 'x' }), vault.remove(one)])
    vault.dispose()
    const again = (await start()).vault
    await again.unlock(passphrase)
    expect(ids.map((id) => again.lease(id).read('password'))).toEqual(ids.map((id) => `secret of ${id}`))
    expect(again.names(one)).toEqual([])
  })

  it('keeps ephemeral secrets in memory only, readable while locked', async () => {
    const { vault } = await start()
    await vault.put(one, { password: secret }, { isEphemeral: true })
    expect(vault.lease(one).read('password')).toBe(secret)
    await vault.create(passphrase)
    await vault.copy(one, two)
    vault.lock()
    expect(vault.lease(one).read('password')).toBe(secret)
    expect(vault.lease(two).read('password')).toBe(secret)
    vault.dispose()
    const again = (await start()).vault
    await again.unlock(passphrase)
    expect(again.names(one)).toEqual([])
  })

  it('refuses a second vault and a short passphrase', async () => {
    const { vault } = await start()
    expect(await failureOf(vault.create('short'))).toMatchObject({
      code: 'invalid-input',
      detail: { kind: 'validation' },
    })
    await vault.create(passphrase)
    expect((await failureOf(vault.create(passphrase))).code).toBe('conflict')
  })

  it('changes the passphrase: the old one is refused, the contents stay', async () => {
    const { vault } = await start()
    await vault.create(passphrase)
    await vault.put(one, { password: secret })
    expect((await failureOf(vault.changePassphrase('not the current', 'a new passphrase'))).code).toBe(
      'unauthenticated',
    )
    await expect.poll(() => vault.status().retryAtMs, { timeout: 3000 }).toBeNull()
    await vault.changePassphrase(passphrase, 'a new passphrase')
    expect(vault.lease(one).read('password')).toBe(secret)
    vault.dispose()
    const again = (await start()).vault
    expect((await failureOf(again.unlock(passphrase))).code).toBe('unauthenticated')
    await expect.poll(() => again.status().retryAtMs, { timeout: 3000 }).toBeNull()
    await again.unlock('a new passphrase')
    expect(again.lease(one).read('password')).toBe(secret)
  })

  it('tells its watchers each change of state', async () => {
    const { vault } = await start()
    const ending = new AbortController()
    const seen: string[] = []
    const watching = (async () => {
      for await (const status of vault.changes.subscribe(ending.signal, vault.status()))
        seen.push(status.state)
    })()
    await vault.create(passphrase)
    await expect.poll(() => seen.at(-1)).toBe('unlocked')
    vault.lock()
    await expect.poll(() => seen.at(-1)).toBe('locked')
    ending.abort()
    await watching
  })

  it('does not hold up the event loop while it computes', async () => {
    const test = await createTestPlatform({ dataDir })
    const vault = await openVault({
      platform: test.platform,
      settings: { get: () => settingsSchema.parse({}) },
    })
    opened.push({ vault, test })
    let longestMs = 0
    let last = performance.now()
    const timer = setInterval(() => {
      const time = performance.now()
      longestMs = Math.max(longestMs, time - last)
      last = time
    }, 5)
    await vault.create(passphrase)
    clearInterval(timer)
    // The computation itself takes some 250 ms; a busy test machine may delay a timer by a part of that.
    expect(longestMs).toBeLessThan(150)
  })
})

describe('guessing', () => {
  it('doubles the wait after each wrong passphrase, up to a quarter of an hour', () => {
    expect([1, 2, 3, 4].map(waitAfter)).toEqual([1000, 2000, 4000, 8000])
    expect(waitAfter(1_000_000)).toBe(900_000)
  })

  it('refuses early attempts, right or wrong, also after a restart', async () => {
    const first = await start({ nowMs: 1_000_000 })
    await first.vault.create(passphrase)
    first.vault.lock()
    expect((await failureOf(first.vault.unlock('wrong one'))).code).toBe('unauthenticated')
    expect(first.vault.status().retryAtMs).toBe(1_001_000)
    expect((await failureOf(first.vault.unlock(passphrase))).code).toBe('rate-limited')
    first.vault.dispose()

    const second = await start({ nowMs: 1_000_500 })
    expect(second.vault.status().retryAtMs).toBe(1_001_000)
    const early = await failureOf(second.vault.unlock(passphrase))
    expect(early.message).toContain('in 1 s')
    second.test.advance(600)
    expect((await failureOf(second.vault.unlock('wrong two'))).code).toBe('unauthenticated')
    expect(second.vault.status().retryAtMs).toBe(1_001_100 + 2000)
    second.test.advance(2000)
    expect((await second.vault.unlock(passphrase)).retryAtMs).toBeNull()
    second.vault.lock()
    await failureOf(second.vault.unlock('wrong three'))
    expect(second.vault.status().retryAtMs).toBe(1_003_100 + 1000)
  })

  it('does not let attempts at once slip past', async () => {
    const { vault } = await start({ nowMs: 5_000 })
    await vault.create(passphrase)
    vault.lock()
    const codes = (
      await Promise.all(['a', 'b', 'c', passphrase].map((guess) => failureOf(vault.unlock(guess))))
    ).map((error) => error.code)
    expect(codes).toEqual(['unauthenticated', 'rate-limited', 'rate-limited', 'rate-limited'])
  })

  it('never locks the owner out for longer than a quarter of an hour when the clock was set back', async () => {
    await writeFile(
      join(dataDir, 'vault-attempts.json'),
      JSON.stringify({ failures: 3, retryAtMs: 9_999_999_999_999 }),
    )
    const { vault } = await start({ nowMs: 1_000 })
    expect(vault.status().retryAtMs).toBe(901_000)
  })
})

describe('left alone', () => {
  it('locks after the idle time, and only then; touch begins it anew', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { vault, test } = await start({ nowMs: 0, idleLockMinutes: 10 })
    await vault.create(passphrase)
    test.advance(9 * 60_000)
    vi.advanceTimersByTime(10_000)
    expect(vault.status().state).toBe('unlocked')
    vault.touch()
    test.advance(9 * 60_000)
    vi.advanceTimersByTime(10_000)
    expect(vault.status().state).toBe('unlocked')
    test.advance(60_000)
    vi.advanceTimersByTime(10_000)
    expect(vault.status().state).toBe('locked')
    expect(() => vault.lease(one).read('password')).toThrow(/locked/)
  })

  it('never locks by itself when the setting is 0', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { vault, test } = await start({ nowMs: 0, idleLockMinutes: 0 })
    await vault.create(passphrase)
    test.advance(1000 * 60_000)
    vi.advanceTimersByTime(60_000)
    expect(vault.status().state).toBe('unlocked')
  })
})

describe('with a keychain', () => {
  it('makes and opens itself', async () => {
    const keychain = createTestKeychain()
    const first = (await start({ keychain })).vault
    expect(first.status()).toMatchObject({
      state: 'unlocked',
      protection: 'os-keychain',
      backend: 'test-keyring',
    })
    await first.put(one, { password: secret })
    first.dispose()
    const { vault } = await start({ keychain })
    expect(vault.lease(one).read('password')).toBe(secret)
    vault.lock()
    expect(vault.status().state).toBe('locked')
    expect((await vault.unlock('')).state).toBe('unlocked')
    expect((await failureOf(vault.changePassphrase('anything', 'a new passphrase'))).code).toBe('conflict')
  })

  it('is locked, not lost, while the keychain refuses', async () => {
    const keychain = createTestKeychain()
    const first = (await start({ keychain })).vault
    await first.put(one, { password: secret })
    first.dispose()
    keychain.fail('the keyring is locked')
    const { vault } = await start({ keychain })
    expect(vault.status()).toMatchObject({ state: 'locked', protection: 'os-keychain' })
    expect(vault.status().note).toContain('test-keyring')
    expect((await failureOf(vault.unlock(''))).message).toContain('did not give the key')
    keychain.fail(null)
    expect((await vault.unlock('')).note).toBeNull()
    expect(vault.lease(one).read('password')).toBe(secret)
  })

  it('says where a vault belongs that another shell sealed', async () => {
    const first = (await start({ keychain: createTestKeychain('gnome_libsecret') })).vault
    first.dispose()
    const { vault } = await start()
    expect(vault.status()).toMatchObject({ state: 'locked', backend: 'gnome_libsecret' })
    expect(vault.status().note).toMatch(/gnome_libsecret.*desktop application/)
    expect((await failureOf(vault.create(passphrase))).code).toBe('conflict')
  })

  it('asks for a passphrase when the keychain refuses to seal, or gives back something else', async () => {
    const refusing = createTestKeychain()
    refusing.fail('no')
    const { vault } = await start({ keychain: refusing })
    expect(vault.status()).toMatchObject({ state: 'uninitialised', protection: 'passphrase' })
    expect(vault.status().note).toContain('did not give')
    expect((await vault.create(passphrase)).protection).toBe('passphrase')
    await rm(vaultFile())
    const forgetful: Keychain = {
      backend: 'forgetful',
      seal: (plain) => Promise.resolve(plain),
      unseal: () => Promise.resolve(new Uint8Array(32)),
    }
    expect((await start({ keychain: forgetful })).vault.status().state).toBe('uninitialised')
  })
})
