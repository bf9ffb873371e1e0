// One Meridian per data directory: two would write the same store and vault. A lock file names the process; one whose
// process is gone (after kill -9) is taken over.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Claims the directory and returns what releases it. Throws with a sentence when another instance holds it. */
export function claimDataDir(dataDir: string): () => void {
  const path = join(dataDir, 'instance.lock')
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx', mode: 0o600 })
      return () => rmSync(path, { force: true })
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
      const holder = Number(readFileSync(path, 'utf8'))
      if (isAlive(holder))
        throw new Error(
          `Another Meridian (process ${holder}) uses ${dataDir}: end it, or take another place with --data-dir.`,
        )
      rmSync(path, { force: true })
    }
  }
  throw new Error(`The lock file ${path} cannot be taken over: remove it if no Meridian runs.`)
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
}
