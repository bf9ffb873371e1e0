// One PostgreSQL cluster on disk and the server process over it: create, start, stop, survive. Knows nothing of what
// is stored. The server never outlives this process: on Unix a tiny shell watchdog holds the other end of a pipe and
// stops the server when the pipe breaks, however this process ended; on Windows Node's job object does the same.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError, cancelled } from '#shared/errors.ts'
import { binary, type PostgresBinaries } from './binaries.ts'
import { writeOwned, type Account } from './placement.ts'
import { freePort, isAlive, isServerOf } from './processes.ts'

const readyTimeoutMs = 60_000
const fastStopMs = 8_000
const forcedStopMs = 3_000
/** How long a server whose owner died may take to be stopped by its watchdog. */
const strayTimeoutMs = 20_000
/** How long a server with a living owner may take to be stopped: that owner may be closing right now. */
const closingTimeoutMs = 2_000
const pollMs = 25

/**
 * $0 is the watchdog's name, the rest the server's command. The watchdog is a grandchild, so PostgreSQL, which
 * takes this shell's place, has no unknown child; it reads the pipe until the word `done` or the end.
 */
const watchdogScript = `
exec 3<&0
( ( word=
    IFS= read -r word <&3
    [ "$word" = done ] && exit 0
    kill -INT $$
    n=0
    while kill -0 $$ && [ $n -lt 10 ]; do sleep 1; n=$((n + 1)); done
    kill -QUIT $$
  ) >/dev/null 2>&1 </dev/null & )
exec 3<&-
exec "$@" </dev/null`

export interface ClusterOptions {
  /** The site's name for the server, in messages. */
  name: string
  dataDir: string
  binaries: PostgresBinaries
  account: Account | undefined
  signal: AbortSignal
}

export class PostgresCluster {
  readonly options: ClusterOptions
  readonly logFile: string
  #child: ChildProcess | undefined
  #port = 0

  constructor(options: ClusterOptions) {
    this.options = options
    this.logFile = `${options.dataDir}.log`
  }

  /** Port on 127.0.0.1 while running. */
  get port(): number {
    return this.#port
  }

  /** Of the server while running, else 0. */
  get processId(): number {
    return this.#child?.pid ?? 0
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /**
   * Makes sure that no other lab uses the cluster; nothing of it may be written before. A lab that was killed leaves
   * postmaster.pid behind, and for a moment perhaps the server too: waits for the watchdog's work to end, then
   * clears the file away. Throws `conflict` while another lab runs it.
   */
  async claim(): Promise<void> {
    const owner = Number(await readFile(this.#ownerFile(), 'utf8').catch(() => ''))
    const deadlineMs = Date.now() + (owner > 0 && isAlive(owner) ? closingTimeoutMs : strayTimeoutMs)
    for (;;) {
      const pid = Number((await this.#pidFile())[0])
      if (!Number.isInteger(pid) || pid <= 0) return
      if (!(await isServerOf(pid, this.options.dataDir))) {
        await rm(join(this.options.dataDir, 'postmaster.pid'), { force: true })
        return
      }
      this.options.signal.throwIfAborted()
      if (Date.now() > deadlineMs) {
        throw new AppError(
          'conflict',
          `Another demo lab is running ${this.options.name} already, as process ${pid}.`,
          {
            remedy: 'Close the other Meridian, or start this one with another data directory.',
            target: { system: 'demo lab', endpoint: this.options.name },
          },
        )
      }
      await delay(100)
    }
  }

  /** initdb with scram-sha-256 and C collation, so that text sorts the same on every system. */
  async create(superuser: string, password: string): Promise<void> {
    const { dataDir, account, binaries } = this.options
    await rm(dataDir, { recursive: true, force: true })
    const passwordFile = `${dataDir}.password`
    await writeOwned(passwordFile, `${password}\n`, account)
    try {
      const flags = [
        '-D',
        dataDir,
        '-U',
        superuser,
        `--pwfile=${passwordFile}`,
        '-A',
        'scram-sha-256',
        '-E',
        'UTF8',
      ]
      const rest = ['--locale=C', '--no-sync', '--no-instructions']
      await this.#runTool(binary(binaries, 'initdb'), [...flags, ...rest])
    } finally {
      await rm(passwordFile, { force: true })
    }
  }

  /** Starts the server and resolves once it accepts connections. Tries another port when one is snatched away. */
  async start(settings: Record<string, string>): Promise<void> {
    await this.claim()
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#startOnce(await freePort(), settings)
        return
      } catch (error) {
        const log = await this.lastLogLines(40)
        if (attempt < 3 && /could not bind|Address already in use/.test(log)) continue
        throw error
      }
    }
  }

  /** Fast shutdown; after 8 s immediate, after 11 s killed. Never rejects. */
  async stop(): Promise<void> {
    const child = this.#child
    if (!child || !this.isRunning) return
    this.#child = undefined
    const ended = new Promise<boolean>((resolve) => child.once('exit', () => resolve(true)))
    const within = (limitMs: number) => Promise.race([ended, delay(limitMs, false, { ref: false })])
    if (process.platform === 'win32') {
      const command = ['stop', '-m', 'fast', '-D', this.options.dataDir]
      await this.#runTool(binary(this.options.binaries, 'pg_ctl'), command).catch(() => undefined)
    } else child.kill('SIGINT')
    if (!(await within(fastStopMs))) {
      child.kill('SIGQUIT')
      if (!(await within(forcedStopMs))) child.kill('SIGKILL')
    }
    await within(forcedStopMs)
  }

  /** Makes the server read its configuration and certificate again. */
  reload(): void {
    if (this.isRunning && process.platform !== 'win32') this.#child?.kill('SIGHUP')
  }

  /** Writes all files of the cluster through to the disk; used after a build that skipped it. */
  async flush(): Promise<void> {
    await this.#runTool(binary(this.options.binaries, 'initdb'), ['--sync-only', '-D', this.options.dataDir])
  }

  async lastLogLines(count: number): Promise<string> {
    const text = await readFile(this.logFile, 'utf8').catch(() => '')
    return text.trimEnd().split('\n').slice(-count).join('\n')
  }

  async #startOnce(port: number, settings: Record<string, string>): Promise<void> {
    const { dataDir, binaries, account, signal, name } = this.options
    signal.throwIfAborted()
    await writeFile(this.#ownerFile(), String(process.pid), { mode: 0o600 })
    const flags = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])
    const command = [binary(binaries, 'postgres'), '-D', dataDir, '-p', String(port), ...flags]
    const log = await open(this.logFile, 'w', 0o600)
    const isWindows = process.platform === 'win32'
    const child = spawn(
      isWindows ? (command[0] ?? '') : '/bin/sh',
      isWindows ? command.slice(1) : ['-c', watchdogScript, 'meridian-watchdog', ...command],
      {
        ...account,
        cwd: dataDir,
        // Its own session: Ctrl-C in a terminal must reach the lab, which then stops the server in order.
        detached: !isWindows,
        stdio: ['pipe', log.fd, log.fd],
        env: { PATH: process.env['PATH'], SystemRoot: process.env['SystemRoot'], LC_ALL: 'C', TZ: 'UTC' },
      },
    )
    child.stdin?.on('error', () => undefined)
    child.once('exit', () => child.stdin?.end('done\n'))
    child.once('error', () => undefined)
    await log.close()
    this.#child = child
    this.#port = port
    await this.#awaitReady(child, name)
  }

  async #awaitReady(child: ChildProcess, name: string): Promise<void> {
    const deadlineMs = Date.now() + readyTimeoutMs
    while (!(await this.#isReady(child))) {
      if (this.options.signal.aborted) {
        await this.stop()
        throw cancelled(`The start of ${name} was cancelled.`)
      }
      if (!this.isRunning || Date.now() > deadlineMs) {
        const log = await this.lastLogLines(6)
        await this.stop()
        throw new AppError(
          'internal',
          `The demo database server ${name} did not start: ${log || 'no message'}`,
          {
            remedy: `Its log is ${this.logFile}. Deleting ${this.options.dataDir} makes the lab build it anew.`,
            target: { system: 'demo lab', endpoint: name },
          },
        )
      }
      await delay(pollMs)
    }
  }

  /** postmaster.pid holds the process in line 1 and its state in line 8. */
  async #isReady(child: ChildProcess): Promise<boolean> {
    const lines = await this.#pidFile()
    return Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready'
  }

  /** Names the process whose end the watchdog waits for. */
  #ownerFile(): string {
    return `${this.options.dataDir}.owner`
  }

  async #pidFile(): Promise<string[]> {
    const text = await readFile(join(this.options.dataDir, 'postmaster.pid'), 'utf8').catch(() => '')
    return text.split('\n')
  }

  async #runTool(program: string, args: string[]): Promise<void> {
    const { account, signal, dataDir } = this.options
    const cwd = join(dataDir, '..')
    await mkdir(cwd, { recursive: true })
    await new Promise<void>((resolve, reject) => {
      const env = { PATH: process.env['PATH'], SystemRoot: process.env['SystemRoot'], LC_ALL: 'C', TZ: 'UTC' }
      const child = spawn(program, args, {
        ...account,
        cwd,
        signal,
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let complaint = ''
      child.stderr
        .setEncoding('utf8')
        .on('data', (text: string) => (complaint = (complaint + text).slice(-2000)))
      child.once('error', (cause) => reject(signal.aborted ? cancelled() : toolError(program, cause.message)))
      child.once('close', (code) => (code === 0 ? resolve() : reject(toolError(program, complaint.trim()))))
    })
  }
}

const toolError = (program: string, complaint: string): AppError =>
  new AppError(
    'internal',
    `The demo lab could not prepare PostgreSQL with ${program}: ${complaint || 'no message'}`,
    {
      remedy:
        'Check that the data directory is on a disk with 3 GB free and that programs may run from there.',
      target: { system: 'demo lab' },
    },
  )
