// Which keychain the vault is given, and what it is told when there is none.
import { describe, expect, it } from 'vitest'
import { findKeychain } from './keychain.ts'
import { createElectronFake, type FakeOptions } from './testing/electron-fake.ts'

const safeStorage = async (options: Partial<FakeOptions>) => {
  const { electron } = createElectronFake({ userData: '/u', appPath: '/a', ...options })
  await electron.app.whenReady()
  return electron.safeStorage
}

describe('the keychain', () => {
  it.each(['gnome_libsecret', 'kwallet', 'kwallet5', 'kwallet6'] as const)(
    'is %s where Linux has it, by its name',
    async (backend) => {
      const { keychain, note } = await findKeychain(await safeStorage({ storageBackend: backend }), 'linux')
      expect([keychain?.backend, note]).toEqual([backend, null])
    },
  )

  it('has the name of its system elsewhere', async () => {
    expect((await findKeychain(await safeStorage({}), 'darwin')).keychain?.backend).toBe('keychain')
    expect((await findKeychain(await safeStorage({}), 'win32')).keychain?.backend).toBe('dpapi')
  })

  it('gives back what it sealed, byte for byte', async () => {
    const { keychain } = await findKeychain(await safeStorage({}), 'darwin')
    const key = Uint8Array.from({ length: 256 }, (_unused, index) => index)
    const sealed = await keychain!.seal(key)
    expect(sealed).not.toEqual(key)
    expect(await keychain!.unseal(sealed)).toEqual(key)
  })

  it.each([
    ['basic_text', /No keyring .* passphrase/],
    ['unknown', /could not be identified.*passphrase/],
  ] as const)('is refused for %s, with a sentence', async (backend, sentence) => {
    const { keychain, note } = await findKeychain(await safeStorage({ storageBackend: backend }), 'linux')
    expect(keychain).toBeNull()
    expect(note).toMatch(sentence)
  })

  it('is refused when the system does not open it', async () => {
    const { keychain, note } = await findKeychain(
      await safeStorage({ isEncryptionAvailable: false }),
      'darwin',
    )
    expect(keychain).toBeNull()
    expect(note).toMatch(/\(keychain\) is not available/)
  })

  it('names itself and a remedy when it cannot open what it is given', async () => {
    const { keychain } = await findKeychain(await safeStorage({}), 'linux')
    await expect(keychain!.unseal(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({
      code: 'upstream',
      message: expect.stringContaining('gnome_libsecret') as string,
      remedy: expect.stringContaining('Unlock') as string,
    })
  })
})
