// Scripts on a demo machine that really run. The machine's files live in memory; what a script needs (its own directory,
// the user's settings) is put into a private directory of this computer, and what it writes there shows on the machine.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { LabRunner } from '../containers/lab-runner.ts'
import { parentOf, type MemoryFiles } from './shell/memory-files.ts'

export interface RealScripts {
  readonly canRun: boolean
  /** Runs `path` with its arguments; resolves with the exit code. Ends it when the signal fires. */
  run(path: string, args: readonly string[], environment: Readonly<Record<string, string>>, out: (text: string) => void, signal: AbortSignal): Promise<number>
  /** What scripts have written since the last look becomes visible; what was removed on the machine goes here too. */
  refresh(): void
}

const shownBytes = 16 * 2 ** 20

/** `user` is who the scripts run as on the machine. */
export function createRealScripts(runner: LabRunner, machine: { hostname: string; home: string; files: MemoryFiles }): RealScripts {
  const { hostname, home, files } = machine
  /** Directories that scripts were started in, by their path on the machine. */
  const directories = new Set<string>()
  let root: string | undefined

  /** Everything below a directory of the machine, as it is in memory. */
  function* filesBelow(directory: string): Generator<string, void, void> {
    if (!files.exists(directory)) return
    for (const name of files.list(directory)) {
      const path = `${directory}/${name}`
      if (files.stat(path).isDirectory) yield* filesBelow(path)
      else yield path
    }
  }
  function putOut(directory: string): void {
    for (const path of filesBelow(directory)) {
      const real = join(root ?? '', path)
      // What lies there already is the script's own, and newer.
      if (existsSync(real)) continue
      mkdirSync(dirname(real), { recursive: true })
      writeFileSync(real, files.read(path), { mode: 0o600 })
    }
  }
  function show(directory: string): void {
    const real = join(root ?? '', directory)
    for (const entry of readdirSync(real, { withFileTypes: true })) {
      const path = `${directory}/${entry.name}`
      const place = join(real, entry.name)
      if (entry.isFile() && !files.exists(path)) files.furnish(path, () => readShown(place))
    }
  }
  const refresh = (): void => {
    for (const directory of directories) {
      if (files.exists(directory)) show(directory)
      else {
        directories.delete(directory)
        rmSync(join(root ?? '', directory), { recursive: true, force: true })
      }
    }
  }
  return {
    get canRun() {
      return runner.canRun
    },
    refresh,
    async run(path, args, environment, out, signal) {
      const directory = parentOf(path)
      root ??= await runner.keptDirectory(hostname)
      // Only a script that somebody put into the user's own home runs.
      if (!path.startsWith(`${home}/`) || !files.exists(path)) {
        out(`python3: can't open file '${path}': [Errno 2] No such file or directory\n`)
        return 2
      }
      directories.add(directory)
      putOut(directory)
      putOut(`${home}/.config`)
      const started = runner.runIn(
        join(root, directory),
        [join(root, path), ...args],
        { USER: environment['USER'] ?? '', HOME: join(root, home), TMPDIR: join(root, directory) },
        (text) => out(`${text}\n`),
      )
      const stop = (): void => started.kill()
      signal.addEventListener('abort', stop, { once: true })
      const { exitCode } = await started.ended
      signal.removeEventListener('abort', stop)
      refresh()
      return exitCode
    },
  }
}

function readShown(place: string): string {
  try {
    return statSync(place).size > shownBytes ? readFileSync(place).subarray(0, shownBytes).toString('utf8') : readFileSync(place, 'utf8')
  } catch {
    return ''
  }
}
