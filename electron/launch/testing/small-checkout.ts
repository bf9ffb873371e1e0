// A checkout in miniature for the launcher's tests: the real launcher, and stand-ins for npm, the bundler, Electron
// and the loopback shell that say what they were given. No network, no real build.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawn, spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { listProcesses } from '../process-tree.mjs'

const launchRoom = join(dirname(fileURLToPath(import.meta.url)), '..')

const lock = { lockfileVersion: 3, packages: { '': {}, 'node_modules/electron': { version: '45.0.0' } } }

/** Stands in for npm: installs by writing the files that the launcher looks for. */
const npmScript = `
const fs = require('node:fs')
console.log('npm was called: ' + process.argv.slice(2).join(' '))
if (process.env.NPM_FAILS) process.exit(7)
if (process.env.NPM_HANGS) { console.log('npm pid ' + process.pid); setInterval(() => {}, 1000); return }
fs.mkdirSync('node_modules/electron', { recursive: true })
fs.mkdirSync('node_modules/electron-vite/bin', { recursive: true })
fs.writeFileSync('node_modules/electron/package.json', '{"version":"45.0.0"}')
fs.writeFileSync('node_modules/electron/install.js', 'console.error("Error: getaddrinfo ENOTFOUND mirror.invalid"); process.exit(1)')
fs.writeFileSync('node_modules/electron-vite/bin/electron-vite.js', process.env.BUNDLER)
fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json')
`
/** Stands in for the bundler. */
const bundlerScript = `
const fs = require('node:fs')
console.log('the bundler was called')
if (process.env.BUILD_FAILS) process.exit(3)
for (const room of ['main', 'preload', 'renderer']) fs.mkdirSync('out/' + room, { recursive: true })
fs.writeFileSync('out/main/index.js', '')
fs.writeFileSync('out/preload/index.cjs', '')
fs.writeFileSync('out/renderer/index.html', '')
fs.writeFileSync('out/main/loopback.js', fs.readFileSync('loopback-stand-in.mjs'))
`
/** Stands in for the loopback shell: starts a child that wants to stay, and may want to stay itself. */
const loopbackScript = `
import { spawn, spawnSync } from 'node:child_process'
const stubborn = "process.on('SIGTERM',()=>{});process.on('SIGINT',()=>{});setInterval(()=>{},1000);console.log('child',process.pid)"
console.log('loopback got: ' + process.argv.slice(2).join(' '))
if (process.env.ENDS_WITH) process.exit(Number(process.env.ENDS_WITH))
const child = spawn(process.execPath, ['-e', stubborn], { stdio: 'inherit' })
child.on('spawn', () => console.log('pids ' + process.pid + ' ' + child.pid))
if (process.env.IS_STUBBORN) { process.on('SIGTERM', () => {}); process.on('SIGINT', () => {}) }
else for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => { console.log('loopback says goodbye'); process.exit(0) })
`

export interface SmallCheckout {
  root: string
  path(...parts: string[]): string
  /** Makes Electron's program be there: a script run by Node. */
  plantElectron(script: string): void
  start(args: string[], env?: Record<string, string>): LauncherRun
  /** From now on the launcher runs as an ordinary user, also when the tests run as root. */
  becomeOrdinary(): void
  dispose(): void
}

export interface LauncherRun {
  pid: number
  /** Everything printed so far. */
  output(): string
  /** Resolves with the match as soon as it has been printed; rejects when the launcher ends before. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>
  ended: Promise<{ code: number | null; signal: string | null }>
  kill(signal: NodeJS.Signals): void
  /** Ctrl-C in a terminal: every process of the launcher's group gets it. */
  pressControlC(): void
}

export function createSmallCheckout(options: { isInstalled?: boolean } = {}): SmallCheckout {
  const root = mkdtempSync(join(tmpdir(), 'meridian-launch-'))
  const path = (...parts: string[]): string => join(root, ...parts)
  for (const room of ['electron/launch', 'shared', 'renderer', 'node_modules/node/bin'])
    mkdirSync(path(room), { recursive: true })
  cpSync(launchRoom, path('electron/launch'), {
    recursive: true,
    filter: (file) => !/testing|\.test\./.test(file),
  })
  writeFileSync(path('package-lock.json'), JSON.stringify(lock))
  writeFileSync(path('package.json'), '{"type":"commonjs"}')
  writeFileSync(path('shared/a.ts'), 'export const a = 1')
  writeFileSync(path('fake-npm.cjs'), npmScript)
  writeFileSync(
    path('loopback-stand-in.mjs'),
    loopbackScript.replace(
      "import { spawn, spawnSync } from 'node:child_process'",
      "const { spawn } = require('node:child_process')",
    ),
  )
  // Making links is a privilege on Windows; there the launcher finds the Node that runs it.
  if (process.platform !== 'win32') symlinkSync(process.execPath, path('node_modules/node/bin/node'))
  if (!options.isInstalled && existsSync(path('node_modules/.package-lock.json')))
    throw new Error('not a fresh clone')
  let userId: number | undefined
  return {
    root,
    path,
    becomeOrdinary() {
      if (process.getuid?.() !== 0) return
      userId = nobody
      spawnSync('chown', ['-R', `${nobody}:${nobody}`, root])
    },
    plantElectron(script) {
      mkdirSync(path('node_modules/electron/dist'), { recursive: true })
      writeFileSync(path('node_modules/electron/path.txt'), 'electron')
      writeFileSync(path('node_modules/electron/package.json'), '{"version":"45.0.0"}')
      writeFileSync(path('node_modules/electron/dist/version'), '45.0.0')
      writeFileSync(path('node_modules/electron/dist/electron'), `#!${process.execPath}\n${script}`, {
        mode: 0o755,
      })
    },
    start: (args, env = {}) => startLauncher(root, args, env, userId),
    dispose: () => rmSync(root, { recursive: true, force: true }),
  }
}

function startLauncher(
  root: string,
  args: string[],
  env: Record<string, string>,
  userId?: number,
): LauncherRun {
  const child = spawn(process.execPath, [join(root, 'electron/launch/start.mjs'), ...args], {
    cwd: root,
    // A group of its own, as a terminal gives to what it runs.
    detached: true,
    ...(userId === undefined ? {} : { uid: userId, gid: userId }),
    env: {
      PATH: process.env['PATH'],
      npm_execpath: join(root, 'fake-npm.cjs'),
      BUNDLER: bundlerScript,
      ...env,
    },
  })
  let printed = ''
  const watchers = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
      for (const watcher of watchers) watcher()
    })
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  )
  return {
    pid: child.pid!,
    output: () => printed,
    ended,
    kill: (signal) => void child.kill(signal),
    pressControlC: () => void process.kill(-child.pid!, 'SIGINT'),
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(printed)
          if (!match) return
          watchers.delete(look)
          resolve(match)
        }
        watchers.add(look)
        look()
        void ended.then(() =>
          reject(new Error(`The launcher ended without printing ${String(pattern)}:\n${printed}`)),
        )
      }),
  }
}

const nobody = 65534

/** Whether a launcher can run as an ordinary user here: as root, only where others may run this Node. */
export const canBeOrdinary = (): boolean =>
  process.getuid?.() !== 0 ||
  spawnSync(process.execPath, ['-e', '0'], { uid: nobody, gid: nobody, cwd: '/' }).status === 0

/** True while a process of this id runs; one that is merely waiting to be buried does not. */
export function isAlive(pid: number): boolean {
  return listProcesses().some((one) => one.pid === pid)
}
