// The launcher against small stand-ins of the lab's process: what it hands on, and that nothing survives.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { silentLog } from '#core/testing/conformance/conformance-core.ts'
import { createDemoLauncher } from './demo-launcher.ts'

let directory: string
beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'meridian-launcher-'))))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Starts a stand-in whose `body` sees `send`, `message` (each message that comes) and the name of a file. */
function launch(body: string, signal = new AbortController().signal) {
  const module = join(directory, `lab-${Math.random().toString(36).slice(2)}.mjs`)
  writeFileSync(
    module,
    `const send = (report) => process.send(report)\nconst onMessage = (listener) => process.on('message', listener)\n${body}`,
  )
  const progress: Array<[string, number]> = []
  const exits: string[] = []
  const lab = createDemoLauncher(module, silentLog).start({
    dataDir: directory,
    signal,
    onProgress: (step, fraction) => progress.push([step, fraction]),
    onExit: (reason) => exits.push(reason),
  })
  return { lab, progress, exits }
}

/** A killed orphan that nobody has waited for (in a container without an init) is not running. */
const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

const ready = (name: string): string => `send({ type: 'ready', siteName: ${name}, drafts: [] })`

it('starts, tells progress, hands commands on, and stops', async () => {
  const heardFile = join(directory, 'heard.json')
  const { lab, progress, exits } = launch(`
    const heard = []
    const { writeFileSync } = await import('node:fs')
    onMessage((message) => {
      heard.push(message)
      if (message.type === 'start') { send({ type: 'progress', step: 'Half', fraction: 0.5 }); ${ready('message.dataDir')} }
      if (message.type === 'stop') { writeFileSync(${JSON.stringify(heardFile)}, JSON.stringify(heard)); process.exit(0) }
    })`)
  const running = await lab
  expect([running.siteName, progress]).toEqual([directory, [['Half', 0.5]]])
  running.setFault('postgres', 'slow')
  running.advanceClock(5)
  await running.stop()
  await running.stop()
  expect(exits).toEqual([])
  expect(JSON.parse(readFileSync(heardFile, 'utf8'))).toEqual([
    { type: 'start', dataDir: directory },
    { type: 'fault', service: 'postgres', fault: 'slow' },
    { type: 'advance', ms: 5 },
    { type: 'stop' },
  ])
})

it.each([
  [
    'says that it failed',
    `onMessage(({ type }) => (type === 'stop' ? process.exit(1) : send({ type: 'failed', message: 'No room.' })))`,
    'No room.',
  ],
  ['ends before it is ready', 'process.exit(3)', 'ended before it was ready (code 3)'],
  ['cannot be loaded', 'throw new Error("broken")', 'ended before it was ready (code 1)'],
])('rejects with a sentence when the lab %s', async (_what, body, sentence) => {
  await expect(launch(body).lab).rejects.toMatchObject({
    name: 'AppError',
    message: expect.stringContaining(sentence),
  })
})

it('ends the process when the start is given up', async () => {
  const controller = new AbortController()
  const { lab, progress } = launch(
    `onMessage((message) => message.type === 'stop' && process.exit(0)); send({ type: 'progress', step: String(process.pid), fraction: 0 })`,
    controller.signal,
  )
  const failure = expect(lab).rejects.toMatchObject({ code: 'cancelled' })
  await expect.poll(() => progress.length).toBe(1)
  controller.abort()
  await failure
  await expect.poll(() => isRunning(Number(progress[0]![0]))).toBe(false)
})

it('tells once when the lab dies later', async () => {
  const { lab, exits } = launch(
    `onMessage(() => { ${ready("'x'")}; setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50) })`,
  )
  await lab
  await expect.poll(() => exits).toEqual(['SIGKILL'])
})

it('goes with this process, and takes what it started along', async () => {
  const script = join(directory, 'parent.mts')
  const lab = join(directory, 'stubborn.mjs')
  writeFileSync(
    lab,
    `import { spawn } from 'node:child_process'
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    process.on('SIGTERM', () => {})
    process.send({ type: 'progress', step: process.pid + ' ' + child.pid, fraction: 0 })
    setInterval(() => {}, 1000)`,
  )
  writeFileSync(
    script,
    `import { createDemoLauncher } from ${JSON.stringify(join(import.meta.dirname, 'demo-launcher.ts'))}
    const log = { debug() {}, info() {}, warn() {}, error() {}, child() { return log } }
    const onProgress = (step) => { console.log(step); process.exit(0) }
    createDemoLauncher(${JSON.stringify(lab)}, log).start({ dataDir: '.', onProgress, onExit() {}, signal: new AbortController().signal })`,
  )
  const printed = await new Promise<string>((resolve, reject) =>
    execFile(process.execPath, [script], (fault, stdout) => (fault ? reject(fault) : resolve(stdout))),
  )
  const pids = printed.trim().split(' ').map(Number)
  expect(pids).toHaveLength(2)
  for (const pid of pids) await expect.poll(() => isRunning(pid)).toBe(false)
})
