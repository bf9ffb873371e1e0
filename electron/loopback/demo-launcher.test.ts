// The launcher against small stand-ins of the lab's process: what it hands on, and that nothing survives.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const ready = (name: string): string => `send({ type: 'ready', siteName: ${name}, drafts: [] })`

it('starts, tells progress, hands commands on, and stops', async () => {
  const { lab, progress, exits } = launch(`
    const heard = []
    onMessage((message) => {
      heard.push(message)
      if (message.type === 'start') { send({ type: 'progress', step: 'Half', fraction: 0.5 }); ${ready('message.dataDir')} }
      if (message.type === 'advance') send({ type: 'progress', step: JSON.stringify(heard.slice(1)), fraction: 1 })
      if (message.type === 'stop') process.exit(0)
    })`)
  const running = await lab
  expect(running.siteName).toBe(directory)
  running.setFault('postgres', 'slow')
  running.setFault('postgres', null)
  running.advanceClock(5)
  await expect.poll(() => progress.length).toBe(2)
  expect(JSON.parse(progress[1]![0])).toEqual([
    { type: 'fault', service: 'postgres', fault: 'slow' },
    { type: 'fault', service: 'postgres' },
    { type: 'advance', ms: 5 },
  ])
  expect(() => running.setFault('coffee', 'slow')).toThrow()
  await running.stop()
  await running.stop()
  expect(exits).toEqual([])
})

it.each([
  ['says that it failed', `onMessage(() => send({ type: 'failed', message: 'No room.' }))`, 'No room.'],
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

it('ignores messages of another shape', async () => {
  const { lab } = launch(
    `onMessage(() => { send('hello'); send({ type: 'ready' }); send(null); ${ready("'fine'")}; onMessage(() => process.exit(0)) })`,
  )
  const running = await lab
  expect(running.siteName).toBe('fine')
  await running.stop()
})
