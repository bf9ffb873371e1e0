// Starts the demo lab as a child process of Node and speaks its messages. Nothing of it survives this process: the
// child ends when its channel closes, and is killed when it does not.
import { fork, type ChildProcess } from 'node:child_process'
import type { DemoLauncher, RunningDemo } from '#core/platform.ts'
import { demoReport, type DemoCommand } from '#demo/messages.ts'
import { AppError } from '#shared/errors.ts'
import { demoProcess } from './paths.ts'

const stopTimeoutMs = 12_000

export function createDemoLauncher(log: (line: string) => void): DemoLauncher {
  return {
    start: ({ dataDir, onProgress, onExit, signal }) =>
      new Promise<RunningDemo>((settle, reject) => {
        const child = fork(demoProcess, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] })
        const say = (command: DemoCommand): void => {
          if (child.connected) child.send(command)
        }
        let isReady = false
        let isStopping = false
        const stop = (): Promise<void> => {
          isStopping = true
          return stopChild(child, () => say({ type: 'stop' }))
        }
        const fail = (message: string): void => {
          void stop()
          reject(new AppError('internal', message, { remedy: 'Try again; the log (Settings → Log) says more.' }))
        }
        signal.addEventListener('abort', () => !isReady && fail('The start of the demo lab was cancelled.'), { once: true })
        child.stdout?.on('data', (chunk: Buffer) => log(chunk.toString().trimEnd()))
        child.stderr?.on('data', (chunk: Buffer) => log(chunk.toString().trimEnd()))
        child.on('error', (error) => fail(`The demo lab could not be started: ${error.message}`))
        child.on('exit', (code, name) => {
          if (!isReady) fail(`The demo lab ended before it was ready (${name ?? `code ${code}`}).`)
          else if (!isStopping) onExit(name ?? `code ${code}`)
        })
        child.on('message', (message) => {
          const report = demoReport.safeParse(message)
          if (!report.success) return
          if (report.data.type === 'progress') onProgress(report.data.step, report.data.fraction)
          if (report.data.type === 'failed') fail(report.data.message)
          if (report.data.type !== 'ready') return
          isReady = true
          settle({
            siteName: report.data.siteName,
            drafts: report.data.drafts,
            setFault: (service, fault) => say(toFault(service, fault)),
            advanceClock: (ms) => say({ type: 'advance', ms }),
            stop,
          })
        })
        say({ type: 'start', dataDir })
      }),
  }
}

type FaultCommand = Extract<DemoCommand, { type: 'fault' }>

const toFault = (service: string, fault: string | null): FaultCommand => ({
  type: 'fault',
  service: service as FaultCommand['service'],
  ...(fault === null ? {} : { fault: fault as NonNullable<FaultCommand['fault']> }),
})

async function stopChild(child: ChildProcess, ask: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((settle) => child.once('exit', settle))
  ask()
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await gone
  clearTimeout(timer)
}
