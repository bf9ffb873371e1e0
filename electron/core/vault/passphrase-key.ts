// From a passphrase to the data key and back: Argon2id in a worker thread makes a key, that key wraps the vault's
// random data key. A change of passphrase wraps the same data key anew. Called by sealed-vault.ts only.
import { randomBytes } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { AppError } from '#shared/errors.ts'
import { newNonce, seal, unseal } from './sealing.ts'
import { guardContext, type KdfParameters, type KeyGuard } from './vault-file.ts'
import type { KdfOrder } from './vault-kdf.ts'

/** 64 MiB and 3 passes: about a quarter of a second on a laptop, and expensive for a rack of graphics cards. */
export const defaultKdf: KdfParameters = {
  algorithm: 'argon2id',
  memoryKiB: 65_536,
  iterations: 3,
  parallelism: 1,
}

export type PassphraseGuard = Extract<KeyGuard, { protection: 'passphrase' }>

const saltBytes = 16
const deriveTimeoutMs = 60_000

/** Wraps `dataKey` under a new salt. */
export async function wrapKey(
  worker: URL,
  passphrase: string,
  dataKey: Buffer,
  parameters: KdfParameters,
): Promise<PassphraseGuard> {
  const kdf = { ...parameters, salt: randomBytes(saltBytes).toString('base64') }
  const nonce = newNonce()
  const key = await deriveKey(worker, passphrase, kdf)
  try {
    const wrappedKey = seal(key, nonce, dataKey, guardContext(kdf)).toString('base64')
    return { protection: 'passphrase', kdf, nonce: nonce.toString('base64'), wrappedKey }
  } finally {
    key.fill(0)
  }
}

/** Undefined when the passphrase is not the one. */
export async function unwrapKey(
  worker: URL,
  passphrase: string,
  guard: PassphraseGuard,
): Promise<Buffer | undefined> {
  const key = await deriveKey(worker, passphrase, guard.kdf)
  try {
    return unseal(
      key,
      Buffer.from(guard.nonce, 'base64'),
      Buffer.from(guard.wrappedKey, 'base64'),
      guardContext(guard.kdf),
    )
  } finally {
    key.fill(0)
  }
}

/** The same letters typed on another keyboard may come composed differently: NFKC makes them one. */
const bytesOf = (passphrase: string): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(passphrase.normalize('NFKC'))

async function deriveKey(
  module: URL,
  passphrase: string,
  kdf: KdfParameters & { salt: string },
): Promise<Uint8Array> {
  const { salt, ...parameters } = kdf
  const order: KdfOrder = {
    passphrase: bytesOf(passphrase),
    salt: new Uint8Array(Buffer.from(salt, 'base64')),
    parameters,
  }
  const worker = new Worker(module)
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      const fail = (cause: unknown): void =>
        reject(
          new AppError('internal', 'The passphrase could not be checked: the computation failed.', {
            remedy: 'It needs 64 MiB of free memory. Close other programs and try again.',
            cause,
          }),
        )
      timer = setTimeout(() => fail(new Error('timeout')), deriveTimeoutMs)
      worker.once('message', resolve).once('error', fail)
      worker.once('exit', (code) => fail(new Error(`The thread ended with ${code}.`)))
      worker.postMessage(order, [order.passphrase.buffer])
    })
  } finally {
    clearTimeout(timer)
    void worker.terminate()
  }
}
