// Where programs are found: a desktop application is started without the PATH that its user's terminal has, so the
// login shell is asked for it once. Used to find the exec plugins of kubeconfigs (aws, gke-gcloud-auth-plugin, …).
// Nothing but the PATH is taken from the shell, and a shell that hangs or talks nonsense is not waited for.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, constants, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'

export interface LoginShellOptions {
  env?: NodeJS.ProcessEnv
  platform?: NodeJS.Platform
  timeoutMs?: number
}

const defaultTimeoutMs = 5_000
let known: Promise<string> | undefined

/** The user's own PATH, asked once per run of the application. Never rejects: falls back to this process's PATH. */
export function loginShellPath(): Promise<string> {
  known ??= askLoginShell()
  return known
}

/**
 * Runs `$SHELL -ilc` and reads the PATH between two markers, because profiles print greetings. The shell's entries
 * come first, those of this process after them. On Windows, and when the shell fails, it is this process's PATH.
 */
export async function askLoginShell(options: LoginShellOptions = {}): Promise<string> {
  const { env = process.env, platform = process.platform, timeoutMs = defaultTimeoutMs } = options
  const own = env['PATH'] ?? env['Path'] ?? ''
  const shell = env['SHELL']
  if (platform === 'win32' || !shell || !isAbsolute(shell)) return own
  const marker = `meridian-${randomBytes(8).toString('hex')}`
  const said = await runShell(shell, `printf '%s%s%s' '${marker}' "$PATH" '${marker}'`, { env, timeoutMs })
  const path = said.split(marker)[1]
  if (!path || path.includes('\n') || path.length > 32_768) return own
  // fish joins a list with blanks inside double quotes; everything else uses colons.
  const entries = shell.endsWith('/fish') && !path.includes(':') ? path.split(' ') : path.split(':')
  return [...new Set([...entries, ...own.split(':')].filter((entry) => entry !== ''))].join(':')
}

function runShell(
  shell: string,
  script: string,
  limits: { env: NodeJS.ProcessEnv; timeoutMs: number },
): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(
      shell,
      ['-ilc', script],
      {
        env: { ...limits.env, TERM: 'dumb' },
        timeout: limits.timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: 1024 * 1024,
      },
      (_error, stdout) => resolve(stdout),
    )
    // A profile that reads from its terminal gets the end of it, not a wait.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end()
    // A grandchild that keeps the pipe open must not keep us: the callback above waits for the pipe's end.
    setTimeout(() => {
      child.stdout?.destroy()
      resolve('')
    }, limits.timeoutMs + 250).unref()
  })
}

/** The file that `command` names, or undefined. Names with a separator must be absolute; `path` is a PATH. */
export async function findProgram(
  command: string,
  path: string,
  platform: NodeJS.Platform = process.platform,
): Promise<string | undefined> {
  const isWindows = platform === 'win32'
  const suffixes = isWindows && !/\.\w+$/.test(command) ? ['.exe', '.cmd', '.bat'] : ['']
  const folders = /[/\\]/.test(command)
    ? isAbsolute(command)
      ? ['']
      : []
    : path.split(isWindows ? ';' : delimiter)
  for (const folder of folders) {
    // An empty or relative entry means the current folder: programs are not taken from wherever we happen to be.
    if (folder !== '' && !isAbsolute(folder)) continue
    if (folder === '' && !isAbsolute(command)) continue
    for (const suffix of suffixes) {
      const candidate = folder === '' ? command + suffix : join(folder, command + suffix)
      if (await isProgram(candidate)) return candidate
    }
  }
  return undefined
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
