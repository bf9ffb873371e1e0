// Runs what the lab's own user submitted to the lab: scripts as processes of this computer, each in a private directory,
// a few at a time, with the image's Python modules. Shared by the Kubernetes and the SSH servers of one lab; when it is
// disposed no process and no file is left.
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { startDatabaseHelper, type DatabaseHelper } from './database-helper.ts'
import { findPython } from './find-python.ts'
import { startLabProcess, type LabProcess, type ProcessEnd } from './lab-process.ts'

export interface LabDatabase {
  host: string
  port: number
  database: string
  user: string
  password: string
}

export interface RunOrder {
  /** Absolute paths inside of the container, and what lies there. */
  files: ReadonlyMap<string, Buffer>
  /** With paths inside of the container; the first is `python3`. */
  argv: readonly string[]
  environment: Readonly<Record<string, string>>
  memoryBytes?: number | undefined
  seconds?: number | undefined
}

export interface LabRunner {
  /** False where this computer has no Python: containers then cannot start, and say so. */
  readonly canRun: boolean
  /** Resolves when it is known whether anything can run. */
  ready(): Promise<boolean>
  /** Queued behind the others; a private directory is made for it and removed after it. */
  run(order: RunOrder, onLine: (text: string) => void): LabProcess
  /** A directory that stays until the lab ends, for a machine's own files. */
  keptDirectory(name: string): Promise<string>
  /** Runs the image's Python in a kept directory; the argument list has real paths. */
  runIn(directory: string, args: readonly string[], environment: Readonly<Record<string, string>>, onLine: (text: string) => void): LabProcess
  /** The researchers' database, as soon as it runs. */
  offerDatabase(database: LabDatabase): void
  onDatabase(listener: (database: LabDatabase) => void): void
  dispose(): Promise<void>
}

const mostAtOnce = 4
const defaultSeconds = 900
const defaultMemoryBytes = 1024 * 2 ** 20

/** `imageDir` holds the Python modules that a container's image has. */
export function createLabRunner(options: { imageDir: string; log(line: string): void }): LabRunner {
  const token = randomBytes(12).toString('hex')
  const ports = new Map<string, number>()
  const listeners = new Set<(database: LabDatabase) => void>()
  const running = new Set<LabProcess>()
  const waiting: (() => void)[] = []
  let offered: LabDatabase | undefined
  let python: string | undefined
  let isOver = false
  let helper: Promise<DatabaseHelper> | undefined
  let home: Promise<string> | undefined
  const known = findPython().then((path) => {
    python = path
    return path !== undefined
  })

  /** Made with the first container: the private directory, with the image in it. */
  const openHome = (): Promise<string> =>
    (home ??= (async () => {
      const root = await realpath(await mkdtemp(join(tmpdir(), 'meridian-lab-')))
      await copyImage(options.imageDir, join(root, 'image'))
      return root
    })())
  const openHelper = (): Promise<DatabaseHelper> => (helper ??= startDatabaseHelper(ports))

  async function environmentOf(root: string, given: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    return {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LANG: 'C.UTF-8',
      HOME: root,
      ...given,
      PYTHONPATH: join(root, 'image'),
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONUNBUFFERED: '1',
      MERIDIAN_LAB_RUN: token,
      MERIDIAN_LAB_DATABASES: (await openHelper()).address,
    }
  }
  const next = (): void => {
    if (running.size < mostAtOnce) waiting.shift()?.()
  }

  /** The process once it is its turn; killing it before that is an end like any other. */
  function enqueue(start: () => Promise<LabProcess>, onLine: (text: string) => void): LabProcess {
    let process: LabProcess | undefined
    let isKilled = false
    const { promise, resolve } = Promise.withResolvers<ProcessEnd>()
    const handle: LabProcess = {
      ended: promise,
      kill() {
        isKilled = true
        process?.kill()
      },
    }
    waiting.push(() => {
      if (isKilled || isOver) return resolve({ exitCode: 137, reason: 'Killed' })
      running.add(handle)
      const done = (end: ProcessEnd): void => {
        running.delete(handle)
        resolve(end)
        next()
      }
      start().then(
        (started) => {
          process = started
          if (isKilled) started.kill()
          void started.ended.then(done)
        },
        (error: unknown) => {
          onLine(`the container could not be started: ${String(error)}`)
          done({ exitCode: 128, reason: 'Error' })
        },
      )
    })
    next()
    return handle
  }

  return {
    get canRun() {
      return python !== undefined
    },
    ready: () => known,
    run: (order, onLine) =>
      enqueue(async () => {
        const root = await openHome()
        const directory = await mkdtemp(join(root, 'container-'))
        for (const [path, content] of order.files) {
          const real = join(directory, path)
          await mkdir(dirname(real), { recursive: true })
          await writeFile(real, content, { mode: 0o600 })
        }
        const argv = order.argv.map((argument) => (order.files.has(argument) ? join(directory, argument) : argument))
        const environment = await environmentOf(root, { ...order.environment, HOME: directory, TMPDIR: directory })
        const started = startLabProcess(
          {
            argv: [python ?? 'python3', ...argv.slice(1)],
            directory,
            environment,
            memoryBytes: order.memoryBytes ?? defaultMemoryBytes,
            seconds: Math.min(order.seconds ?? defaultSeconds, defaultSeconds),
          },
          onLine,
        )
        void started.ended.then(() => rm(directory, { recursive: true, force: true })).catch(() => undefined)
        return started
      }, onLine),
    async keptDirectory(name) {
      const directory = join(await openHome(), `machine-${basename(name)}`)
      await mkdir(directory, { recursive: true })
      return directory
    },
    runIn: (directory, args, environment, onLine) =>
      enqueue(
        async () => startLabProcess({ argv: [python ?? 'python3', ...args], directory, environment: await environmentOf(await openHome(), environment), seconds: 60 }, onLine),
        onLine,
      ),
    offerDatabase(database) {
      ports.set(database.host, database.port)
      offered = database
      for (const listener of listeners) listener(database)
    },
    onDatabase(listener) {
      listeners.add(listener)
      if (offered) listener(offered)
    },
    async dispose() {
      isOver = true
      while (waiting.length > 0) waiting.shift()?.()
      const mine = [...running]
      for (const one of mine) one.kill()
      await killStragglers(token)
      await Promise.all(mine.map((one) => one.ended))
      await (await helper)?.dispose()
      const root = await home?.catch(() => undefined)
      if (root) await rm(root, { recursive: true, force: true, maxRetries: 3 }).catch((error: unknown) => options.log(`demo lab: ${String(error)}`))
    },
  }
}

/** Read and written rather than copied: in the packaged application the image lies inside of an archive. */
async function copyImage(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const entry of await readdir(from, { withFileTypes: true }))
    if (entry.isDirectory()) await copyImage(join(from, entry.name), join(to, entry.name))
    else if (entry.name.endsWith('.py')) await writeFile(join(to, entry.name), await readFile(join(from, entry.name)))
}

/** Processes that left their group (a supervisor that detached itself) still carry the lab's mark. */
async function killStragglers(token: string): Promise<void> {
  if (process.platform !== 'linux') return
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name)) continue
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '')
    if (!environment.includes(`MERIDIAN_LAB_RUN=${token}`)) continue
    try {
      process.kill(Number(name), 'SIGKILL')
    } catch {
      // Gone meanwhile.
    }
  }
}
