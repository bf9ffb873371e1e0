// Starting Meridian as a user does, for the specs: built shells, a data directory of its own, a real page. A spec
// asks for `meridian` and never learns which shell it got.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { _electron as electron, test as base, type Browser, type BrowserContext, type ElectronApplication, type Page } from '@playwright/test'

export interface ShellOptions {
  shell: 'loopback' | 'desktop'
}

/** One running Meridian. `restart` keeps the data; `kill` is kill -9. */
export interface Meridian {
  page: Page
  dataDir: string
  restart(): Promise<Page>
  kill(): Promise<void>
  /** What the process has printed so far. */
  output(): string
}

const root = resolve(import.meta.dirname, '..')
const startTimeoutMs = 60_000

interface Running {
  page: Page
  process: ChildProcess
  close(): Promise<void>
  printed: string[]
}

export const test = base.extend<ShellOptions & { meridian: Meridian; dataDir: string }, { labDir: string }>({
  // The first spec builds the demo lab's database as a new user would; the others of this run find it built.
  labDir: [
    async ({}, use) => {
      // Whoever works on a spec keeps a lab between runs; it is not removed.
      const kept = process.env['MERIDIAN_E2E_LAB']
      if (kept) return use(kept)
      const directory = mkdtempSync(join(tmpdir(), 'meridian-e2e-lab-'))
      await use(directory)
      rmSync(directory, { recursive: true, force: true })
    },
    { scope: 'worker' },
  ],
  shell: ['loopback', { option: true }],
  dataDir: async ({ labDir }, use) => {
    const directory = mkdtempSync(join(tmpdir(), 'meridian-e2e-'))
    symlinkSync(labDir, join(directory, 'demo'), 'junction')
    await use(directory)
    rmSync(directory, { recursive: true, force: true })
  },
  meridian: async ({ shell, browser, contextOptions, dataDir }, use) => {
    const start = (): Promise<Running> => (shell === 'desktop' ? startDesktop(dataDir) : startLoopback(browser, contextOptions, dataDir))
    let running = await start()
    await use({
      get page() {
        return running.page
      },
      dataDir,
      output: () => running.printed.join('\n'),
      async restart() {
        await running.close()
        running = await start()
        return running.page
      },
      async kill() {
        const gone = new Promise((settle) => running.process.once('exit', settle))
        running.process.kill('SIGKILL')
        await gone
      },
    })
    await running.close()
  },
})
export { expect } from '@playwright/test'

async function startLoopback(browser: Browser, contextOptions: object, dataDir: string): Promise<Running> {
  const node = join(root, 'node_modules', '.bin', 'node')
  const child = spawn(node, [join(root, 'out/main/loopback.js'), '--no-open', `--data-dir=${dataDir}`], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const printed: string[] = []
  const url = await readyUrl(child, printed)
  const context: BrowserContext = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark', acceptDownloads: true, ...contextOptions })
  const page = await context.newPage()
  await page.goto(url)
  return {
    page,
    process: child,
    printed,
    async close() {
      await context.close()
      await stop(child)
    },
  }
}

/** The one line that carries the one-time address. */
function readyUrl(child: ChildProcess, printed: string[]): Promise<string> {
  return new Promise((settle, reject) => {
    const timer = setTimeout(() => reject(new Error(`Meridian did not start in ${startTimeoutMs} ms:\n${printed.join('\n')}`)), startTimeoutMs)
    child.once('exit', (code) => reject(new Error(`Meridian ended with ${code} before it was ready:\n${printed.join('\n')}`)))
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        printed.push(line)
        const url = /(http:\/\/127\.0\.0\.1:\d+\/\?token=\S+)/.exec(line)?.[1]
        if (!url) return
        clearTimeout(timer)
        settle(url)
      })
    }
  })
}

async function startDesktop(dataDir: string): Promise<Running> {
  const executablePath = createRequire(import.meta.url)('electron') as unknown as string
  const app: ElectronApplication = await electron.launch({ executablePath, args: [root, `--data-dir=${dataDir}`], cwd: root })
  const printed: string[] = []
  app.process().stdout?.on('data', (chunk: Buffer) => printed.push(chunk.toString()))
  return { page: await app.firstWindow(), process: app.process(), printed, close: () => app.close() }
}

const stopTimeoutMs = 15_000

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((settle) => child.once('exit', settle))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await gone
  clearTimeout(timer)
}
