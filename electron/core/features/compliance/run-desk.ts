// Runs at work: one per site, started and cancelled by people, told to whoever watches, written down in small batches so
// that a kill loses half a second at most. Owned by the compliance feature; it decides nothing about verdicts.
import { randomUUID } from 'node:crypto'
import type { ComplianceRun } from '#shared/contracts/compliance.ts'
import { AppError, isAppError } from '#shared/errors.ts'
import type { CheckResult } from '#shared/model/compliance.ts'
import type { Connection, ConnectionKind, SettingsOf, Site, SiteId } from '#shared/model/connection.ts'
import type { CoreServices } from '../../core-services.ts'
import { createFeed, type Feed } from '../../router/event-feed.ts'
import type { ComplianceStore } from '../../storage/compliance-store.ts'
import type { Catalogue } from './catalogue.ts'
import type { Knowledge } from './engine/knowledge.ts'
import { runAssessment, siteSystem, type AssessmentOptions } from './engine/run-assessment.ts'
import type { KeptEvidence } from './probes/answer.ts'
import { kubernetesSystem, pbsSystem, proxmoxSystem } from './probes/api-systems.ts'
import { hostSystem } from './probes/host-system.ts'
import { postgresSystem } from './probes/postgres-system.ts'
import type { AuditedSystem } from './probes/system.ts'
import type { ComplianceRecord } from './record/compliance-record.ts'

const flushMs = 400
const publishMs = 150

interface ActiveRun {
  run: ComplianceRun
  controller: AbortController
  ended: Promise<void>
}

export class RunDesk {
  private readonly core: Pick<CoreServices, 'connectors' | 'vault' | 'platform' | 'sites'>
  private readonly store: ComplianceStore
  private readonly catalogue: Catalogue
  private readonly record: ComplianceRecord
  private readonly active = new Map<SiteId, ActiveRun>()
  private readonly feeds = new Map<SiteId, Feed<ComplianceRun | null>>()

  constructor(options: {
    core: Pick<CoreServices, 'connectors' | 'vault' | 'platform' | 'sites'>
    store: ComplianceStore
    catalogue: Catalogue
    record: ComplianceRecord
  }) {
    this.core = options.core
    this.store = options.store
    this.catalogue = options.catalogue
    this.record = options.record
    for (const run of this.store.unfinished())
      this.store.putRun({ ...run, state: 'cut', endedAtMs: run.endedAtMs ?? options.core.platform.now() })
  }

  /** Throws `conflict` while a run of the site is at work, `invalid-input` for a site without connections. */
  start(site: Site, includesActive: boolean): ComplianceRun {
    if (this.active.has(site.id)) throw new AppError('conflict', `A run over ${site.name} is already at work.`, { remedy: 'Wait for it, or cancel it.' })
    if (site.connections.length === 0)
      throw new AppError('invalid-input', `${site.name} has no connections to look at.`, { remedy: 'Add one under Connections.' })
    const { platform } = this.core
    const run: ComplianceRun = {
      runId: randomUUID(),
      siteId: site.id,
      startedAtMs: platform.now(),
      endedAtMs: null,
      state: 'running',
      appVersion: platform.version,
      catalogueSha256: this.catalogue.sha256,
      includesActive,
      systems: [],
      counts: {},
      importedFrom: null,
    }
    this.store.putRun(run)
    const controller = new AbortController()
    const active: ActiveRun = { run, controller, ended: Promise.resolve() }
    this.active.set(site.id, active)
    active.ended = this.carryOut(site, active)
    return run
  }

  cancel(runId: string): void {
    for (const { run, controller } of this.active.values()) if (run.runId === runId) controller.abort()
  }
  isActive(runId: string): boolean {
    return [...this.active.values()].some(({ run }) => run.runId === runId)
  }
  watch(siteId: SiteId, signal: AbortSignal): AsyncGenerator<ComplianceRun | null, void, void> {
    return this.feedOf(siteId).subscribe(signal, this.active.get(siteId)?.run ?? null)
  }
  async dispose(): Promise<void> {
    for (const { controller } of this.active.values()) controller.abort()
    await Promise.all([...this.active.values()].map(({ ended }) => ended))
    for (const feed of this.feeds.values()) feed.dispose()
  }

  private feedOf(siteId: SiteId): Feed<ComplianceRun | null> {
    const known = this.feeds.get(siteId)
    if (known) return known
    const feed = createFeed<ComplianceRun | null>()
    this.feeds.set(siteId, feed)
    return feed
  }

  private async carryOut(site: Site, active: ActiveRun): Promise<void> {
    const { platform } = this.core
    const log = platform.log.child({ feature: 'compliance', runId: active.run.runId })
    const systems = this.systemsOf(site)
    const batch = createBatch((results, answers) => this.store.putFindings(active.run.runId, results, answers))
    let publishedAt = 0
    const change = (partial: Partial<ComplianceRun>, isFinal = false): void => {
      active.run = { ...active.run, ...partial }
      if (!isFinal && platform.now() - publishedAt < publishMs) return
      publishedAt = platform.now()
      this.feedOf(site.id).publish(isFinal ? null : active.run)
    }
    const seen = this.record.rememberer(site.id)
    let state: ComplianceRun['state'] = 'done'
    try {
      await runAssessment({
        catalogue: this.catalogue,
        systems,
        knowledge: this.knowledge(site.id, seen.firstSeenMs),
        includesActive: active.run.includesActive,
        appVersion: platform.version,
        signal: active.controller.signal,
        now: platform.now,
        imported: (kind, host) => this.record.newestScan(site.id, kind, host),
        onEvidence: batch.evidence,
        onResult: (result) => {
          batch.result(result)
          change({ counts: { ...active.run.counts, [result.verdict]: (active.run.counts[result.verdict] ?? 0) + 1 } })
        },
        onProgress: (rows) => change({ systems: rows }),
      } satisfies AssessmentOptions)
    } catch (error) {
      state = active.controller.signal.aborted || (isAppError(error) && error.code === 'cancelled') ? 'cancelled' : 'cut'
      if (state === 'cut') log.error('A compliance run ended unexpectedly', { fault: String((error as Error).stack ?? error) })
    }
    try {
      batch.flush()
      seen.keep()
      active.run = { ...active.run, state, endedAtMs: platform.now() }
      this.store.putRun(active.run)
      this.store.prune(site.id)
    } catch (error) {
      log.error('A compliance run could not be written down', { fault: String(error) })
    }
    for (const system of systems) await system.dispose?.()
    this.active.delete(site.id)
    change({}, true)
  }

  private knowledge(siteId: SiteId, firstSeenMs: Knowledge['firstSeenMs']): Knowledge {
    return {
      nowMs: this.core.platform.now(),
      lists: new Map(this.record.lists(siteId).map((list) => [list.id, list])),
      attestations: this.record.attestations(siteId),
      support: this.catalogue.support,
      firstSeenMs,
    }
  }

  /** Connections whose secrets cannot be read become systems all the same: their checks then say why. */
  private systemsOf(site: Site): AuditedSystem[] {
    return site.connections.flatMap((connection): AuditedSystem[] => {
      try {
        return openSystem(this.core, connection)
      } catch (error) {
        if (!isAppError(error)) throw error
        return [lostSystem(connection, error)]
      }
    })
  }
}

type Of<K extends ConnectionKind> = Connection & { settings: SettingsOf<K> }

function openSystem(core: Pick<CoreServices, 'connectors' | 'vault' | 'platform'>, connection: Connection): AuditedSystem[] {
  switch (connection.settings.kind) {
    case 'proxmox':
      return [proxmoxSystem(core, connection as Of<'proxmox'>)]
    case 'pbs':
      return [pbsSystem(core, connection as Of<'pbs'>)]
    case 'kubernetes':
      return [kubernetesSystem(core, connection as Of<'kubernetes'>)]
    case 'postgres':
      return [postgresSystem(core, connection as Of<'postgres'>)]
    case 'ssh':
      return [hostSystem(core, connection as Of<'ssh'>)]
    default:
      return []
  }
}

function lostSystem({ id, label, settings }: Connection, error: AppError): AuditedSystem {
  const fail = (): Promise<never> => Promise.reject(error)
  return {
    ...siteSystem,
    targetId: id,
    label,
    kind: settings.kind as AuditedSystem['kind'],
    connectionId: id,
    facts: { label },
    get: fail,
    list: fail,
    sql: fail,
    run: fail,
    anonymous: fail,
    tls: fail,
    hostname: fail,
  }
}

function createBatch(write: (results: CheckResult[], answers: KeptEvidence[]) => void) {
  let results: CheckResult[] = []
  let answers: KeptEvidence[] = []
  let timer: NodeJS.Timeout | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    const [ownResults, ownAnswers] = [results, answers]
    results = []
    answers = []
    write(ownResults, ownAnswers)
  }
  const later = (): void => void (timer ??= setTimeout(flush, flushMs))
  return {
    flush,
    result(one: CheckResult): void {
      results.push(one)
      later()
    },
    evidence(one: KeptEvidence): void {
      answers.push(one)
      later()
    },
  }
}
