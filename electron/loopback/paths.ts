// Where things are for the loopback shell, run from source or from the bundle. Only index.ts knows where it lies
// itself: a bundler may move every other module.
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Paths, WorkerName } from '#core/platform.ts'
import { AppError } from '#shared/errors.ts'

export interface LoopbackPaths {
  core: Paths
  pageRoot: string
  demoProcess: string
  logFile: string
  /** The folder of package.json. */
  packageRoot: string
}

const workerSources: Record<WorkerName, string> = {
  'postgres-decode': 'electron/core/connectors/postgres/decode-worker.ts',
  'vault-kdf': 'electron/core/vault/vault-kdf.ts',
}

/** `entry` is the file of the composition root: electron/loopback/index.ts or out/main/loopback.js. */
export function loopbackPaths(entry: string, dataDir: string): LoopbackPaths {
  const isSource = entry.endsWith('.ts')
  const here = dirname(entry)
  const packageRoot = join(here, '..', '..')
  const resources = join(packageRoot, 'resources')
  const worker = (name: WorkerName): URL =>
    pathToFileURL(isSource ? join(packageRoot, workerSources[name]) : join(here, `${name}.js`))
  return {
    core: { data: dataDir, resources, worker },
    pageRoot: join(packageRoot, 'out', 'renderer'),
    demoProcess: isSource
      ? join(packageRoot, 'electron', 'demo', 'process.ts')
      : join(here, 'demo-process.js'),
    logFile: join(dataDir, 'logs', 'meridian.log'),
    packageRoot,
  }
}

interface System {
  platform: NodeJS.Platform
  env: NodeJS.ProcessEnv
  home: string
}

/** The system's usual place for an application's data. */
export function usualDataDir(
  system: System = { platform: process.platform, env: process.env, home: homedir() },
): string {
  const { platform, env, home } = system
  if (platform === 'win32') return join(env['LOCALAPPDATA'] || join(home, 'AppData', 'Local'), 'Meridian')
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Meridian')
  return join(env['XDG_DATA_HOME'] || join(home, '.local', 'share'), 'meridian')
}

/** Makes the data directory, readable by its owner alone. Throws a sentence when it cannot be made or is not ours. */
export function makeDataDir(dataDir: string): void {
  const remedy = 'Choose another place with --data-dir, or correct its permissions.'
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    const isPrivate = (statSync(dataDir).mode & 0o077) === 0
    if (process.platform === 'win32' || isPrivate) return
    if (isEmptyOrOurs(dataDir)) return chmodSync(dataDir, 0o700)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('forbidden', `Meridian cannot use ${dataDir} for its data: ${reason}.`, {
      remedy,
      cause,
    })
  }
  throw new AppError(
    'forbidden',
    `${dataDir} holds other files and is open to other users of this machine.`,
    { remedy },
  )
}

const isEmptyOrOurs = (dataDir: string): boolean => {
  const names = readdirSync(dataDir)
  return names.length === 0 || names.some((name) => name === 'meridian.sqlite' || name === 'instance.lock')
}
