// The loopback shell's composition root: the core behind a web server on 127.0.0.1, for machines without Electron.
// It prints the one-time address, opens the browser on it, and leaves nothing behind when it ends.
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createHost } from '#core/host.ts'
import type { Platform } from '#core/platform.ts'
import { createLogBook } from '#core/storage/log-book.ts'
import { startHttpServer } from './http-server.ts'
import { createDemoLauncher } from './demo-launcher.ts'
import { claimDataDir } from './instance-lock.ts'
import { openBrowser } from './open-browser.ts'
import { createPaths, isPageBuilt, pageRoot, usualDataDir } from './paths.ts'

const version = '0.1.0'
const shutdownMs = 15_000

function readArguments(): { port: number; dataDir: string; opensDemo: boolean; opensBrowser: boolean } {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'data-dir': { type: 'string' },
      demo: { type: 'boolean', default: false },
      'no-open': { type: 'boolean', default: false },
    },
  })
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`"${values.port}" is no port: take a number from 1 to 65535.`)
  return {
    port,
    dataDir: resolve(values['data-dir'] ?? usualDataDir()),
    opensDemo: values.demo,
    opensBrowser: !values['no-open'],
  }
}

/** Runs until a signal ends it. Throws with a sentence when it cannot start. */
async function main(): Promise<void> {
  const { port, dataDir, opensDemo, opensBrowser } = readArguments()
  if (!isPageBuilt())
    throw new Error('The page has not been built yet: run npm run build, or start with npm start.')
  const paths = createPaths(dataDir)
  const release = claimDataDir(dataDir)
  const logBook = createLogBook(join(dataDir, 'logs', 'meridian.log'), Date.now)
  const { log } = logBook
  const platform: Platform = {
    version,
    paths,
    log,
    keychain: null,
    keychainNote: null,
    demo: createDemoLauncher((line) => log.debug('demo', { line })),
    opensDemo,
    hasNativeDialogs: false,
    notify: null,
    now: Date.now,
  }
  const host = await createHost(platform, logBook)
  const server = await startHttpServer({ host, pageRoot, port, log }).catch(
    async (thrown: NodeJS.ErrnoException) => {
      await host.dispose()
      release()
      throw thrown.code === 'EADDRINUSE'
        ? new Error(`Port ${port} is taken by another program: take another, or leave --port away.`)
        : thrown
    },
  )
  const announce = (): string => {
    const address = server.newAddress()
    console.log(`Meridian is ready: ${address}`)
    return address
  }

  let isEnding = false
  const end = async (): Promise<void> => {
    if (isEnding) return
    isEnding = true
    setTimeout(() => process.exit(1), shutdownMs).unref()
    await server.dispose()
    await host.dispose()
    await logBook.dispose()
    release()
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end())
  const address = announce()
  if (opensBrowser && !(await openBrowser(address)))
    console.log('No browser could be opened from here: open the address above in one.')
  if (process.stdin.isTTY) {
    console.log('Press Enter for a new one-time address, Ctrl-C to end.')
    process.stdin.on('data', announce)
  }
}

main().catch((thrown: unknown) => {
  console.error(thrown instanceof Error ? thrown.message : String(thrown))
  process.exit(1)
})
