// Entry of the process that runs the demo lab: started by the demo feature's launcher with child_process.fork, or as
// an Electron utility process. Obeys messages.ts, and goes when its parent goes, leaving nothing behind.
import { join } from 'node:path'
import { isAppError } from '#shared/errors.ts'
import { startDemoLab, type DemoLab } from './demo-lab.ts'
import { demoCommand, type DemoCommand, type DemoReport } from './messages.ts'

interface Channel {
  send(report: DemoReport): void
  onMessage(listener: (message: unknown) => void): void
  onClose(listener: () => void): void
}

/** The part of Electron's MessagePort in a utility process that is used here. */
interface ParentPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { data: unknown }) => void): void
  on(event: 'close', listener: () => void): void
}

const stopLimitMs = 15_000

function utilityPort(): ParentPort | undefined {
  const host: object & { parentPort?: unknown } = process
  const port = host.parentPort
  return typeof port === 'object' && port !== null && 'postMessage' in port ? (port as ParentPort) : undefined
}

function openChannel(): Channel | undefined {
  const port = utilityPort()
  if (port) {
    return {
      send: (report) => port.postMessage(report),
      onMessage: (listener) => port.on('message', (event) => listener(event.data)),
      onClose: (listener) => port.on('close', listener),
    }
  }
  if (!process.send) return undefined
  return {
    send(report) {
      // The parent may have gone in between; `disconnect` follows and ends the lab.
      if (process.connected) process.send?.(report, undefined, undefined, () => {})
    },
    onMessage: (listener) => process.on('message', listener),
    onClose: (listener) => process.on('disconnect', listener),
  }
}

type StartCommand = Extract<DemoCommand, { type: 'start' }>

function startFor(channel: Channel, command: StartCommand, signal: AbortSignal): Promise<DemoLab> {
  return startDemoLab({
    dataDir: command.dataDir,
    // The source and the bundle both lie two folders below the package's own.
    imageDir: join(import.meta.dirname, '..', '..', 'resources', 'demo', 'containers', 'python'),
    signal,
    ...(command.services ? { services: command.services } : {}),
    ...(command.clockOffsetMs === undefined ? {} : { clockOffsetMs: command.clockOffsetMs }),
    ...(command.variant === undefined ? {} : { variant: command.variant }),
    onProgress: (step, fraction) => channel.send({ type: 'progress', step, fraction }),
    log: (line) => void process.stderr.write(`${line}\n`),
  })
}

function run(channel: Channel): void {
  const stopping = new AbortController()
  let lab: Promise<DemoLab> | undefined
  let isStopping = false
  const stop = async (code: number) => {
    if (isStopping) return
    isStopping = true
    // Not unref'ed: when a server refuses to end, the process still does.
    setTimeout(() => process.exit(code || 1), stopLimitMs)
    stopping.abort()
    await lab?.then((running) => running.dispose()).catch(() => {})
    process.exit(code)
  }
  const start = (command: StartCommand) => {
    lab = startFor(channel, command, stopping.signal)
    lab.then(
      ({ siteName, drafts, backupPolicy }) => channel.send({ type: 'ready', siteName, drafts, backupPolicy }),
      (error: unknown) => {
        channel.send({ type: 'failed', message: sentenceOf(error) })
        void stop(1)
      },
    )
  }
  const obey = async (command: DemoCommand) => {
    switch (command.type) {
      case 'start':
        return lab ?? start(command)
      case 'fault':
        return (await lab)?.faults.set(command.service, command.fault)
      case 'advance':
        return (await lab)?.clock.advance(command.ms)
      case 'stop':
        return stop(0)
    }
  }
  channel.onMessage((message) => {
    const parsed = demoCommand.safeParse(message)
    // A start that failed has already been reported; later commands have nothing to act on.
    if (parsed.success) obey(parsed.data).catch(() => {})
    else process.stderr.write('demo lab: a message of unknown shape was ignored\n')
  })
  channel.onClose(() => void stop(0))
  process.on('SIGTERM', () => void stop(0))
  process.on('SIGINT', () => void stop(0))
}

const sentenceOf = (error: unknown): string =>
  isAppError(error)
    ? [error.message, error.remedy].filter(Boolean).join(' ')
    : 'The demo lab could not be started.'

const channel = openChannel()
if (channel) run(channel)
else {
  process.stderr.write('This program is started by Meridian and cannot run alone.\n')
  process.exitCode = 2
}
