// Whether a kept result holds a 64-bit whole number, without decoding it: Arrow keeps int8 columns as they are in
// memory, eight bytes a value at multiples of eight. Ids of this size do not occur by chance.
import { open } from 'node:fs/promises'

/** A multiple of eight, so that no value is cut by the border of two pieces. */
const pieceBytes = 4 * 1024 * 1024

/** The number that a text is, when it is long enough to be an id; null otherwise. */
export function wholeNumberIn(text: string): bigint | null {
  if (!/^-?\d{10,19}$/.test(text)) return null
  const value = BigInt(text)
  return BigInt.asIntN(64, value) === value ? value : null
}

/** False also when the file is gone, or when `signal` fires before it was found. */
export async function holdsInteger(path: string, value: bigint, signal: AbortSignal): Promise<boolean> {
  const pattern = Buffer.alloc(8)
  pattern.writeBigInt64LE(value)
  const file = await open(path, 'r').catch(() => undefined)
  if (!file) return false
  try {
    const piece = Buffer.allocUnsafe(pieceBytes)
    for (let position = 0; !signal.aborted;) {
      const { bytesRead } = await file.read(piece, 0, pieceBytes, position)
      if (bytesRead === 0) return false
      if (hasAligned(piece.subarray(0, bytesRead), pattern)) return true
      position += bytesRead
    }
    return false
  } finally {
    await file.close()
  }
}

function hasAligned(bytes: Buffer, pattern: Buffer): boolean {
  for (let at = bytes.indexOf(pattern); at >= 0; at = bytes.indexOf(pattern, at + 1)) if (at % 8 === 0) return true
  return false
}
