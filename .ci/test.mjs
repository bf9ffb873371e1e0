// `npm test`: from a fresh clone to one closing line. Installs what is missing, then types, lint, unit and component
// tests, the build, and the end-to-end suite in a browser. Plain JavaScript for any Node from 20 on.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBrowser } from './browser.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
const oldestNode = 20
if (Number(process.versions.node.split('.', 1)[0]) < oldestNode) {
  console.error(
    `Meridian needs Node ${oldestNode} or later; this is ${process.version}. See https://nodejs.org.`,
  )
  process.exit(2)
}
const reports = mkdtempSync(join(tmpdir(), 'meridian-test-'))
const totals = { passed: 0, failed: 0, skipped: 0 }
const only = process.argv.find((word) => word.startsWith('--only='))?.slice('--only='.length)
const parts = ['types', 'lint', 'unit', 'e2e']
if (only !== undefined && !parts.includes(only)) {
  console.error(`There is no part "${only}": take one of ${parts.join(', ')}.`)
  process.exit(2)
}

function installMissing() {
  const stamp = join('node_modules', '.package-lock.json')
  const isCurrent =
    existsSync(stamp) &&
    statSync(stamp).mtimeMs >= statSync('package-lock.json').mtimeMs &&
    existsSync(join('node_modules', '.bin', 'vitest'))
  if (isCurrent) return
  console.log('Installing what is missing (npm ci)…')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) {
    console.error('npm ci failed; what it printed above says why.')
    process.exit(1)
  }
}

/** Node 24 of the package `node`, whatever runs this script. */
const node = () =>
  join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

/** @param {string[]} args @param {Record<string, string>} [env] @returns {Promise<number>} */
const run = (args, env = {}) =>
  new Promise((settle) => {
    const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`
    const child = spawn(node(), args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, PATH: path, ...env },
    })
    child.on('error', () => settle(1))
    child.on('exit', (code) => settle(code ?? 1))
  })

/** @param {string} title @param {() => Promise<void>} work */
async function stage(title, work) {
  const startedAt = performance.now()
  console.log(`\n── ${title} ──`)
  await work()
  console.log(`── ${title}: ${((performance.now() - startedAt) / 1000).toFixed(0)} s ──`)
}

/** A stage that counts as one test. @param {string[]} args */
async function single(args) {
  if ((await run(args)) === 0) totals.passed += 1
  else totals.failed += 1
}

/** @param {ReturnType<typeof seekBrowser> | undefined} browser */
async function unit(browser) {
  const report = join(reports, 'unit.json')
  const vitest = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]
  const code = await run(vitest, browserEnv(browser))
  const counted = readReport(report)
  totals.passed += counted?.numPassedTests ?? 0
  totals.skipped += (counted?.numPendingTests ?? 0) + (counted?.numTodoTests ?? 0)
  // A file that does not even load fails without a test of its own; the exit code is the last word.
  const failed = Math.max(counted?.numFailedTests ?? 0, code === 0 ? 0 : 1)
  totals.failed += failed
}

/** The sentence says what to install. @returns {{ path: string | null } | { sentence: string }} */
function seekBrowser() {
  try {
    return { path: findBrowser() }
  } catch (fault) {
    return { sentence: fault instanceof Error ? fault.message : String(fault) }
  }
}

/** Playwright's own browser is found without a word. @param {ReturnType<typeof seekBrowser> | undefined} browser */
const browserEnv = (browser) =>
  /** @type {Record<string, string>} */ (
    browser && 'path' in browser && browser.path ? { MERIDIAN_CHROMIUM: browser.path } : {}
  )

/** @param {ReturnType<typeof seekBrowser>} browser */
async function endToEnd(browser) {
  if ('sentence' in browser) {
    totals.failed += 1
    return console.error(browser.sentence)
  }
  const report = join(reports, 'e2e.json')
  const playwright = ['node_modules/@playwright/test/cli.js', 'test', '-c', 'e2e/playwright.config.ts']
  const code = await run([...playwright, '--project=loopback'], {
    MERIDIAN_E2E_REPORT: report,
    ...browserEnv(browser),
  })
  const stats = readReport(report)?.stats
  totals.passed += stats?.expected ?? 0
  totals.skipped += stats?.skipped ?? 0
  totals.failed += Math.max((stats?.unexpected ?? 0) + (stats?.flaky ?? 0), code === 0 ? 0 : 1)
}

/** @param {string} path @returns {any} */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

const wants = (/** @type {string} */ part) => only === undefined || only === part

const startedAt = performance.now()
installMissing()
// Looked for first: who lacks one should not learn it after ten minutes.
const browser = wants('unit') || wants('e2e') ? seekBrowser() : undefined
if (browser && 'sentence' in browser) console.error(browser.sentence)
if (wants('types')) await stage('types', () => single(['.ci/typecheck.mjs']))
if (wants('lint'))
  await stage('lint', () => single(['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0']))
// Some tests start the built application: it is built before them.
if (wants('unit') || wants('e2e'))
  await stage('build', () =>
    single(['node_modules/electron-vite/bin/electron-vite.js', 'build', '--logLevel', 'warn']),
  )
if (wants('unit')) await stage('unit, component, conformance', () => unit(browser))
if (browser && wants('e2e')) await stage('end to end, in a browser', () => endToEnd(browser))
rmSync(reports, { recursive: true, force: true })
console.log(`\nTook ${((performance.now() - startedAt) / 1000).toFixed(0)} s.`)
console.log(
  `${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''}`,
)
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0
