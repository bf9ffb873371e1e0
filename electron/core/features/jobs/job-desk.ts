// Everything that can be done with jobs: ordering, the one list, stopping, forgetting. A submission stands in the store
// before it is sent; whether a lost answer was a success is found out by looking, and nothing is ever sent a second time.
import { mkdirSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Job, JobDetails, JobOrder, JobProblem, JobTarget } from '#shared/contracts/jobs.ts'
import { AppError, cancelled, isAppError, toWireError } from '#shared/errors.ts'
import type { Connection, ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { CoreServices } from '../../core-services.ts'
import type { AuditHandle } from '../../router/call-context.ts'
import { createFeed } from '../../router/event-feed.ts'
import { createJobLogs, createJobStore, type JobRecord } from '../../storage/job-store.ts'
import { createRunStore } from '../../storage/run-store.ts'
import { makeSnapshot, prepareSource, sketchSource, usableRun, type SourceWithColumns } from './hand-over.ts'
import type { JobDriver, Submission } from './job-driver.ts'
import { JobWatch } from './job-watch.ts'
import { keepResult } from './keep-result.ts'
import { createKubernetesDriver, maxConfigMapBytes } from './kubernetes-driver.ts'
import { viewLog } from './log-view.ts'
import { isEnded } from './observation.ts'
import { planOrder, type Plan } from './plan-order.ts'
import { joinResults, readResult } from './read-result.ts'
import { createSshDriver } from './ssh-driver.ts'
import { kubernetesTargets, sshTarget } from './target-room.ts'
import { createTemplateLibrary, type TemplateLibrary } from './template-library.ts'

const maxSshFileBytes = 64 * 1024 * 1024
const sendTimeoutMs = 60_000
const listLimit = 500
const publishMs = 200

type DeskCore = Pick<CoreServices, 'platform' | 'database' | 'sites' | 'vault' | 'connectors' | 'notifications'>

export class JobDesk {
  readonly templates: TemplateLibrary
  readonly userFolder: string
  private readonly core: DeskCore
  private readonly store
  private readonly logs
  private readonly runs
  private readonly scratch: string
  private readonly watches = new Map<ConnectionId, JobWatch>()
  private readonly changes = createFeed<SiteId | null>()
  private readonly logChanges = createFeed<string>({ merge: (pending, next) => [...new Set([...pending, next])] })
  private readonly watched = new Map<SiteId, number>()
  private readonly closing = new AbortController()
  private publishing: NodeJS.Timeout | undefined

  constructor(core: DeskCore) {
    this.core = core
    const { paths, log } = core.platform
    this.store = createJobStore(core.database)
    this.logs = createJobLogs(join(paths.data, 'jobs'))
    this.runs = createRunStore(core.database, { directory: join(paths.data, 'results'), log })
    this.userFolder = join(paths.data, 'templates')
    this.scratch = join(paths.data, 'jobs')
    for (const folder of [this.userFolder, this.scratch]) mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.templates = createTemplateLibrary({ shipped: join(paths.resources, 'templates'), user: this.userFolder })
    this.resume()
  }

  /** A submission that was under way when Meridian died may have arrived: it is looked for, not repeated. */
  private resume(): void {
    for (const record of this.store.unfinished()) {
      if (record.job.state === 'sending')
        this.store.put({ ...record, job: { ...record.job, state: 'unknown', words: 'outcome unknown: Meridian ended while it was sent; looking whether it arrived' } })
      this.watchOf(record.job.connectionId)?.wake()
    }
  }

  async preview(order: JobOrder): Promise<{ manifest: string; problems: JobProblem[] }> {
    const { plan } = await this.plan(order, this.sketch(order))
    return { manifest: plan.manifestText, problems: plan.problems }
  }

  /** What the target says to the order, without doing it. */
  async check(order: JobOrder, signal: AbortSignal): Promise<{ problems: JobProblem[]; verdict: string }> {
    const { submission, plan } = await this.prepare(order, signal, { withRows: false })
    if (plan.problems.length > 0) return { problems: plan.problems, verdict: 'The order itself is not right yet.' }
    const connection = this.connectionOf(order)
    const problems = await this.driverOf(connection).check(submission, signal)
    const who = order.target === 'ssh-script' ? 'The machine' : 'The API server'
    return { problems, verdict: problems.length === 0 ? `${who} would take it.` : `${who} would refuse it.` }
  }

  async submit(order: JobOrder, signal: AbortSignal, audit: AuditHandle | undefined): Promise<Job> {
    const known = this.store.find(order.submissionId)
    if (known) return known.job
    const connection = this.connectionOf(order)
    audit?.describe(`${order.name} on ${connection.label}`)
    const { submission, plan } = await this.prepare(order, signal, { withRows: true })
    if (plan.problems.length > 0) throw refused(plan.problems)
    if (signal.aborted) throw cancelled()
    this.store.add(submission.record)
    this.announce(order.siteId)
    // From here on it goes through, whatever becomes of the window.
    const sending = AbortSignal.any([this.closing.signal, AbortSignal.timeout(sendTimeoutMs)])
    try {
      await this.driverOf(connection).send(await this.withSnapshot(submission, sending), sending)
    } catch (thrown) {
      return this.afterFailedSend(submission.record, thrown)
    }
    const job: Job = { ...this.recordOf(order.submissionId).job, state: 'queued', words: 'queued: just submitted' }
    this.save({ ...this.recordOf(order.submissionId), job })
    this.watchOf(connection.id)?.wake()
    return job
  }

  /** A plain refusal leaves nothing behind. In every other case the target may have it, and is asked. */
  private afterFailedSend(record: JobRecord, thrown: unknown): Job {
    const isDoubtful = !isAppError(thrown) || thrown.detail?.kind === 'outcome-unknown' || (record.job.target === 'ssh-script' && ['unreachable', 'timeout', 'cancelled'].includes(thrown.code))
    if (!isDoubtful) {
      this.store.remove(record.job.jobId)
      this.announce(record.job.siteId)
      throw thrown
    }
    const current = this.recordOf(record.job.jobId)
    const job: Job = { ...current.job, state: 'unknown', words: 'outcome unknown: the answer was lost; looking whether it arrived', error: toWireError(thrown) }
    this.save({ ...current, job })
    this.watchOf(job.connectionId)?.wake()
    return job
  }

  private async withSnapshot(submission: Submission, signal: AbortSignal): Promise<Submission> {
    const { source } = submission.record.job
    if (source?.transport !== 'snapshot-table') return submission
    const rows = await makeSnapshot(this.core, this.runs.get(source.runId), source.place, signal)
    const record = { ...submission.record, job: { ...submission.record.job, source: { ...source, rows } } }
    this.save(record)
    return { ...submission, record }
  }

  /** The order with its template, checked and planned; the rows and their checksums as far as they are wanted. */
  private async prepare(order: JobOrder, signal: AbortSignal, options: { withRows: boolean }): Promise<{ submission: Submission; plan: Plan }> {
    const isScript = order.target === 'ssh-script'
    const prepared =
      order.data !== null && (options.withRows || order.data.transport !== 'snapshot-table')
        ? await prepareSource(order, usableRun(this.runs, order.data.runId), this.runs, {
            maxFileBytes: isScript ? maxSshFileBytes : Math.floor((maxConfigMapBytes * 3) / 4),
            scratch: this.scratch,
            signal,
          })
        : { source: this.sketch(order), rows: null }
    const { plan, template, submittedBy, atMs } = await this.plan(order, prepared.source)
    const connection = this.connectionOf(order)
    const { columns: _columns, ...source } = prepared.source ?? { columns: [] }
    const job: Job = {
      jobId: order.submissionId,
      siteId: order.siteId,
      name: order.name,
      target: order.target,
      connectionId: connection.id,
      connectionLabel: connection.label,
      namespace: isScript ? null : plan.namespace,
      objectName: plan.objectName,
      isOwn: true,
      templateId: template.summary.id,
      templateVersion: template.summary.version,
      templateTitle: template.summary.title,
      submittedBy,
      submittedAtMs: atMs,
      startedAtMs: null,
      endedAtMs: null,
      state: 'sending',
      words: 'being sent',
      progress: null,
      cores: null,
      coreHours: null,
      source: prepared.source === null ? null : (source as Job['source']),
      resultRunId: null,
      resultNote: null,
      seenAtMs: null,
      isArchived: false,
      error: null,
    }
    const record: JobRecord = { job, order, parameters: plan.parameters, manifest: stringify(plan.manifest, { lineWidth: 110 }), files: plan.files, parts: [], events: [], captured: [] }
    return { submission: { record, plan, rows: prepared.rows }, plan }
  }

  private async plan(order: JobOrder, source: SourceWithColumns | null) {
    const template = await this.templates.load(order.templateId)
    const connection = this.connectionOf(order)
    const namespace = connection.settings.kind === 'kubernetes' ? (connection.settings.namespace ?? 'default') : ''
    const submittedBy = currentUser()
    const atMs = this.core.platform.now()
    return { template, submittedBy, atMs, plan: planOrder(order, template, { namespace, submittedBy, atMs, source }) }
  }

  private sketch(order: JobOrder): SourceWithColumns | null {
    return order.data === null ? null : sketchSource(order, usableRun(this.runs, order.data.runId))
  }

  list(siteId: SiteId): Job[] {
    const own = this.store.list(siteId, listLimit).map(({ job }) => job)
    const others = [...this.watches.values()].flatMap((watch) => watch.others).filter((job) => job.siteId === siteId)
    return [...own, ...others]
  }

  async *watch(siteId: SiteId, signal: AbortSignal): AsyncGenerator<Job[], void, void> {
    const { connections } = this.core.sites.get(siteId)
    this.watched.set(siteId, (this.watched.get(siteId) ?? 0) + 1)
    try {
      for (const { id } of connections) this.watchOf(id)?.wake()
      for await (const _change of this.changes.subscribe(signal, null)) yield this.list(siteId)
    } finally {
      this.watched.set(siteId, (this.watched.get(siteId) ?? 1) - 1)
    }
  }

  details(siteId: SiteId, jobId: string): JobDetails {
    const record = this.ownRecord(siteId, jobId)
    const { job, parameters, manifest, events } = record
    const parts = record.parts.map((part) => ({ ...part, logBytes: this.logs.sizeOf(jobId, part.name) }))
    return { job, parameters, manifest, parts, events }
  }

  order = (siteId: SiteId, jobId: string): JobOrder => this.ownRecord(siteId, jobId).order

  log(siteId: SiteId, jobId: string, part: string | null, signal: AbortSignal) {
    this.ownRecord(siteId, jobId)
    const find = (): JobRecord | undefined => this.store.find(jobId)
    return viewLog(
      this.logs,
      jobId,
      part,
      {
        parts: () => find()?.parts ?? [],
        isEnded: () => isEnded(find()?.job.state ?? 'gone'),
        changed: (until) => this.logChange(jobId, until),
      },
      signal,
    )
  }

  async stop(siteId: SiteId, jobId: string, signal: AbortSignal, audit: AuditHandle | undefined): Promise<Job> {
    const record = this.ownRecord(siteId, jobId)
    audit?.describe(`Stop ${record.job.name} on ${record.job.connectionLabel}`)
    if (isEnded(record.job.state)) throw new AppError('conflict', `${record.job.name} has ended already.`)
    this.save({ ...record, job: { ...record.job, state: 'stopping', words: 'being stopped' } })
    try {
      await this.driverOf(this.core.sites.getConnection(record.job.connectionId)).stop(record, signal)
    } catch (error) {
      // Refused: it runs on. A lost answer stays “being stopped” until the target shows which.
      if (!isAppError(error) || error.detail?.kind !== 'outcome-unknown') this.save({ ...this.recordOf(jobId), job: { ...this.recordOf(jobId).job, state: record.job.state, words: record.job.words } })
      throw error
    } finally {
      this.watchOf(record.job.connectionId)?.wake()
    }
    return this.recordOf(jobId).job
  }

  async remove(siteId: SiteId, jobId: string, signal: AbortSignal, audit: AuditHandle | undefined): Promise<void> {
    const record = this.ownRecord(siteId, jobId)
    audit?.describe(`${record.job.name} on ${record.job.connectionLabel}`)
    if (!isEnded(record.job.state))
      throw new AppError('conflict', `${record.job.name} has not ended yet.`, { remedy: 'Stop it first.' })
    if (!record.job.isArchived && record.job.state !== 'not-sent') {
      const connection = this.core.sites.get(siteId).connections.find(({ id }) => id === record.job.connectionId)
      if (connection) await this.driverOf(connection).remove(record, signal)
    }
    this.store.remove(jobId)
    this.logs.remove(jobId)
    this.announce(siteId)
  }

  /** Asks every place at once; one that does not answer says so and holds up nobody. */
  async targets(siteId: SiteId, signal: AbortSignal): Promise<JobTarget[]> {
    const { connectors, platform, sites } = this.core
    const nowMs = platform.now()
    const ask = async (connection: Connection): Promise<JobTarget[]> => {
      try {
        if (connection.settings.kind === 'kubernetes') return await kubernetesTargets(connection, namespaced(connectors.kubernetes(connection.id)), nowMs, signal)
        if (connection.settings.kind === 'ssh') return [await sshTarget(connection, connectors.ssh(connection.id), nowMs, signal)]
        return []
      } catch (error) {
        if (signal.aborted) throw error
        const note = toWireError(error).message
        const kinds = connection.settings.kind === 'ssh' ? (['ssh-script'] as const) : (['kubernetes-job', 'ray-job'] as const)
        const lost = { connectionId: connection.id, label: connection.label, state: 'unreachable' as const, note, cores: null, memoryBytes: null, gpus: null, largest: null, namespaces: [], atMs: nowMs }
        return kinds.map((kind) => ({ ...lost, kind }))
      }
    }
    return (await Promise.all(sites.get(siteId).connections.map(ask))).flat()
  }

  async dispose(): Promise<void> {
    this.closing.abort()
    clearTimeout(this.publishing)
    await Promise.all([...this.watches.values()].map((watch) => watch.dispose()))
    this.changes.dispose()
    this.logChanges.dispose()
  }

  private watchOf(connectionId: ConnectionId): JobWatch | undefined {
    const known = this.watches.get(connectionId)
    if (known) return known
    const connection = this.core.sites.list().flatMap((site) => site.connections).find(({ id }) => id === connectionId)
    if (!connection || !['kubernetes', 'ssh'].includes(connection.settings.kind)) return undefined
    const { siteId } = connection
    const watch = new JobWatch({
      connection,
      store: this.store,
      logs: this.logs,
      platform: this.core.platform,
      driver: () => this.driverOf(this.core.sites.getConnection(connectionId)),
      isWatched: () => (this.watched.get(siteId) ?? 0) > 0,
      keepResult: (record) => this.keepResult(record),
      onChange: () => this.announce(siteId),
      onLog: (jobId) => this.logChanges.publish(jobId),
      onEnd: (job) => this.noteEnd(job),
    })
    this.watches.set(connectionId, watch)
    return watch
  }

  private driverOf(connection: Connection): JobDriver {
    const { connectors } = this.core
    if (connection.settings.kind === 'ssh') return createSshDriver(connectors.ssh(connection.id))
    const kubernetes = connectors.kubernetes(connection.id)
    return createKubernetesDriver(kubernetes, { siteId: connection.siteId, connection, onlyNamespace: connection.settings.kind === 'kubernetes' ? connection.settings.namespace : undefined })
  }

  private async keepResult(record: JobRecord): Promise<Pick<Job, 'resultRunId' | 'resultNote'>> {
    const { jobId } = record.job
    try {
      const results = []
      for (const part of record.parts) if (part.state === 'succeeded') results.push(await readResult(this.logs.lines(jobId, part.name)))
      const result = joinResults(results)
      if (result.kind === 'none') return { resultRunId: null, resultNote: null }
      if (result.kind === 'broken') return { resultRunId: null, resultNote: `Its result table cannot be used: ${result.why}.` }
      if (result.kind === 'table') return { resultRunId: null, resultNote: `Its result is the table ${result.name}.` }
      return { resultRunId: keepResult(record.job, result.table, this.runs, this.core.platform.now()).runId, resultNote: null }
    } catch (error) {
      this.core.platform.log.error('The result of a job could not be kept', { jobId, fault: String(error) })
      return { resultRunId: null, resultNote: 'Its result table could not be kept on this computer’s disk; it stands in the log.' }
    }
  }

  private noteEnd(job: Job): void {
    if (job.state === 'stopped' || job.state === 'not-sent') return
    this.core.notifications.add(job.state === 'succeeded' ? 'info' : 'warning', `Job ${job.name}`, job.words)
  }

  private save(record: JobRecord): void {
    this.store.put(record)
    this.announce(record.job.siteId)
  }

  private announce(siteId: SiteId): void {
    this.publishing ??= setTimeout(() => {
      this.publishing = undefined
      this.changes.publish(siteId)
    }, publishMs)
  }

  private async logChange(jobId: string, signal: AbortSignal): Promise<void> {
    const waiting = new AbortController()
    for await (const changed of this.logChanges.subscribe(AbortSignal.any([signal, waiting.signal, AbortSignal.timeout(2_000)])))
      if (changed === jobId) break
    waiting.abort()
  }

  private recordOf(jobId: string): JobRecord {
    const record = this.store.find(jobId)
    if (!record) throw new AppError('not-found', 'This job is not kept here.')
    return record
  }

  private ownRecord(siteId: SiteId, jobId: string): JobRecord {
    const record = this.recordOf(jobId)
    if (record.job.siteId !== siteId) throw new AppError('not-found', 'This job is not kept here.')
    return record
  }

  private connectionOf({ siteId, connectionId, target }: JobOrder): Connection {
    const connection = this.core.sites.getConnection(connectionId)
    const wanted = target === 'ssh-script' ? 'ssh' : 'kubernetes'
    if (connection.siteId !== siteId || connection.settings.kind !== wanted) throw new AppError('invalid-input', `${connection.label} cannot run a job of this kind.`)
    return connection
  }
}

const namespaced = <C extends { namespace: string | null }>(connector: C): Omit<C, 'namespace'> & { namespace: string } => ({ ...connector, namespace: connector.namespace ?? 'default' })

function currentUser(): string {
  try {
    return userInfo().username
  } catch {
    // A container's user may have no name.
    return 'unknown'
  }
}

function refused(problems: readonly JobProblem[]): AppError {
  const fields = Object.fromEntries(problems.map(({ field, message }) => [field ?? 'order', message]))
  const [first] = problems
  return new AppError('invalid-input', first?.field ? `${first.field}: ${first.message}` : (first?.message ?? 'The order is not right.'), { detail: { kind: 'validation', fields } })
}

