// The data key in the care of the operating system's keychain. Every wait has a limit: a keychain may show a dialog
// of its own that nobody answers. Called by sealed-vault.ts only.
import { AppError, isAppError } from '#shared/errors.ts'
import type { Keychain } from '../platform.ts'
import { keyBytes } from './sealing.ts'
import type { KeyGuard } from './vault-file.ts'

export type KeychainGuard = Extract<KeyGuard, { protection: 'os-keychain' }>

/** Rejects when the keychain refuses or does not give back what it was given. */
export async function sealKey(
  keychain: Keychain,
  dataKey: Buffer,
  timeoutMs: number,
): Promise<KeychainGuard> {
  const sealed = await within(timeoutMs, keychain, keychain.seal(dataKey))
  const guard: KeychainGuard = {
    protection: 'os-keychain',
    backend: keychain.backend,
    sealedKey: Buffer.from(sealed).toString('base64'),
  }
  const again = await unsealKey(keychain, guard, timeoutMs)
  const isSame = again.equals(dataKey)
  again.fill(0)
  if (!isSame) throw refused(keychain.backend, new Error('another key came back'))
  return guard
}

/** The data key. Rejects with a sentence when there is no such keychain here, or it refuses. */
export async function unsealKey(
  keychain: Keychain | null,
  guard: KeychainGuard,
  timeoutMs: number,
): Promise<Buffer> {
  if (!keychain)
    throw new AppError('unsupported', `The vault is sealed by ${guard.backend}, which cannot be used here.`, {
      remedy:
        'Open it with the desktop application, or start Meridian with another data directory (--data-dir).',
    })
  const key = Buffer.from(
    await within(timeoutMs, keychain, keychain.unseal(Buffer.from(guard.sealedKey, 'base64'))),
  )
  if (key.length !== keyBytes) throw refused(keychain.backend, new Error('a key of another length'))
  return key
}

const refused = (backend: string, cause: unknown): AppError =>
  new AppError(
    'unauthenticated',
    `The keychain of this system (${backend}) did not give the key of the vault.`,
    {
      remedy: 'Unlock the keychain of your session, then press Unlock.',
      cause,
    },
  )

async function within<T>(timeoutMs: number, keychain: Keychain, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new AppError(
            'timeout',
            `The keychain of this system (${keychain.backend}) did not answer within ${timeoutMs / 1000} s.`,
            {
              remedy: 'Answer its dialog or unlock it, then press Unlock.',
            },
          ),
        ),
      timeoutMs,
    )
  })
  try {
    return await Promise.race([work, late])
  } catch (error) {
    throw isAppError(error) ? error : refused(keychain.backend, error)
  } finally {
    clearTimeout(timer)
  }
}
