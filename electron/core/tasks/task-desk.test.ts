// The desk on a real store: a task outlives its window and the process, its record is closed with its own outcome, its
// log is read while it grows.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { SiteId } from '#shared/model/connection.ts'
import type { Log } from '../platform.ts'
import { createAuditLog, type AuditLog } from '../storage/audit-log.ts'
import { openDatabase, type Database } from '../storage/database.ts'
import { createNotificationStore } from '../storage/notification-store.ts'
import { createTaskStore } from '../storage/task-store.ts'
import { createTaskDesk, type TaskDesk, type TaskStart } from './task-desk.ts'
import type { TaskEnding, TaskFollowing } from './task-driver.ts'

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
const siteId = 'site-1' as SiteId
let folder: string
let database: Database
let audit: AuditLog
let desk: TaskDesk
/** What the driver was given, newest last, and how the test ends it. */
let runs: Array<{ reference: string; following: TaskFollowing; end(ending: TaskEnding): void }>
let stopped: string[]

function openDesk(): void {
  const platform = { log, now: Date.now, notify: null }
  database = openDatabase(join(folder, 'meridian.sqlite'), log)
  audit = createAuditLog(database, Date.now)
  desk = createTaskDesk({ store: createTaskStore(database), audit, notifications: createNotificationStore(database, platform), platform })
  desk.register('test', {
    reference: z.object({ name: z.string() }),
    nameOf: ({ name }) => name,
    follow: ({ name }, following) => {
      const { promise, resolve, reject } = Promise.withResolvers<TaskEnding>()
      following.signal.addEventListener('abort', () => reject(following.signal.reason as Error))
      runs.push({ reference: name, following, end: resolve })
      return promise
    },
    stop: ({ name }) => {
      stopped.push(name)
      return Promise.resolve()
    },
  })
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-tasks-'))
  runs = []
  stopped = []
  openDesk()
})
afterEach(async () => {
  await desk.dispose()
  database.dispose()
  await rm(folder, { recursive: true, force: true })
})

function begin(name: string, more: Partial<TaskStart> = {}) {
  const recordId = audit.open('guests.power', 'Start a guest', name, siteId)
  const handle = { recordId, describe: () => undefined, handOver: vi.fn() }
  const task = desk.begin({ kind: 'test', siteId, connectionId: null, title: `Start ${name}`, subject: name, reference: { name }, audit: handle, ...more })
  return { task, handle, outcome: () => audit.list({ limit: 10 }).find((record) => record.id === recordId)! }
}

describe('task desk', () => {
  it('closes the record of the command with the outcome of the task', async () => {
    const { task, handle, outcome } = begin('proj-pg01')
    expect(handle.handOver).toHaveBeenCalledOnce()
    expect(outcome().outcome).toBe('running')
    runs[0]!.end({ state: 'failed', message: 'no such disk', remedy: 'Look at the storage.' })
    expect(await desk.ended(task.taskId)).toMatchObject({ state: 'failed', message: 'no such disk', remedy: 'Look at the storage.', canStop: false })
    expect(outcome()).toMatchObject({ outcome: 'failed', message: 'no such disk' })
  })

  it('keeps the log, gives it in pieces, and to followers until the end', async () => {
    const { task } = begin('a')
    const { following, end } = runs[0]!
    following.append(['one', 'two password=hunter2'])
    const seen: string[] = []
    const followed = (async () => {
      for await (const lines of desk.followLog(siteId, task.taskId, 0, new AbortController().signal)) seen.push(...lines.map((line) => line.text))
    })()
    await vi.waitFor(() => expect(seen).toHaveLength(2))
    following.append(['three'])
    end({ state: 'done', message: 'Done' })
    await followed
    expect(seen).toEqual(['one', 'two password=[masked]', 'three'])
    expect(desk.readLog(siteId, task.taskId, 1, 1)).toEqual([{ number: 2, text: 'two password=[masked]' }])
    expect(desk.get(siteId, task.taskId)).toMatchObject({ logLines: 3, fraction: 1 })
  })

  it('bounds a log: the oldest lines go, the numbers stay', () => {
    const { task } = begin('a')
    for (let piece = 0; piece < 5; piece += 1) runs[0]!.following.append(Array.from({ length: 5000 }, (_, at) => `line ${piece * 5000 + at}`))
    expect(desk.readLog(siteId, task.taskId, 0, 1)).toEqual([{ number: 5001, text: 'line 5000' }])
    expect(desk.get(siteId, task.taskId).logLines).toBe(25_000)
  })

  it('follows again after a restart what was running, behind the lines that it has, and closes its record then', async () => {
    const { task, outcome } = begin('a')
    runs[0]!.following.append(['one'])
    await desk.dispose()
    database.dispose()
    openDesk()
    expect(outcome().outcome).toBe('running')
    desk.resume()
    expect(runs[1]).toMatchObject({ reference: 'a', following: { linesKept: 1 } })
    runs[1]!.end({ state: 'done', message: 'Done' })
    expect((await desk.ended(task.taskId)).state).toBe('done')
    expect(outcome().outcome).toBe('done')
  })

  it('calls the outcome unknown when its driver breaks', async () => {
    const { task, outcome } = begin('a')
    runs[0]!.end(Promise.reject(new Error('boom')) as never)
    expect(await desk.ended(task.taskId)).toMatchObject({ state: 'unknown', remedy: expect.any(String) })
    expect(outcome().outcome).toBe('unknown')
  })

  it('follows one operation once, whoever begins it again', () => {
    const { task } = begin('a')
    expect(begin('a').task.taskId).toBe(task.taskId)
    expect(runs).toHaveLength(1)
  })

  it('asks the driver to stop, and nobody stops what has ended or belongs to another site', async () => {
    const { task } = begin('a')
    await expect(desk.stop('other' as SiteId, task.taskId)).rejects.toMatchObject({ code: 'not-found' })
    await desk.stop(siteId, task.taskId)
    expect(stopped).toEqual(['a'])
    expect(runs[0]!.following.wasStopped()).toBe(true)
    expect(() => desk.dismiss(siteId, task.taskId)).toThrow('still running')
    runs[0]!.end({ state: 'cancelled', message: 'Stopped' })
    await desk.ended(task.taskId)
    await expect(desk.stop(siteId, task.taskId)).rejects.toMatchObject({ code: 'conflict' })
    desk.dismiss(siteId, task.taskId)
    expect(desk.list(siteId, { limit: 10 })).toEqual([])
  })

  it('tells a slow reader the newest state of each task, and not those that are gone', async () => {
    const events = desk.changes.subscribe(new AbortController().signal)
    const [first, second] = [begin('a'), begin('b')]
    runs[0]!.end({ state: 'done', message: 'Done' })
    await desk.ended(first.task.taskId)
    runs[1]!.end({ state: 'done', message: 'Done' })
    await desk.ended(second.task.taskId)
    desk.dismiss(siteId, first.task.taskId)
    const { value } = await events.next()
    expect(value).toMatchObject({ tasks: [{ subject: 'b', state: 'done' }], removedIds: [first.task.taskId] })
  })
})
