// Worker tasks with a life: started now or in the past, log lines and effects that come due by the lab's clock, an
// end, or a stop from outside. The Proxmox VE and PBS servers each own one board; UPID formats are theirs.
import type { DemoClock } from '../context.ts'

export interface TaskSpec {
  node: string
  type: string
  /** VMID, job or datastore text; may be empty. */
  id: string
  /** `user@realm`, or `user@realm!token` for tasks that a token started. */
  owner: string
  /** Defaults to now; earlier for the history that a fresh lab already has. */
  startMs?: number
}

export interface DemoTask extends Required<TaskSpec> {
  upid: string
  pid: number
  pstart: number
  lines: string[]
  endMs: number | undefined
  /** `OK`, `WARNINGS: n` or the reason of the failure; undefined while running. */
  exitStatus: string | undefined
}

/** What a task does, laid out when it starts. Offsets are milliseconds after its start and must not decrease. */
export interface TaskRun {
  task: DemoTask
  /** Runs `step` when due; the texts it returns become log lines. */
  at(offsetMs: number, step: (atMs: number) => string | string[] | void): void
  /** Ends the task with what `step` returns, `OK` if nothing. Nothing after it runs. */
  end(offsetMs: number, step?: (atMs: number) => string | void): void
  /** Ends the task when something outside it says so; `OK` without a status. */
  finish(atMs: number, status?: string): void
  /** Undoes what the task holds (a guest's lock) when it is stopped from outside. */
  onStop(cleanup: (atMs: number) => void): void
}

export interface TaskBoard {
  start(spec: TaskSpec, plan: (run: TaskRun) => void): DemoTask
  get(upid: string): DemoTask | undefined
  /** Newest first. */
  list(): DemoTask[]
  /** True when the task was running and is now stopped. */
  stop(upid: string): boolean
  /** The worker of a running task is gone without a word, as when its node loses power: nothing is cleaned up. */
  lose(upid: string): void
}

/** A board that keeps `keep` tasks; older finished ones fall off. `upidOf` also chooses pid and pstart. */
export function createTaskBoard(options: {
  clock: DemoClock
  identify(spec: Required<TaskSpec>, attempt: number): { upid: string; pid: number; pstart: number }
  /** Dresses a log line (PBS puts the time before each). */
  formatLine?(text: string, atMs: number): string
  keep?: number
}): TaskBoard {
  const { clock } = options
  const formatLine = options.formatLine ?? ((line: string) => line)
  const tasks = new Map<string, DemoTask>()
  const runs = new Map<string, Running>()

  const start: TaskBoard['start'] = (given, plan) => {
    const spec = { ...given, startMs: given.startMs ?? clock.nowMs() }
    const identity = uniqueIdentity(options.identify, spec, tasks)
    const task: DemoTask = { ...spec, ...identity, lines: [], endMs: undefined, exitStatus: undefined }
    tasks.set(task.upid, task)
    runs.set(task.upid, execute(task, { clock, plan, formatLine, onEnd: () => runs.delete(task.upid) }))
    if (task.endMs !== undefined) runs.delete(task.upid)
    forgetOldest(tasks, options.keep ?? 4_000)
    return task
  }

  return {
    start,
    get: (upid) => tasks.get(upid),
    list: () => [...tasks.values()].sort((a, b) => b.startMs - a.startMs || b.upid.localeCompare(a.upid)),
    stop(upid) {
      const running = runs.get(upid)
      running?.stop(clock.nowMs())
      return running !== undefined
    },
    lose: (upid) => runs.get(upid)?.lose(clock.nowMs()),
  }
}

function uniqueIdentity(
  identify: Parameters<typeof createTaskBoard>[0]['identify'],
  spec: Required<TaskSpec>,
  taken: ReadonlyMap<string, DemoTask>,
) {
  let identity = identify(spec, 0)
  for (let attempt = 1; taken.has(identity.upid); attempt++) identity = identify(spec, attempt)
  return identity
}

interface Execution {
  clock: DemoClock
  plan(run: TaskRun): void
  formatLine(text: string, atMs: number): string
  onEnd(): void
}

interface Running {
  stop(atMs: number): void
  lose(atMs: number): void
}

/** Lays the plan out over the clock: what is due already happens at once. Returns what ends the task from outside. */
function execute(task: DemoTask, { clock, plan, formatLine, onEnd }: Execution): Running {
  const cancels: (() => void)[] = []
  const cleanups: ((atMs: number) => void)[] = []
  const write = (lines: readonly string[], atMs: number) => {
    for (const line of lines) task.lines.push(formatLine(line, atMs))
  }
  const end = (atMs: number) => {
    task.endMs = atMs
    for (const cancel of cancels.splice(0)) cancel()
    onEnd()
  }
  const finish = (atMs: number, status = 'OK') => {
    if (task.endMs !== undefined) return
    task.exitStatus = status
    write([closingLine(status)], atMs)
    end(atMs)
  }
  const when = (offsetMs: number, act: (atMs: number) => void) => {
    const dueMs = task.startMs + offsetMs
    const guarded = () => {
      if (task.endMs === undefined) act(dueMs)
    }
    const waitMs = dueMs - clock.nowMs()
    if (waitMs <= 0) guarded()
    else cancels.push(clock.after(waitMs, guarded))
  }
  plan({
    task,
    at: (offsetMs, step) => when(offsetMs, (atMs) => write([step(atMs) ?? []].flat(), atMs)),
    end: (offsetMs, step) => when(offsetMs, (atMs) => finish(atMs, step?.(atMs) ?? 'OK')),
    finish,
    onStop: (cleanup) => void cleanups.push(cleanup),
  })
  return {
    stop(atMs) {
      for (const cleanup of cleanups) cleanup(atMs)
      finish(atMs, 'received interrupt')
    },
    lose: end,
  }
}

const closingLine = (status: string): string =>
  status === 'OK' || status.startsWith('WARNINGS') ? `TASK ${status}` : `TASK ERROR: ${status}`

function forgetOldest(tasks: Map<string, DemoTask>, keep: number): void {
  if (tasks.size <= keep) return
  const finished = [...tasks.values()]
    .filter((task) => task.endMs !== undefined)
    .sort((a, b) => a.startMs - b.startMs)
  for (const task of finished.slice(0, tasks.size - keep)) tasks.delete(task.upid)
}
