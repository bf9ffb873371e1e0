// The parent's end of messages.ts, the same for both shells: starts the lab's process, follows it up, and takes it
// down again. A shell only says how a process is made (child_process.fork, or Electron's utilityProcess).
import { AppError, cancelled } from '#shared/errors.ts'
import type { DemoLauncher, RunningDemo } from '#core/platform.ts'
import { demoReport, faultKind, faultService, type DemoCommand, type DemoReport } from './messages.ts'

/** A started process, as far as the launcher needs it. */
export interface LabProcess {
  send(command: DemoCommand): void
  onMessage(listener: (message: unknown) => void): void
  /** Called once, however it ended; `reason` is the end of a sentence. */
  onExit(listener: (reason: string) => void): void
  /** Ends it by force. */
  kill(): void
}

/** The process gives its servers 15 s to end before it goes anyway; only then is it ended from outside. */
const stopLimitMs = 16_500

type StartOptions = Parameters<DemoLauncher['start']>[0]

/** `start` rejects with an AppError that says why the lab did not come up; an abort stops it and rejects. */
export function createLabLauncher(startProcess: () => LabProcess): DemoLauncher {
  return {
    async start(options) {
      if (options.signal.aborted) throw cancelled('The start of the demo lab was given up.')
      const lab = superviseProcess(startProcess())
      const giveUp = (): void => void lab.stop()
      options.signal.addEventListener('abort', giveUp, { once: true })
      try {
        return await bringUp(lab, options)
      } catch (error) {
        await lab.stop()
        throw options.signal.aborted ? cancelled('The start of the demo lab was given up.') : error
      } finally {
        options.signal.removeEventListener('abort', giveUp)
      }
    },
  }
}

type Lab = ReturnType<typeof superviseProcess>

function superviseProcess(child: LabProcess) {
  let isStopping = false
  const ended = new Promise<string>((resolve) => child.onExit(resolve))
  const stop = async (): Promise<void> => {
    if (!isStopping) {
      isStopping = true
      child.send({ type: 'stop' })
    }
    const timer = setTimeout(() => child.kill(), stopLimitMs)
    await ended
    clearTimeout(timer)
  }
  return { child, ended, stop, isStopping: () => isStopping }
}

function bringUp(lab: Lab, options: StartOptions): Promise<RunningDemo> {
  return new Promise((resolve, reject) => {
    let isReady = false
    const obey = (report: DemoReport): void => {
      switch (report.type) {
        case 'progress':
          if (!isReady) options.onProgress(report.step, report.fraction)
          return
        case 'failed':
          return reject(new AppError('upstream', report.message, { target: { system: 'Demo lab' } }))
        case 'ready':
          isReady = true
          return resolve(runningDemo(lab, report))
      }
    }
    lab.child.onMessage((message) => {
      const report = demoReport.safeParse(message)
      if (report.success) obey(report.data)
      else if (!isReady) reject(new AppError('internal', 'The demo lab answered with something unreadable.'))
    })
    void lab.ended.then((reason) => {
      reject(
        new AppError('upstream', `The demo lab ended before it was ready (${reason}).`, {
          target: { system: 'Demo lab' },
        }),
      )
      if (isReady && !lab.isStopping()) options.onExit(reason)
    })
    lab.child.send({ type: 'start', dataDir: options.dataDir })
  })
}

const runningDemo = (
  lab: Lab,
  { siteName, drafts, backupPolicy }: Extract<DemoReport, { type: 'ready' }>,
): RunningDemo => ({
  siteName,
  backupPolicy,
  drafts,
  setFault(service, fault) {
    const parsed = faultService.parse(service)
    lab.child.send(
      fault === null
        ? { type: 'fault', service: parsed }
        : { type: 'fault', service: parsed, fault: faultKind.parse(fault) },
    )
  },
  advanceClock: (byMs) => lab.child.send({ type: 'advance', ms: byMs }),
  stop: lab.stop,
})
