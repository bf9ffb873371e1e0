// Starts the demo lab as a child process of Node and speaks its messages. Nothing of it survives this process: the
// child ends when its channel closes, and is killed with all it started when it does not.
import { fork, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { DemoLauncher, Log, RunningDemo } from '#core/platform.ts'
import { demoReport, faultKind, faultService, type DemoCommand, type DemoReport } from '#demo/messages.ts'
import { AppError, cancelled } from '#shared/errors.ts'

const stopTimeoutMs = 20_000
const remedy = 'Try again; if it stays, the log (Settings → Log) says more.'

/** `module` is the lab's entry: bundled, or its source. */
export function createDemoLauncher(module: string, log: Log): DemoLauncher {
  return {
    start: (options) =>
      new Promise<RunningDemo>((resolve, reject) => {
        if (options.signal.aborted) return reject(cancelled())
        const lab = spawnLab(module, log)
        let isReady = false
        const fail = (error: AppError): void => {
          options.signal.removeEventListener('abort', giveUp)
          void lab.stop()
          reject(error)
        }
        const giveUp = (): void => fail(cancelled('The start of the demo lab was given up.'))
        options.signal.addEventListener('abort', giveUp, { once: true })
        lab.onEnd((how) => {
          if (!isReady)
            fail(new AppError('internal', `The demo lab ended before it was ready (${how}).`, { remedy }))
          else if (!lab.isStopping()) options.onExit(how)
        })
        lab.onReport((report) => {
          if (report.type === 'progress') options.onProgress(report.step, report.fraction)
          else if (report.type === 'failed') fail(new AppError('internal', report.message, { remedy }))
          else {
            isReady = true
            options.signal.removeEventListener('abort', giveUp)
            resolve(toRunningDemo(lab, report))
          }
        })
        lab.say({ type: 'start', dataDir: options.dataDir })
      }),
  }
}

type Ready = Extract<DemoReport, { type: 'ready' }>

const toRunningDemo = (lab: Lab, { siteName, drafts }: Ready): RunningDemo => ({
  siteName,
  drafts,
  setFault(service, fault) {
    const named = faultService.parse(service)
    lab.say({ type: 'fault', service: named, ...(fault === null ? {} : { fault: faultKind.parse(fault) }) })
  },
  advanceClock: (ms) => lab.say({ type: 'advance', ms }),
  stop: () => lab.stop(),
})

interface Lab {
  say(command: DemoCommand): void
  onReport(listener: (report: DemoReport) => void): void
  /** Called once, with how it ended. */
  onEnd(listener: (how: string) => void): void
  isStopping(): boolean
  /** Resolves when the process is gone. */
  stop(): Promise<void>
}

function spawnLab(module: string, log: Log): Lab {
  // A group of its own: Ctrl-C in the terminal reaches it through us, in order, and a kill reaches all of it.
  const isGroup = process.platform !== 'win32'
  const child = fork(module, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [], detached: isGroup })
  const ended = Promise.withResolvers<string>()
  const kill = (): void => killAll(child, isGroup)
  let isStopping = false
  process.once('exit', kill)
  child.once('error', (fault) => ended.resolve(fault.message))
  child.once('exit', (code, signal) => {
    process.off('exit', kill)
    ended.resolve(signal ?? `code ${code}`)
  })
  for (const stream of [child.stdout, child.stderr])
    if (stream)
      createInterface({ input: stream }).on('line', (line) =>
        log.debug('Demo lab', { line: line.slice(0, 2000) }),
      )
  const say = (command: DemoCommand): void => {
    if (child.connected) child.send(command, () => undefined)
  }
  return {
    say,
    onReport: (listener) =>
      child.on('message', (message) => {
        const report = demoReport.safeParse(message)
        if (report.success) listener(report.data)
        else log.warn('The demo lab sent a message of unknown shape')
      }),
    onEnd: (listener) => void ended.promise.then(listener),
    isStopping: () => isStopping,
    async stop() {
      isStopping = true
      say({ type: 'stop' })
      const timer = setTimeout(kill, stopTimeoutMs)
      await ended.promise
      clearTimeout(timer)
    },
  }
}

function killAll(child: ChildProcess, isGroup: boolean): void {
  if (child.pid === undefined) return
  try {
    if (isGroup) process.kill(-child.pid, 'SIGKILL')
    else child.kill('SIGKILL')
  } catch {
    // Gone already.
  }
}
