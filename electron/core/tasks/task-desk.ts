// Long operations by id: begun by features, followed by the drivers of their systems, kept in the store, told to every
// window. A task belongs to no window: it ends when its system says so. Those that ran when Meridian died are followed
// again after the next start. Never repeats an operation.
import { randomUUID } from 'node:crypto'
import type { Task, TaskEvent, TaskLine } from '#shared/contracts/tasks.ts'
import { AppError, isAppError } from '#shared/errors.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { Platform } from '../platform.ts'
import type { AuditHandle } from '../router/call-context.ts'
import { createFeed, type Feed } from '../router/event-feed.ts'
import type { AuditLog } from '../storage/audit-log.ts'
import { maskSecrets } from '../storage/log-book.ts'
import type { NotificationStore } from '../storage/notification-store.ts'
import type { TaskStore } from '../storage/task-store.ts'
import type { TaskDriver, TaskEnding, TaskFollowing } from './task-driver.ts'

export interface TaskStart {
  /** Under which its driver is registered. */
  kind: string
  siteId: SiteId
  connectionId: ConnectionId | null
  title: string
  subject: string
  entityId?: string | null
  /** JSON that the driver finds it again by. */
  reference: unknown
  /** The command that began it: its record is closed when the task ends. Absent for what was only seen. */
  audit?: AuditHandle | undefined
}

export interface TaskDesk {
  /** Each system once, before `resume`. */
  register<R>(kind: string, driver: TaskDriver<R>): void
  /** Follows an operation that the system has accepted. The same reference again gives the task that is known. */
  begin(start: TaskStart): Task
  /** Goes on with what ran when the application last ended. Called once, when all drivers are registered. */
  resume(): void
  list(siteId: SiteId, options: { limit: number; entityId?: string | undefined }): Task[]
  /** Throws `not-found`, also for a task of another site. */
  get(siteId: SiteId, taskId: string): Task
  /** Resolves with the task when it has ended; with the running one when `signal` fires first. */
  ended(taskId: string, signal?: AbortSignal): Promise<Task>
  readLog(siteId: SiteId, taskId: string, afterLine: number, limit: number): TaskLine[]
  /** The log in pieces until the task has ended. */
  followLog(siteId: SiteId, taskId: string, afterLine: number, signal: AbortSignal): AsyncGenerator<TaskLine[], void, void>
  /** Asks the system to stop it. Throws `unsupported` where that is not possible, `conflict` when it has ended. */
  stop(siteId: SiteId, taskId: string): Promise<Task>
  /** Throws `conflict` while it runs. */
  dismiss(siteId: SiteId, taskId: string): void
  dismissEnded(siteId: SiteId): void
  /** What changes, of all sites. A slow reader gets the newest state of each task. */
  readonly changes: Feed<TaskEvent>
  dispose(): Promise<void>
}

export interface TaskDeskOptions {
  store: TaskStore
  audit: AuditLog
  notifications: NotificationStore
  platform: Pick<Platform, 'log' | 'now'>
}

/** Between two stored states of a task that only says how far it is. */
const progressPauseMs = 500
const longestLine = 4000
const logPage = 1000

interface Followed {
  task: Task
  wasStopped: boolean
  /** When its progress was last stored and told. */
  toldAtMs: number
}

export function createTaskDesk(options: TaskDeskOptions): TaskDesk {
  const { store, audit, notifications, platform } = options
  const drivers = new Map<string, TaskDriver>()
  const followed = new Map<string, Followed>()
  const endings = new Set<Promise<void>>()
  const closing = new AbortController()
  const changes = createFeed<TaskEvent>({ merge: ([earlier], next) => [earlier ? joinEvents(earlier, next) : next] })
  const publish = (task: Task): void => changes.publish({ isWhole: false, tasks: [task], removedIds: [] })

  function keep(task: Task): Task {
    store.save(task)
    const entry = followed.get(task.taskId)
    if (entry) Object.assign(entry, { task, toldAtMs: platform.now() })
    publish(task)
    return task
  }

  function finish(taskId: string, auditRecordId: number | null, ending: TaskEnding): void {
    const entry = followed.get(taskId)
    if (!entry) return
    const endedAtMs = platform.now()
    const task = keep({
      ...entry.task,
      state: ending.state,
      message: maskSecrets(ending.message),
      remedy: ending.remedy ?? null,
      fraction: ending.state === 'done' || ending.state === 'warning' ? 1 : entry.task.fraction,
      canStop: false,
      endedAtMs,
    })
    followed.delete(taskId)
    // What others began is followed for whoever looks at it, and announced to nobody.
    if (auditRecordId === null) return
    const outcome = task.state === 'warning' ? 'done' : task.state
    audit.close(auditRecordId, outcome === 'running' ? 'unknown' : outcome, task.message, endedAtMs - task.startedAtMs)
    const { level, word } = verdicts[ending.state]
    notifications.add(level, `${task.title}: ${word}`, ending.state === 'done' ? task.subject : `${task.message} ${task.remedy ?? ''}`.trim())
  }

  function start(task: Task, reference: unknown, auditRecordId: number | null): void {
    const driver = drivers.get(task.kind)
    const parsed = driver?.reference.safeParse(reference)
    const entry: Followed = { task, wasStopped: false, toldAtMs: 0 }
    followed.set(task.taskId, entry)
    if (!driver || !parsed?.success)
      return finish(task.taskId, auditRecordId, { state: 'unknown', message: 'This version of Meridian cannot follow it.', remedy: 'Look at the state of the target itself.' })
    const following: TaskFollowing = {
      connectionId: task.connectionId,
      signal: closing.signal,
      linesKept: task.logLines,
      wasStopped: () => entry.wasStopped,
      append(lines) {
        if (lines.length === 0 || closing.signal.aborted) return
        const logLines = store.append(task.taskId, lines.map((line) => maskSecrets(line).slice(0, longestLine)))
        keep({ ...entry.task, logLines })
      },
      report({ fraction = entry.task.fraction, message = entry.task.message }) {
        if (closing.signal.aborted || (fraction === entry.task.fraction && message === entry.task.message)) return
        entry.task = { ...entry.task, fraction, message: maskSecrets(message) }
        if (platform.now() - entry.toldAtMs >= progressPauseMs) keep(entry.task)
      },
    }
    const done = driver
      .follow(parsed.data, following)
      .catch((thrown: unknown): TaskEnding => endingOf(thrown))
      // A task whose Meridian ends is not at its end: it stays `running` in the store and is followed again.
      .then((ending) => closing.signal.aborted || finish(task.taskId, auditRecordId, ending))
      .then(() => undefined)
      .catch((thrown: unknown) => platform.log.error('A task could not be kept', { task: task.title, fault: String(thrown) }))
      .finally(() => endings.delete(done))
    endings.add(done)
  }

  function get(siteId: SiteId, taskId: string): Task {
    const found = followed.get(taskId)?.task ?? store.find(taskId)?.task
    if (!found || found.siteId !== siteId) throw new AppError('not-found', 'This task is no longer on the list.')
    return found
  }

  function remove(taskIds: readonly string[]): void {
    for (const taskId of taskIds) store.remove(taskId)
    if (taskIds.length > 0) changes.publish({ isWhole: false, tasks: [], removedIds: [...taskIds] })
  }

  return {
    get,
    changes,
    register: (kind, driver) => void drivers.set(kind, driver as TaskDriver),
    begin({ reference, audit: handle, entityId = null, ...rest }) {
      const text = JSON.stringify(reference)
      const driver = drivers.get(rest.kind)
      if (!driver) throw new Error(`No driver follows tasks of the kind ${rest.kind}`)
      const known = store.findByReference(rest.kind, rest.connectionId, text)
      if (known) return followed.get(known.taskId)?.task ?? known
      const task: Task = {
        ...rest,
        taskId: randomUUID(),
        entityId,
        reference: driver.nameOf(driver.reference.parse(reference)),
        state: 'running',
        startedAtMs: platform.now(),
        endedAtMs: null,
        fraction: null,
        message: 'Started',
        remedy: null,
        canStop: driver.stop !== undefined,
        logLines: 0,
      }
      const auditRecordId = handle?.recordId ?? null
      store.add({ task, reference: text, auditRecordId })
      handle?.handOver()
      publish(task)
      start(task, reference, auditRecordId)
      return task
    },
    resume() {
      for (const { task, reference, auditRecordId } of store.running()) start(task, JSON.parse(reference), auditRecordId)
    },
    list: (siteId, query) => store.list(siteId, query).map((task) => followed.get(task.taskId)?.task ?? task),
    async ended(taskId, signal = closing.signal) {
      const ending = AbortSignal.any([signal, closing.signal])
      const events = changes.subscribe(ending)
      let task = followed.get(taskId)?.task ?? store.find(taskId)?.task
      if (!task) throw new AppError('not-found', 'This task is no longer on the list.')
      if (task.state !== 'running') return task
      for await (const event of events) {
        task = event.tasks.find((item) => item.taskId === taskId) ?? task
        if (task.state !== 'running') break
      }
      return task
    },
    readLog: (siteId, taskId, afterLine, limit) => store.readLog(get(siteId, taskId).taskId, afterLine, limit),
    async *followLog(siteId, taskId, afterLine, signal) {
      const events = changes.subscribe(AbortSignal.any([signal, closing.signal]))
      let line = afterLine
      for (;;) {
        // Asked before the log is read: what comes in between is read in the next round.
        const isRunning = get(siteId, taskId).state === 'running'
        for (let page = store.readLog(taskId, line, logPage); page.length > 0; page = store.readLog(taskId, line, logPage)) {
          yield page
          line = page.at(-1)!.number
        }
        if (!isRunning) return
        for (;;) {
          const next = await events.next()
          if (next.done) return
          if (next.value.removedIds.includes(taskId)) return
          if (next.value.tasks.some((item) => item.taskId === taskId)) break
        }
      }
    },
    async stop(siteId, taskId) {
      const task = get(siteId, taskId)
      const record = store.find(taskId)
      const driver = drivers.get(task.kind)
      const entry = followed.get(taskId)
      if (!entry || !record) throw new AppError('conflict', `${task.title} has ended already.`)
      if (!driver?.stop) throw new AppError('unsupported', 'This kind of task cannot be stopped from here.')
      entry.wasStopped = true
      await driver.stop(driver.reference.parse(JSON.parse(record.reference)), task.connectionId)
      return get(siteId, taskId)
    },
    dismiss(siteId, taskId) {
      const task = get(siteId, taskId)
      if (task.state === 'running') throw new AppError('conflict', `${task.title} is still running.`)
      remove([taskId])
    },
    dismissEnded: (siteId) =>
      remove(store.list(siteId, { limit: 1000 }).flatMap((task) => (task.state === 'running' ? [] : [task.taskId]))),
    async dispose() {
      for (const { task } of followed.values()) store.save(task)
      closing.abort()
      changes.dispose()
      await Promise.allSettled(endings)
    },
  }
}

const verdicts = {
  done: { level: 'success', word: 'done' },
  warning: { level: 'warning', word: 'done with warnings' },
  failed: { level: 'error', word: 'failed' },
  cancelled: { level: 'info', word: 'stopped' },
  unknown: { level: 'warning', word: 'outcome unknown' },
} as const

const endingOf = (thrown: unknown): TaskEnding => ({
  state: 'unknown',
  message: isAppError(thrown) ? thrown.message : 'Meridian could not follow it to its end.',
  remedy: (isAppError(thrown) ? thrown.remedy : undefined) ?? 'Look at the current state before you do it again.',
})

/** Two events as one: the newest state of each task, and nothing of those that are gone. */
function joinEvents(earlier: TaskEvent, later: TaskEvent): TaskEvent {
  const tasks = new Map([...earlier.tasks, ...later.tasks].map((task) => [task.taskId, task]))
  for (const taskId of later.removedIds) tasks.delete(taskId)
  return {
    isWhole: earlier.isWhole,
    tasks: [...tasks.values()],
    removedIds: [...earlier.removedIds.filter((id) => !later.tasks.some((task) => task.taskId === id)), ...later.removedIds],
  }
}
