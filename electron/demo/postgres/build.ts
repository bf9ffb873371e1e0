// Executes a content plan on a running cluster: tasks whose needs are met go to the next free session, several at a
// time. Progress is the weight of what is done. The first failure stops everything and is thrown on.
import { Socket } from 'node:net'
import { availableParallelism } from 'node:os'
import { Client } from 'pg'
import { AppError, cancelled, isAppError } from '#shared/errors.ts'
import type { ContentPlan, PlanTask } from './content/plan.ts'

export interface BuildTarget {
  port: number
  superuser: string
  password: string
  signal: AbortSignal
  /** `fraction` from 0 to 1 of this plan. */
  onStep(label: string, fraction: number): void
}

/** Memory for sorts and index builds of one session; two to four of them run. */
const sessionSql = `SET work_mem = '128MB'; SET maintenance_work_mem = '384MB'; SET max_parallel_workers_per_gather = 0;
  SET max_parallel_maintenance_workers = 0; SET statement_timeout = '10min'; SET client_min_messages = warning`
const sessions = Math.max(2, Math.min(4, availableParallelism()))

export async function buildContent(plan: ContentPlan, target: BuildTarget): Promise<void> {
  await execute(target, 'postgres', plan.databases)
  await runTasks(plan.tasks, target)
  for (const { database, statements } of plan.closing) await execute(target, database, statements)
  await execute(target, 'postgres', ['CHECKPOINT'])
}

async function runTasks(tasks: PlanTask[], target: BuildTarget): Promise<void> {
  const total = tasks.reduce((sum, task) => sum + task.weight, 0)
  const waiting = [...tasks]
  const done = new Set<string>()
  const running = new Map<string, Promise<void>>()
  let doneWeight = 0
  const next = (): PlanTask | undefined => {
    const index = waiting.findIndex((task) => task.needs.every((need) => done.has(need)))
    return index < 0 ? undefined : waiting.splice(index, 1)[0]
  }
  const failures: unknown[] = []
  while ((waiting.length > 0 || running.size > 0) && failures.length === 0) {
    for (
      let task = running.size < sessions ? next() : undefined;
      task;
      task = running.size < sessions ? next() : undefined
    ) {
      const { name, label, weight, database, statements } = task
      target.onStep(label, doneWeight / total)
      const run = execute(target, database, statements).then(
        () => {
          done.add(name)
          doneWeight += weight
          target.onStep(label, doneWeight / total)
        },
        (error: unknown) => void failures.push(error),
      )
      running.set(
        name,
        run.finally(() => void running.delete(name)),
      )
    }
    if (running.size === 0)
      throw new Error(`The demo content plan waits for tasks it does not have: ${waiting[0]?.name}.`)
    await Promise.race(running.values())
  }
  if (failures.length > 0) throw failures[0]
}

/** Runs statements in a session of its own; an abort drops the session, whose statement ends with the server. */
async function execute(target: BuildTarget, database: string, statements: string[]): Promise<void> {
  const { port, superuser: user, password, signal } = target
  if (signal.aborted) throw cancelled('Building the demo database was cancelled.')
  const socket = new Socket()
  const client = new Client({
    host: '127.0.0.1',
    port,
    user,
    password,
    database,
    connectionTimeoutMillis: 15_000,
    stream: () => socket,
  })
  client.on('error', () => undefined)
  // Saying goodbye politely would wait for the statement; without its session the server stops at once when told to.
  const abort = (): void => void socket.destroy()
  try {
    await client.connect()
    signal.addEventListener('abort', abort, { once: true })
    await client.query(sessionSql)
    for (const statement of statements) await client.query(withLink(statement, target))
  } catch (cause) {
    if (signal.aborted) throw cancelled('Building the demo database was cancelled.')
    if (isAppError(cause)) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('internal', `Building the demo database ${database} failed: ${reason}`, {
      remedy: 'Check that the disk has 3 GB free, then start the demo lab again.',
      target: { system: 'demo lab', endpoint: database },
      cause,
    })
  } finally {
    signal.removeEventListener('abort', abort)
    await client.end().catch(() => undefined)
  }
}

const withLink = (statement: string, { port, superuser, password }: BuildTarget): string =>
  statement.replace(
    '$dblink',
    () =>
      `host=127.0.0.1 port=${port} dbname=desi_dr1 user=${superuser} password=${password} sslmode=disable`,
  )
