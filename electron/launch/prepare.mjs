// @ts-check
// Brings a checkout to the point where it can run: dependencies as the lock file says, bundles as the sources say.
// Used by the launcher and by the test runner; neither installs or builds anything that is already right.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/**
 * @typedef {(command: string, args: readonly string[], options: { cwd: string, env?: NodeJS.ProcessEnv }) => Promise<{ code: number | null, signal: string | null, problem?: string }>} Run
 * @typedef {{ root: string, run: Run, say: (line: string) => void }} Preparation
 */

/** A preparation that failed; its message is a sentence for the user. */
export class PreparationProblem extends Error {}

/**
 * Compares the lock file with what npm wrote down when it last installed. Packages of other systems are optional
 * and may be missing. @param {string} root @returns {string | undefined} why an install is needed
 */
export function missingDependencies(root) {
  const wanted = readLock(join(root, 'package-lock.json'))
  if (!wanted)
    throw new PreparationProblem(`There is no package-lock.json in ${root}: this is no checkout of Meridian.`)
  const present = readLock(join(root, 'node_modules', '.package-lock.json'))
  if (!present) return 'nothing is installed yet'
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.link) continue
    const found = present[path]
    if (!found && !entry.optional && !entry.devOptional)
      return `${path.replace(/^.*node_modules\//, '')} is missing`
    if (found && found.version !== entry.version)
      return `${path.replace(/^.*node_modules\//, '')} has changed`
  }
  return undefined
}

/** @param {string} path @returns {Record<string, { version?: string, optional?: boolean, devOptional?: boolean, link?: boolean }> | undefined} */
function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch {
    return undefined
  }
}

/** Runs `npm ci` when something is missing. @param {Preparation} preparation */
export async function ensureInstalled({ root, run, say }) {
  const reason = missingDependencies(root)
  if (reason === undefined) return
  say(`Installing what is missing (${reason}); the first time this takes a minute or two …`)
  const startedAt = Date.now()
  const [command, words] = npmCommand()
  const args = [...words, 'ci', '--include=dev', '--no-audit', '--no-fund']
  const { code, signal } = await run(command, args, { cwd: root })
  if (signal !== null) throw new PreparationProblem('The installation was interrupted.')
  if (code !== 0)
    throw new PreparationProblem(
      `npm ci failed (code ${code}): its own words are above. Check the network and the registry, then start again.`,
    )
  say(`Installed in ${seconds(startedAt)}.`)
}

/** npm that runs us, else the one on the PATH. @returns {[string, string[]]} */
function npmCommand() {
  const script = process.env['npm_execpath']
  if (script && /\.c?js$/.test(script) && existsSync(script)) return [process.execPath, [script]]
  return process.platform === 'win32' ? ['cmd.exe', ['/d', '/s', '/c', 'npm']] : ['npm', []]
}

/**
 * The Node that runs the bundles: the `node` package (the major that Electron embeds), else this one if it is
 * recent enough. @param {string} root
 */
export function runtimeNode(root) {
  for (const name of ['node', 'node.exe']) {
    const path = join(root, 'node_modules', 'node', 'bin', name)
    if (existsSync(path)) return path
  }
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  throw new PreparationProblem(
    'Node 24 is missing: the package `node` was installed without its script. Run `npm rebuild node`, or start with Node 24 itself.',
  )
}

const sourceRooms = ['electron', 'renderer', 'shared']
const sourceFiles = ['electron.vite.config.ts', 'package.json', 'package-lock.json', 'tsconfig.base.json']
const bundles = [
  'out/main/index.js',
  'out/main/loopback.js',
  'out/preload/index.cjs',
  'out/renderer/index.html',
]
const stampPath = 'out/.build-stamp.json'

/** One word for the state of all sources: paths, sizes and times of change. @param {string} root */
export function sourceFingerprint(root) {
  const hash = createHash('sha256')
  const add = (/** @type {string} */ path) => {
    const { size, mtimeMs } = statSync(path)
    hash.update(`${relative(root, path)}\0${size}\0${Math.round(mtimeMs)}\n`)
  }
  for (const name of sourceFiles) if (existsSync(join(root, name))) add(join(root, name))
  for (const room of sourceRooms) for (const path of listSources(join(root, room))) add(path)
  return hash.digest('hex')
}

/** @param {string} directory @returns {string[]} */
function listSources(directory) {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(directory, entry.name)
      if (entry.isDirectory())
        return entry.name === 'testing' || entry.name === 'node_modules' ? [] : listSources(path)
      return /\.test\.tsx?$/.test(entry.name) ? [] : [path]
    })
}

/** @param {string} root @returns {boolean} */
export function isBuilt(root) {
  if (!bundles.every((path) => existsSync(join(root, path)))) return false
  try {
    return JSON.parse(readFileSync(join(root, stampPath), 'utf8')).sources === sourceFingerprint(root)
  } catch {
    return false
  }
}

/** Builds when the bundles are missing or older than the sources. @param {Preparation} preparation */
export async function ensureBuilt({ root, run, say }) {
  if (isBuilt(root)) return
  say('Building …')
  const startedAt = Date.now()
  const sources = sourceFingerprint(root)
  rmSync(join(root, stampPath), { force: true })
  const builder = join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js')
  const { code, signal } = await run(runtimeNode(root), [builder, 'build', '--logLevel', 'warn'], {
    cwd: root,
  })
  if (signal !== null) throw new PreparationProblem('The build was interrupted.')
  if (code !== 0) throw new PreparationProblem(`The build failed (code ${code}): the reason is above.`)
  mkdirSync(join(root, 'out'), { recursive: true })
  writeFileSync(join(root, stampPath), JSON.stringify({ sources }))
  say(`Built in ${seconds(startedAt)}.`)
}

/** @param {number} startedAt */
const seconds = (startedAt) => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`
