// The runner under limits: what a container's process may use, what becomes of it, and that nothing is left behind.
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findPython } from './find-python.ts'
import { createLabRunner, type LabRunner, type RunOrder } from './lab-runner.ts'

const imageDir = join(import.meta.dirname, '..', '..', '..', 'resources', 'demo', 'containers', 'python')
const hasPython = (await findPython()) !== undefined
const isLinux = process.platform === 'linux'

const orderOf = (script: string, more: Partial<RunOrder> = {}): RunOrder => ({
  files: new Map([['/meridian/main.py', Buffer.from(script)]]),
  argv: ['python3', '-u', '/meridian/main.py'],
  environment: {},
  ...more,
})

/** A process that nobody has waited for is dead all the same. */
const isAlive = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe.skipIf(!hasPython)('lab runner (needs Python 3.9 or later)', () => {
  let runner: LabRunner
  beforeEach(async () => {
    runner = createLabRunner({ imageDir, log: () => undefined })
    await runner.ready()
  })
  afterEach(() => runner.dispose())

  const run = async (script: string, more: Partial<RunOrder> = {}) => {
    const lines: string[] = []
    const end = await runner.run(orderOf(script, more), (line) => lines.push(line)).ended
    return { end, lines }
  }

  it('gives output in order and the exit code', async () => {
    const { end, lines } = await run('import sys\nprint("one")\nprint("two")\nsys.exit(3)')
    expect(lines).toEqual(['one', 'two'])
    expect(end).toEqual({ exitCode: 3, reason: 'Error' })
  })

  it('kills what uses more memory than its limit, and calls it that', async () => {
    const { end } = await run('data = []\nwhile True:\n    data.append(bytearray(8 * 2**20))', { memoryBytes: 96 * 2 ** 20 })
    expect(end).toEqual({ exitCode: 137, reason: 'OOMKilled' })
  })

  it('ends what takes longer than it may', async () => {
    const { end } = await run('import time\ntime.sleep(60)', { seconds: 1 })
    expect(end.reason).toBe('DeadlineExceeded')
  })

  it('keeps a container to its own directory and environment', async () => {
    process.env['LAB_RUNNER_TEST_SECRET'] = 'not for containers'
    const { lines } = await run('import os\nprint(os.environ.get("LAB_RUNNER_TEST_SECRET"), os.getcwd() == os.environ["HOME"], os.environ["X"])', { environment: { X: 'y' } })
    expect(lines).toEqual(['None True y'])
    delete process.env['LAB_RUNNER_TEST_SECRET']
  })

  it.skipIf(!isLinux)('leaves no process and no file, not even of one that detached itself', async () => {
    const pids: number[] = []
    const detach = 'import os, time\nif os.fork() == 0:\n    os.setsid()\n    print(os.getpid(), flush=True)\n    time.sleep(60)\nprint(os.getpid(), flush=True)\ntime.sleep(60)'
    const seen = Promise.withResolvers<void>()
    const started = runner.run(orderOf(detach), (line) => {
      pids.push(Number(line))
      if (pids.length === 2) seen.resolve()
    })
    await seen.promise
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('meridian-lab-'))
    await runner.dispose()
    expect((await started.ended).reason).toBe('Killed')
    await expect.poll(() => pids.filter(isAlive)).toEqual([])
    const after = readdirSync(tmpdir()).filter((name) => name.startsWith('meridian-lab-'))
    expect(after.length).toBeLessThan(before.length)
  })

  it('runs a few at a time; one that is killed while it waits never starts', async () => {
    const lines: string[] = []
    const hold = 'import time\nprint("started", flush=True)\ntime.sleep(60)'
    const started = Array.from({ length: 6 }, () => runner.run(orderOf(hold), (line) => lines.push(line)))
    await expect.poll(() => lines.length, { timeout: 8_000 }).toBe(4)
    started.at(-1)?.kill()
    for (const one of started.slice(0, 5)) one.kill()
    const ends = await Promise.all(started.map(({ ended }) => ended))
    expect(ends.every(({ reason }) => reason === 'Killed')).toBe(true)
    expect(lines.length).toBeLessThan(6)
  })
})
