import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { takeInstanceLock } from './instance-lock.ts'

let directory: string
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'meridian-lock-'))))
afterEach(() => rmSync(directory, { recursive: true, force: true }))
const lockFile = (): string => join(directory, 'instance.lock')

it('lets one in, refuses the next with a sentence, and leaves nothing behind', async () => {
  const lock = await takeInstanceLock(directory)
  await expect(takeInstanceLock(directory)).rejects.toMatchObject({
    code: 'conflict',
    message: `Another Meridian (process ${process.pid}) works in ${directory}.`,
  })
  lock.dispose()
  expect(readdirSync(directory)).toEqual([])
  const next = await takeInstanceLock(directory)
  next.dispose()
})

it.each([
  ['a process that is gone', JSON.stringify({ pid: 2 ** 30, socket: '/nowhere', nonce: 'old' })],
  [
    'a process id that something else has now',
    JSON.stringify({ pid: process.pid, socket: join(tmpdir(), 'no-such.sock'), nonce: 'old' }),
  ],
  ['a crash in the middle of writing', '{"pid":'],
  ['nothing', ''],
])('takes over a lock left by %s', async (_what, content) => {
  writeFileSync(lockFile(), content)
  const lock = await takeInstanceLock(directory)
  expect(JSON.parse(readFileSync(lockFile(), 'utf8'))).toMatchObject({ pid: process.pid })
  lock.dispose()
  expect(existsSync(lockFile())).toBe(false)
})

it('lets exactly one of many in at once, over a dead lock too', async () => {
  writeFileSync(lockFile(), JSON.stringify({ pid: 2 ** 30, socket: '/nowhere', nonce: 'old' }))
  const results = await Promise.allSettled(Array.from({ length: 12 }, () => takeInstanceLock(directory)))
  const locks = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  expect(locks).toHaveLength(1)
  locks[0]!.dispose()
})

it('is free again after kill -9', async () => {
  const module = pathToFileURL(join(import.meta.dirname, 'instance-lock.ts')).href
  const script = `const { takeInstanceLock } = await import(${JSON.stringify(module)}); await takeInstanceLock(${JSON.stringify(directory)}); console.log('held'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  await expect(takeInstanceLock(directory)).rejects.toMatchObject({ code: 'conflict' })
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  const lock = await takeInstanceLock(directory)
  lock.dispose()
  expect(readdirSync(directory)).toEqual([])
})
