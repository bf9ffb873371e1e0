// VNC authentication, RFB's security type 2: the challenge is answered by DES under the password. It protects little by
// itself; here it always runs inside of TLS. Node has no plain DES any more, but triple DES with one key thrice is it.
import { createCipheriv } from 'node:crypto'

const keyBytes = 8

/** The answer to a 16-byte challenge. Only the first eight bytes of the password count; shorter ones end in zeros. */
export function answerChallenge(challenge: Uint8Array, password: string): Uint8Array {
  const key = Buffer.alloc(keyBytes)
  Buffer.from(password, 'latin1').copy(key, 0, 0, keyBytes)
  // RFB takes the bits of each key byte the other way round.
  const single = Buffer.from(key.map(mirrorBits))
  const encrypt = (block: Uint8Array): Buffer => {
    const cipher = createCipheriv('des-ede3-cbc', Buffer.concat([single, single, single]), Buffer.alloc(keyBytes))
    return cipher.setAutoPadding(false).update(block)
  }
  return Buffer.concat([encrypt(challenge.subarray(0, keyBytes)), encrypt(challenge.subarray(keyBytes, 2 * keyBytes))])
}

function mirrorBits(byte: number): number {
  let mirrored = 0
  for (let bit = 0; bit < 8; bit += 1) if (byte & (1 << bit)) mirrored |= 0x80 >> bit
  return mirrored
}
