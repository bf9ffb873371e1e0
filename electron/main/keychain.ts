// The operating system's keychain, as the vault uses it. On Linux several exist and one ("basic_text") protects
// nothing: then there is no keychain at all, and a sentence says why, so that the vault asks for a passphrase.
import { AppError } from '#shared/errors.ts'
import type { Keychain } from '#core/platform.ts'
import type { ElectronSlice } from './electron-slice.ts'

export interface KeychainChoice {
  keychain: Keychain | null
  /** Why there is none, as a sentence for the vault screen. */
  note: string | null
}

type SafeStorage = ElectronSlice['safeStorage']

const backendNames: Record<string, string> = { darwin: 'keychain', win32: 'dpapi' }

/** Call after the app is ready: before, Electron does not know its backend. */
export async function findKeychain(
  safeStorage: SafeStorage,
  system: NodeJS.Platform,
): Promise<KeychainChoice> {
  const backend = backendNames[system] ?? safeStorage.getSelectedStorageBackend()
  if (backend === 'basic_text')
    return refuse(
      'No keyring (GNOME Keyring or KWallet) was found on this system, so a passphrase protects the vault instead.',
    )
  if (backend === 'unknown')
    return refuse(
      'The keyring of this system could not be identified, so a passphrase protects the vault instead.',
    )
  if (!(await isAvailable(safeStorage)))
    return refuse(
      `The keyring of this system (${backend}) is not available, so a passphrase protects the vault instead.`,
    )
  return { keychain: createKeychain(safeStorage, backend), note: null }
}

const refuse = (note: string): KeychainChoice => ({ keychain: null, note })

const isAvailable = (safeStorage: SafeStorage): Promise<boolean> =>
  safeStorage.isAsyncEncryptionAvailable().catch(() => false)

/** safeStorage seals texts, so bytes go through base64. */
function createKeychain(safeStorage: SafeStorage, backend: string): Keychain {
  const failed = (what: string, cause: unknown): AppError =>
    new AppError(
      'upstream',
      `The keyring of this system (${backend}) could not ${what} the key of the vault.`,
      {
        remedy: 'Unlock the keyring of your session and try again.',
        target: { system: backend },
        cause,
      },
    )
  return {
    backend,
    async seal(plain) {
      try {
        return new Uint8Array(await safeStorage.encryptStringAsync(Buffer.from(plain).toString('base64')))
      } catch (cause) {
        throw failed('seal', cause)
      }
    },
    async unseal(sealed) {
      try {
        const { result } = await safeStorage.decryptStringAsync(Buffer.from(sealed))
        return new Uint8Array(Buffer.from(result, 'base64'))
      } catch (cause) {
        throw failed('open', cause)
      }
    },
  }
}
