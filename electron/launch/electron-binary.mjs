// @ts-check
// Whether the desktop shell can be had here, and where Electron's program is. Electron 45 has no install script:
// its program is fetched by its own `install.js`, which checks it against the checksums in the package.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** How long the download (about 110 MB) may take before the browser is opened instead. */
export const downloadLimitMs = 180_000
/** After a failed download, starts within this time go to the browser at once. */
const retryAfterMs = 6 * 3_600_000

/** @param {string} root @returns {string | undefined} the program's path, when it is there and of the right version */
export function findElectron(root) {
  const folder = join(root, 'node_modules', 'electron')
  try {
    const name = readFileSync(join(folder, 'path.txt'), 'utf8').trim()
    const override = process.env['ELECTRON_OVERRIDE_DIST_PATH']
    const wanted = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version
    const present = readFileSync(join(folder, 'dist', 'version'), 'utf8')
      .trim()
      .replace(/^v/, '')
    const path = join(override ?? join(folder, 'dist'), name)
    return existsSync(path) && present === wanted ? path : undefined
  } catch {
    return undefined
  }
}

/**
 * Why a window cannot be opened on this machine at all, as the end of a sentence; undefined when it can.
 * @param {{ platform: NodeJS.Platform, env: NodeJS.ProcessEnv, userId: number | undefined }} machine
 */
export function windowObstacle({ platform, env, userId }) {
  if (platform !== 'linux') return undefined
  if (!env['DISPLAY'] && !env['WAYLAND_DISPLAY']) return 'there is no display here'
  // Chromium refuses to start for root unless its sandbox is switched off, which Meridian never does.
  if (userId === 0) return 'Electron does not run for the user root without giving up its sandbox'
  return undefined
}

/**
 * Fetches the program with Electron's own script. Resolves with what went wrong, as the end of a sentence.
 * @param {object} options
 * @param {string} options.root
 * @param {string} options.node
 * @param {boolean} options.isWanted asked for by the user: an earlier failure does not count
 * @param {(command: string, args: readonly string[], limitMs: number) => Promise<{ code: number | null, isLate: boolean, output: string }>} options.run
 * @param {(line: string) => void} options.say
 * @param {number} [options.now]
 * @returns {Promise<string | undefined>}
 */
export async function fetchElectron({ root, node, isWanted, run, say, now = Date.now() }) {
  const script = join(root, 'node_modules', 'electron', 'install.js')
  if (!existsSync(script)) return 'Electron is not among the installed packages'
  const note = join(root, 'node_modules', '.cache', 'meridian-electron-failure.json')
  const earlier = isWanted ? undefined : readFailure(note, now)
  if (earlier) return earlier
  say('Fetching Electron (about 110 MB, once) …')
  const { code, isLate, output } = await run(node, [script], downloadLimitMs)
  if (code === 0 && findElectron(root)) return undefined
  const reason = isLate
    ? `Electron could not be downloaded within ${downloadLimitMs / 60_000} minutes`
    : `Electron could not be downloaded (${firstReason(output)})`
  mkdirSync(dirname(note), { recursive: true })
  writeFileSync(note, JSON.stringify({ reason, atMs: now }))
  return reason
}

/** @param {string} note @param {number} now @returns {string | undefined} */
function readFailure(note, now) {
  try {
    const { reason, atMs } = JSON.parse(readFileSync(note, 'utf8'))
    return typeof reason === 'string' && now - atMs < retryAfterMs && now >= atMs ? reason : undefined
  } catch {
    return undefined
  }
}

/** The one telling line of a stack trace. @param {string} output */
function firstReason(output) {
  const lines = output.split('\n').map((line) => line.trim())
  const telling = lines.find((line) =>
    /^(\w*Error|.*\b(ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|403|404)\b)/.test(line),
  )
  return (telling ?? lines.find((line) => line !== '') ?? 'no reason was given')
    .replace(/^\w*Error:\s*/, '')
    .slice(0, 160)
}
