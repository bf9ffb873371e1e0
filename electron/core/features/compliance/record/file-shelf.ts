// Files that people attach to attestations, and scans that they import: kept once, under their own SHA-256, in the data
// directory. A name is only ever a label; it never becomes part of a path.
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, mkdirSync } from 'node:fs'
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#shared/errors.ts'

export const maxFileBytes = 50_000_000
const sha256Pattern = /^[0-9a-f]{64}$/

export function createFileShelf(directory: string) {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const pathOf = (sha256: string): string => {
    if (!sha256Pattern.test(sha256)) throw new AppError('invalid-input', 'This is no SHA-256.')
    return join(directory, sha256)
  }
  return {
    /** Keeps what comes until `byteLength` is there. Rejects, and keeps nothing, when it is more or less. */
    async keep(chunks: AsyncIterable<Uint8Array>, byteLength: number): Promise<string> {
      const path = join(directory, `incoming-${randomUUID()}`)
      const file = await open(path, 'wx', 0o600)
      const hash = createHash('sha256')
      let received = 0
      try {
        for await (const chunk of chunks) {
          received += chunk.byteLength
          if (received > byteLength) throw new AppError('invalid-input', 'The file is longer than was announced.')
          hash.update(chunk)
          await file.write(chunk)
          if (received === byteLength) break
        }
        if (received < byteLength) throw new AppError('cancelled', 'The file did not arrive in full.')
        await file.sync()
      } catch (error) {
        await file.close()
        await rm(path, { force: true })
        throw error
      }
      await file.close()
      const sha256 = hash.digest('hex')
      await rename(path, pathOf(sha256))
      return sha256
    },
    /** Throws `not-found`. */
    async size(sha256: string): Promise<number> {
      try {
        return (await stat(pathOf(sha256))).size
      } catch (error) {
        throw new AppError('not-found', 'This file is not kept here.', { remedy: 'Attach it again.', cause: error })
      }
    },
    /** The whole file as text, checked against its hash. */
    async text(sha256: string): Promise<string> {
      await this.size(sha256)
      const bytes = await readFile(pathOf(sha256))
      if (createHash('sha256').update(bytes).digest('hex') !== sha256)
        throw new AppError('upstream', 'The kept file was changed on the disk; it no longer has its hash.')
      return bytes.toString('utf8')
    },
    read: (sha256: string): AsyncIterable<Uint8Array> => createReadStream(pathOf(sha256)),
  }
}
export type FileShelf = ReturnType<typeof createFileShelf>
