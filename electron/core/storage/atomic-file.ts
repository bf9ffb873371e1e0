// Replacing a small file so that a crash at any moment leaves either the old one or the new one, whole. Used by the
// vault and the throttle; the sqlite store has its own journal.
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** Where the bytes wait until they replace the file. A leftover of a crash is simply overwritten. */
export const draftOf = (path: string): string => `${path}.new`

/** Writes, syncs, renames, syncs the folder. Resolves when the bytes are durable; rejects with the old file untouched. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const draft = draftOf(path)
  try {
    const file = await open(draft, 'w', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await renameOver(draft, path)
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw error
  }
  await syncFolder(dirname(path))
}

/** On Windows a virus scanner may hold the old file for a moment. */
async function renameOver(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await rename(from, to)
    } catch (error) {
      const isHeld = ['EPERM', 'EACCES', 'EBUSY'].includes((error as NodeJS.ErrnoException).code ?? '')
      if (process.platform !== 'win32' || !isHeld || attempt === 10) throw error
      await delay(30 * attempt)
    }
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder; its rename is journalled by the file system.
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
