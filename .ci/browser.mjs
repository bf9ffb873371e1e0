// Finds a browser for the end-to-end tests: one on the machine, else Playwright's own download, else Debian's package
// where that is possible. Plain JavaScript; test.mjs is its caller.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const names = ['google-chrome-stable', 'google-chrome', 'chromium', 'chromium-browser', 'chrome']
const places = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
  win32: ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) =>
    process.env[name] ? [join(process.env[name], 'Google', 'Chrome', 'Application', 'chrome.exe')] : [],
  ),
}

/** @returns {string | undefined} */
function installedBrowser() {
  const given = process.env['MERIDIAN_CHROMIUM']
  if (given && existsSync(given)) return given
  const fixed = places[/** @type {keyof typeof places} */ (process.platform)] ?? []
  const found = fixed.find((path) => existsSync(path))
  if (found || process.platform === 'win32') return found
  const directories = (process.env['PATH'] ?? '').split(':').filter(Boolean)
  return directories.flatMap((directory) => names.map((name) => join(directory, name))).find(isBrowser)
}

/** Ubuntu has a `chromium-browser` that only tells how to install one. @param {string} path */
const isBrowser = (path) =>
  existsSync(path) && spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 30_000 }).status === 0

const downloadTimeoutMs = 180_000

/** Playwright's own browser; true when it is there afterwards. */
function downloadBrowser() {
  console.log('No Chrome or Chromium on this machine; asking Playwright for its own…')
  const { status } = spawnSync(
    'npx',
    ['--no-install', 'playwright', 'install', 'chromium-headless-shell', 'chromium'],
    {
      stdio: 'inherit',
      timeout: downloadTimeoutMs,
      shell: process.platform === 'win32',
    },
  )
  return status === 0
}

function canUseApt() {
  return (
    process.platform === 'linux' &&
    process.getuid?.() === 0 &&
    existsSync('/usr/bin/apt-get') &&
    /debian/i.test(readFileSync('/etc/os-release', 'utf8'))
  )
}

function installDebianChromium() {
  console.log("Playwright's download is not to be had here; installing Debian's chromium…")
  try {
    const options = {
      stdio: /** @type {const} */ ('inherit'),
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }
    execFileSync('apt-get', ['update', '-qq'], options)
    execFileSync(
      'apt-get',
      ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
      options,
    )
  } catch {
    return undefined
  }
  return installedBrowser()
}

/**
 * The browser's path, or null for Playwright's own.
 * @returns {string | null}
 */
export function findBrowser() {
  const found = installedBrowser()
  if (found) return found
  if (downloadBrowser()) return null
  const debian = canUseApt() ? installDebianChromium() : undefined
  if (debian) return debian
  throw new Error(
    "The end-to-end tests need a browser: install Chrome or Chromium, or let `npx playwright install chromium` download Playwright's own, or on Debian run `apt-get install chromium` as root.",
  )
}
