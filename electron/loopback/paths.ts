// Where things are for the loopback shell, run from source or from the bundle.
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Paths, WorkerName } from '#core/platform.ts'

const here = dirname(fileURLToPath(import.meta.url))
const isBundled = !here.endsWith(join('electron', 'loopback'))
/** The folder of package.json: two up from electron/loopback, two up from out/main. */
export const packageRoot = join(here, '..', '..')
export const pageRoot = join(packageRoot, 'out', 'renderer')

const workerSources: Record<WorkerName, string> = {
  'postgres-decode': 'electron/core/connectors/postgres/decode-worker.ts',
  'vault-kdf': 'electron/core/vault/vault-kdf.ts',
}

export const demoProcess = isBundled
  ? join(here, 'demo-process.js')
  : join(packageRoot, 'electron', 'demo', 'process.ts')

/** The system's usual place for an application's data. */
export function usualDataDir(): string {
  const home = homedir()
  if (process.platform === 'win32')
    return join(process.env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'Meridian')
  if (process.platform === 'darwin') return join(home, 'Library', 'Application Support', 'Meridian')
  return join(process.env['XDG_DATA_HOME'] ?? join(home, '.local', 'share'), 'meridian')
}

/** Makes the data directory for this user alone. Throws when it cannot be made or written. */
export function createPaths(dataDir: string): Paths {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  chmodSync(dataDir, 0o700)
  return {
    data: dataDir,
    resources: join(packageRoot, 'resources'),
    worker: (name) =>
      pathToFileURL(isBundled ? join(here, `${name}.js`) : join(packageRoot, workerSources[name])),
  }
}

export const isPageBuilt = (): boolean => existsSync(join(pageRoot, 'index.html'))
