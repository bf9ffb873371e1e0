// The loopback shell's composition root: the core behind a web server on 127.0.0.1, for machines without Electron.
// It prints the one-time address, opens the browser on it, and leaves nothing behind when it ends.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { createHost } from '#core/host.ts'
import type { Platform } from '#core/platform.ts'
import { takeInstanceLock } from '#core/storage/instance-lock.ts'
import { createLogBook, type LogBook } from '#core/storage/log-book.ts'
import { isAppError } from '#shared/errors.ts'
import { readArguments } from './arguments.ts'
import { createDemoLauncher } from './demo-launcher.ts'
import { startLoopbackServer, type LoopbackServer } from './http-server.ts'
import { openBrowser } from './open-browser.ts'
import { loopbackPaths, makeDataDir, type LoopbackPaths } from './paths.ts'

/** Stopping the demo lab's database takes longest. */
const shutdownLimitMs = 30_000

type Ending = () => Promise<void> | void

/** Runs until a signal ends it; a start that fails is told in a sentence. */
async function main(): Promise<void> {
  const endings: Ending[] = []
  const end = endOnSignals(endings)
  try {
    await start(endings, end)
  } catch (fault) {
    complain(fault)
    await end(1)
  }
}

/** Puts what ends each thing it has started before the others: the end runs backwards. */
async function start(endings: Ending[], end: (code: number) => Promise<void>): Promise<void> {
  const options = readArguments(process.argv.slice(2))
  const paths = loopbackPaths(import.meta.filename, options.dataDir)
  // Whatever this process writes is its user's alone.
  process.umask(0o077)
  makeDataDir(options.dataDir)
  const lock = await takeInstanceLock(options.dataDir)
  endings.unshift(() => lock.dispose())
  const logBook = createLogBook(paths.logFile, Date.now)
  endings.unshift(() => logBook.dispose())
  watchForgottenFaults(logBook, end)
  const host = await createHost(createPlatform(paths, logBook, options.opensDemo), logBook)
  endings.unshift(() => host.dispose())
  const { port } = options
  const server = await startLoopbackServer({ host, pageRoot: paths.pageRoot, port, log: logBook.log })
  endings.unshift(() => server.dispose())
  await welcome(server, options.opensBrowser)
}

function createPlatform(paths: LoopbackPaths, { log }: LogBook, opensDemo: boolean): Platform {
  return {
    version: readVersion(paths.packageRoot),
    paths: paths.core,
    log,
    keychain: null,
    keychainNote: null,
    demo: createDemoLauncher(paths.demoProcess, log),
    opensDemo,
    hasNativeDialogs: false,
    notify: null,
    now: () => Date.now(),
  }
}

const readVersion = (packageRoot: string): string =>
  z.object({ version: z.string() }).parse(JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')))
    .version

/** Prints the address (the only place where a token appears), and a new one for each Enter. */
async function welcome(server: LoopbackServer, opensBrowser: boolean): Promise<void> {
  const announce = (): string => {
    const url = server.mintUrl()
    console.log(`Meridian is ready: ${url}`)
    return url
  }
  const url = announce()
  createInterface({ input: process.stdin }).on('line', announce)
  // A terminal that is taken away is no reason to end.
  process.stdin.on('error', () => undefined)
  if (process.stdin.isTTY) console.log('Press Enter for a fresh address, Ctrl-C to end.')
  if (opensBrowser && !(await openBrowser(url)))
    console.log('No browser could be opened from here: open the address above in one.')
}

/** Ends once, in order, newest first; whatever hangs is left behind when the limit is over. */
function endOnSignals(endings: Ending[]): (code: number) => Promise<void> {
  let isEnding = false
  const end = async (code: number): Promise<void> => {
    if (isEnding) return
    isEnding = true
    setTimeout(() => process.exit(code || 1), shutdownLimitMs).unref()
    for (const ending of endings) await (async () => ending())().catch(complain)
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(0))
  return end
}

/** The last net: a forgotten rejection is written down and work goes on; after a throw nothing can be relied on. */
function watchForgottenFaults({ log }: LogBook, end: (code: number) => Promise<void>): void {
  const textOf = (fault: unknown): string =>
    fault instanceof Error ? (fault.stack ?? fault.message) : typeof fault
  process.on('unhandledRejection', (fault) =>
    log.error('A rejection that nobody handled', { fault: textOf(fault) }),
  )
  process.on('uncaughtException', (fault) => {
    log.error('A fault that nobody handled', { fault: textOf(fault) })
    console.error(
      'Meridian hit a fault it cannot go on after; its log says more. Nothing that was shown is lost: start it again.',
    )
    void end(1)
  })
}

function complain(fault: unknown): void {
  if (isAppError(fault)) console.error([fault.message, fault.remedy].filter(Boolean).join(' '))
  else console.error(`Meridian could not go on: ${fault instanceof Error ? fault.message : String(fault)}`)
}

await main()
