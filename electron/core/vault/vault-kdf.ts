// The worker thread that turns a passphrase into a key: `platform.paths.worker('vault-kdf')` points here. Argon2id
// takes a quarter of a second of pure computation, which must not happen on the thread that answers windows. One
// order, one answer, then the thread ends and its memory goes.
import { parentPort } from 'node:worker_threads'
import { argon2id } from 'hash-wasm'
import type { KdfParameters } from './vault-file.ts'

export interface KdfOrder {
  passphrase: Uint8Array<ArrayBuffer>
  salt: Uint8Array<ArrayBuffer>
  parameters: KdfParameters
}

parentPort?.once('message', (order: KdfOrder) => {
  void argon2id({
    password: order.passphrase,
    salt: order.salt,
    memorySize: order.parameters.memoryKiB,
    iterations: order.parameters.iterations,
    parallelism: order.parameters.parallelism,
    hashLength: 32,
    outputType: 'binary',
  }).then((key) => {
    order.passphrase.fill(0)
    parentPort?.postMessage(key, [key.buffer as ArrayBuffer])
  })
})
