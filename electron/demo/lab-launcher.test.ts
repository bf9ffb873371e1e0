// The parent's end of the lab, against a process played by the test.
import { describe, expect, it, vi } from 'vitest'
import type { ConnectionDraft } from '#shared/model/connection.ts'
import { createLabLauncher } from './lab-launcher.ts'
import type { DemoCommand } from './messages.ts'

const draft: ConnectionDraft = {
  label: 'ssh',
  settings: { kind: 'ssh', host: '127.0.0.1', port: 22, user: 'observer', auth: 'password' },
  secrets: { password: 'x' },
}

function playedLab() {
  const sent: DemoCommand[] = []
  const heard: Array<(message: unknown) => void> = []
  const exits: Array<(reason: string) => void> = []
  const state = { isKilled: false }
  const launcher = createLabLauncher(() => ({
    send: (command) => void sent.push(command),
    onMessage: (listener) => void heard.push(listener),
    onExit: (listener) => void exits.push(listener),
    kill: () => {
      state.isKilled = true
      for (const exit of exits) exit('killed')
    },
  }))
  const controller = new AbortController()
  const progress: string[] = []
  const deaths: string[] = []
  const starting = launcher.start({
    dataDir: '/data/demo',
    onProgress: (step, fraction) => progress.push(`${step} ${fraction}`),
    onExit: (reason) => deaths.push(reason),
    signal: controller.signal,
  })
  starting.catch(() => undefined)
  const say = (message: unknown): void => heard.forEach((listener) => listener(message))
  const exit = (reason: string): void => exits.forEach((listener) => listener(reason))
  return { sent, starting, controller, progress, deaths, say, exit, state, launcher }
}
const ready = { type: 'ready', siteName: 'Demo lab', drafts: [draft] }

describe('the lab launcher', () => {
  it('starts, tells the progress, and gives what a site needs', async () => {
    const lab = playedLab()
    lab.say({ type: 'progress', step: 'PostgreSQL', fraction: 0.5 })
    lab.say(ready)
    const running = await lab.starting
    expect(running).toMatchObject({ siteName: 'Demo lab', drafts: [draft] })
    expect(lab.progress).toEqual(['PostgreSQL 0.5'])
    running.setFault('postgres', 'slow')
    running.setFault('postgres', null)
    running.advanceClock(1000)
    expect(lab.sent).toEqual([
      { type: 'start', dataDir: '/data/demo' },
      { type: 'fault', service: 'postgres', fault: 'slow' },
      { type: 'fault', service: 'postgres' },
      { type: 'advance', ms: 1000 },
    ])
    expect(() => running.setFault('printer', 'slow')).toThrow()
  })

  it('stops it and waits; that is no death', async () => {
    const lab = playedLab()
    lab.say(ready)
    const running = await lab.starting
    const stopped = running.stop()
    expect(lab.sent.at(-1)).toEqual({ type: 'stop' })
    lab.exit('code 0')
    await stopped
    expect(lab.deaths).toEqual([])
  })

  it('ends by force what does not stop', async () => {
    vi.useFakeTimers()
    const lab = playedLab()
    lab.say(ready)
    const running = await lab.starting
    const stopped = running.stop()
    await vi.advanceTimersByTimeAsync(20_000)
    await stopped
    expect(lab.state.isKilled).toBe(true)
    vi.useRealTimers()
  })

  it('tells once when it dies after it was ready', async () => {
    const lab = playedLab()
    lab.say(ready)
    await lab.starting
    lab.exit('signal SIGKILL')
    await expect.poll(() => lab.deaths).toEqual(['signal SIGKILL'])
  })

  it.each([
    ['its own words', { type: 'failed', message: 'PostgreSQL found no free port.' }, /no free port/],
    ['nonsense', { type: 'sing' }, /unreadable/],
  ])('fails with %s', async (_what, message, sentence) => {
    const lab = playedLab()
    lab.say(message)
    await expect.poll(() => lab.sent.at(-1)).toEqual({ type: 'stop' })
    lab.exit('code 1')
    await expect(lab.starting).rejects.toThrow(sentence)
    expect(lab.deaths).toEqual([])
  })

  it('fails when the process ends before it is ready', async () => {
    const lab = playedLab()
    lab.exit('code 2')
    await expect(lab.starting).rejects.toMatchObject({
      code: 'upstream',
      message: /before it was ready \(code 2\)/,
    })
  })

  it('takes it down when the start is given up, and starts nothing when it was before', async () => {
    const lab = playedLab()
    lab.controller.abort()
    expect(lab.sent.at(-1)).toEqual({ type: 'stop' })
    lab.exit('code 0')
    await expect(lab.starting).rejects.toMatchObject({ code: 'cancelled' })
    const signal = AbortSignal.abort()
    await expect(
      lab.launcher.start({ dataDir: '/', onProgress: () => undefined, onExit: () => undefined, signal }),
    ).rejects.toMatchObject({ code: 'cancelled' })
  })
})
