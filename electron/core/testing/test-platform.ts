// A platform for tests: a temporary data directory, a log that is kept in memory, a keychain that can be told to
// fail, and a clock of one's own where wanted. Used by the tests of every feature; never by a shell.
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LogLine } from '#shared/contracts/app.ts'
import type { DemoLauncher, Keychain, Platform, WorkerName } from '../platform.ts'
import { createLogBook, type LogBook } from '../storage/log-book.ts'

const core = new URL('../', import.meta.url)
const workers: Record<WorkerName, string> = {
  'postgres-decode': 'connectors/postgres/decode-worker.ts',
  'vault-kdf': 'vault/vault-kdf.ts',
}

export interface TestPlatform {
  platform: Platform
  logBook: LogBook
  dataDir: string
  /** Every line that was logged, oldest first, after masking. */
  logLines: LogLine[]
  /** Moves the platform's clock; only with `nowMs` given. */
  advance(byMs: number): void
  /** Removes the data directory. Call after the host is disposed. */
  dispose(): Promise<void>
}

export interface TestPlatformOptions {
  /** Begins a clock that moves only by `advance`; absent = the real one. */
  nowMs?: number
  /** An existing directory to go on with (a restart); it is not removed by `dispose`. */
  dataDir?: string
  keychain?: Keychain | null
  keychainNote?: string | null
  demo?: DemoLauncher | null
  opensDemo?: boolean
}

export async function createTestPlatform(options: TestPlatformOptions = {}): Promise<TestPlatform> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'meridian-test-')))
  const logLines: LogLine[] = []
  let clock = options.nowMs
  const now = (): number => clock ?? Date.now()
  const logBook = createLogBook(join(dataDir, 'logs', 'meridian.log'), now, (line) => logLines.push(line))
  const platform: Platform = {
    version: '0.0.0-test',
    paths: {
      data: dataDir,
      resources: fileURLToPath(new URL('../../resources/', core)),
      worker: (name) => new URL(workers[name], core),
    },
    log: logBook.log,
    keychain: options.keychain ?? null,
    keychainNote: options.keychainNote ?? null,
    demo: options.demo ?? null,
    opensDemo: options.opensDemo ?? false,
    hasNativeDialogs: false,
    notify: null,
    now,
  }
  return {
    platform,
    logBook,
    dataDir,
    logLines,
    advance: (byMs) => (clock = now() + byMs),
    async dispose() {
      await logBook.dispose()
      if (options.dataDir === undefined && existsSync(dataDir))
        await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** A keychain that turns every bit over: enough to tell sealed from plain. `fail` makes it refuse from then on. */
export function createTestKeychain(
  backend = 'test-keyring',
): Keychain & { fail(reason: string | null): void } {
  let failure: string | null = null
  const turn = (bytes: Uint8Array): Promise<Uint8Array> =>
    failure === null ? Promise.resolve(bytes.map((byte) => byte ^ 0xff)) : Promise.reject(new Error(failure))
  return { backend, seal: turn, unseal: turn, fail: (reason) => (failure = reason) }
}
