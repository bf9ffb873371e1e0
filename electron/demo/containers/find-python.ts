// Whether this computer has a Python that the demo's containers can run on. Asked once.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const names = process.platform === 'win32' ? ['python'] : ['python3']
let found: Promise<string | undefined> | undefined

/** The program's real path, or undefined where there is no Python 3.9 or later. */
export function findPython(): Promise<string | undefined> {
  found ??= ask()
  return found
}

async function ask(): Promise<string | undefined> {
  for (const name of names)
    try {
      // Its own path rather than a shim's: shims look for their settings in a home that containers do not have.
      const { stdout } = await run(name, ['-c', 'import sys; print(sys.executable if sys.version_info >= (3, 9) else "")'], { timeout: 10_000 })
      if (stdout.trim() !== '') return stdout.trim()
    } catch {
      // Not installed under this name.
    }
  return undefined
}
