// A whole run: every check on every system it speaks of, all systems side by side. Checks wait for those they need,
// calls wait for their system's turn; the page is told how far each system is. Nothing here writes to a system.
import { worstVerdict, type CheckResult, type Verdict } from '#shared/model/compliance.ts'
import type { RunSystem } from '#shared/contracts/compliance.ts'
import type { Catalogue } from '../catalogue.ts'
import type { Check } from '../compile-check.ts'
import type { KeptEvidence } from '../probes/answer.ts'
import type { AuditedSystem } from '../probes/system.ts'
import { judgeCheck } from './judge-check.ts'
import { functionsFor, type Knowledge } from './knowledge.ts'
import { createProbeDesk, type ProbeDeskOptions } from './probe-desk.ts'

export interface AssessmentOptions {
  catalogue: Catalogue
  systems: readonly AuditedSystem[]
  knowledge: Knowledge
  includesActive: boolean
  appVersion: string
  signal: AbortSignal
  now(): number
  imported: ProbeDeskOptions['imported']
  onEvidence(evidence: KeptEvidence): void
  onResult(result: CheckResult): void
  onProgress(systems: RunSystem[]): void
}

/** What is asked of no single system: clocks, endpoints, reachability. */
export const siteSystem: AuditedSystem = {
  targetId: 'site',
  label: 'The site as a whole',
  kind: 'site',
  connectionId: null,
  identity: '',
  parallel: 4,
  facts: { label: 'site' },
}

/** Resolves when every check has its result. Rejects `cancelled` when the signal fires; results until then were told. */
export async function runAssessment(options: AssessmentOptions): Promise<void> {
  const { catalogue, signal, knowledge } = options
  const systems = [...options.systems, siteSystem]
  const desk = createProbeDesk({
    systems,
    appVersion: options.appVersion,
    now: options.now,
    signal,
    imported: options.imported,
    listItems: (id) => functionsFor(knowledge, () => undefined, [])['list']!(id) as readonly string[],
    onEvidence: options.onEvidence,
  })
  const jobs = catalogue.checks
    .filter((check) => options.includesActive || !check.data.manual)
    .flatMap((check) => systems.filter((system) => system.kind === check.data.runsOn).map((target) => ({ check, target })))
  const progress = trackProgress(systems, jobs, desk, options.onProgress)
  const results = new Map<string, CheckResult[]>()
  const pending = new Map<string, Promise<unknown>>()

  /** The same system's own verdict where the needed check runs there, else the worst of all. */
  const verdictOf = (id: string, target: AuditedSystem): Verdict | undefined => {
    const found = results.get(id) ?? []
    const own = found.filter((result) => result.targetId === target.targetId)
    const relevant = own.length > 0 ? own : found
    return relevant.length === 0 ? undefined : worstVerdict(relevant.map(({ verdict }) => verdict))
  }
  async function work({ check, target }: Job): Promise<void> {
    for (const id of check.needs) await pending.get(id)
    signal.throwIfAborted()
    progress.started(target.targetId)
    const roles = await desk.rolesOf(target).catch(() => [])
    // Long lists are judged in one go: let the rest of the application breathe in between.
    await new Promise<void>((resolve) => setImmediate(resolve))
    const functions = functionsFor(knowledge, (id) => verdictOf(id, target), roles)
    const result = await judgeCheck({ check, target, desk, functions, nowMs: knowledge.nowMs })
    signal.throwIfAborted()
    results.set(check.id, [...(results.get(check.id) ?? []), result])
    options.onResult(result)
    progress.finished(target.targetId)
  }
  const all = new Map<string, Job[]>()
  for (const job of jobs) all.set(job.check.id, [...(all.get(job.check.id) ?? []), job])
  // In the catalogue's order, so that what a check needs is already on its way when it starts to wait.
  for (const [id, ofCheck] of all) pending.set(id, Promise.all(ofCheck.map(work)))
  const outcomes = await Promise.allSettled(pending.values())
  signal.throwIfAborted()
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed) throw failed.reason
}

interface Job {
  check: Check
  target: AuditedSystem
}

function trackProgress(
  systems: readonly AuditedSystem[],
  jobs: readonly Job[],
  desk: { problemOf(targetId: string): string | null },
  report: AssessmentOptions['onProgress'],
) {
  const rows = new Map<string, RunSystem>(
    systems
      .map(({ targetId, label, kind }): RunSystem => ({
        targetId,
        label,
        kind,
        state: 'waiting',
        done: 0,
        total: jobs.filter((job) => job.target.targetId === targetId).length,
        problem: null,
      }))
      .filter(({ total }) => total > 0)
      .map((row) => [row.targetId, row]),
  )
  const change = (targetId: string, next: Partial<RunSystem>): void => {
    const row = rows.get(targetId)
    if (!row) return
    const problem = desk.problemOf(targetId)
    const changed = { ...row, ...next, problem }
    if (changed.done === changed.total) changed.state = problem === null ? 'done' : 'unreachable'
    rows.set(targetId, changed)
    report([...rows.values()])
  }
  report([...rows.values()])
  return {
    started: (targetId: string) => {
      if (rows.get(targetId)?.state === 'waiting') change(targetId, { state: 'running' })
    },
    finished: (targetId: string) => change(targetId, { done: (rows.get(targetId)?.done ?? 0) + 1 }),
  }
}
