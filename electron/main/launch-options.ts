// What the command line may tell the desktop shell. Chromium and the system add switches of their own, so unknown
// words are passed over here; the launcher is the one that checks spelling.
import { isAbsolute, resolve } from 'node:path'

export interface LaunchOptions {
  opensDemo: boolean
  /** Absolute; undefined = the system's usual place. */
  dataDir: string | undefined
}

export function readLaunchOptions(argv: readonly string[], cwd: string): LaunchOptions {
  const at = argv.findIndex((word) => word === '--data-dir' || word.startsWith('--data-dir='))
  const word = at < 0 ? undefined : argv[at]!
  const value = word?.includes('=') ? word.slice(word.indexOf('=') + 1) : argv[at + 1]
  const dataDir = word !== undefined && value && !value.startsWith('--') ? value : undefined
  return {
    opensDemo: argv.includes('--demo'),
    dataDir: dataDir === undefined ? undefined : isAbsolute(dataDir) ? dataDir : resolve(cwd, dataDir),
  }
}
