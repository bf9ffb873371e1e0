// What the overview says, worked out from what is known: pure, so that its sentences can be tested. It never says that
// something is fine which is not known.
import type { AlertPicture } from '#shared/contracts/alerts.ts'
import type { FullForecast } from '#shared/contracts/metrics.ts'
import type { Task } from '#shared/contracts/tasks.ts'
import { forecastText } from '#shared/model/forecast.ts'
import { backupsOfGuests, type GuestBackup } from '#shared/model/guest-backups.ts'
import type { Edge, Entity, EntityKind, Health, Source } from '#shared/model/inventory.ts'
import type { SortedAlerts } from '#client/alerts.store.ts'

export interface Headline {
  health: Health
  text: string
}

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`
const listed = (parts: readonly string[]): string => (parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`)

/** The one sentence on top. */
export function headlineOf(picture: AlertPicture | null, sorted: SortedAlerts | null, sources: readonly Source[]): Headline {
  const silent = sources.filter((source) => source.state !== 'live')
  const notKnown = silent.length === 0 ? '' : ` ${listed(silent.slice(0, 3).map((source) => source.label))}${silent.length > 3 ? ` and ${silent.length - 3} more` : ''} ${silent.length === 1 ? 'does' : 'do'} not answer: what ${silent.length === 1 ? 'it holds' : 'they hold'} is not known.`
  if (sources.length > 0 && silent.length === sources.length)
    return { health: 'unknown', text: 'No system answers. What is shown was last known.' }
  if (!picture || !sorted || picture.watching.evaluatedAtMs === null) return { health: 'unknown', text: `Looking at the site for the first time…${notKnown}` }
  if (picture.watching.state === 'off') return { health: 'unknown', text: `Nobody watches this site: watching is switched off.${notKnown}` }
  if (picture.watching.state === 'locked') return { health: 'unknown', text: 'Nobody watches this site: the vault is locked.' }
  const critical = sorted.open.filter((alert) => alert.severity === 'critical').length
  const warnings = sorted.open.filter((alert) => alert.severity === 'warning').length
  const told = [critical > 0 ? counted(critical, 'critical alert') : '', warnings > 0 ? counted(warnings, 'warning') : ''].filter(Boolean)
  if (told.length > 0) return { health: critical > 0 ? 'error' : 'warning', text: `${listed(told)} ${critical + warnings === 1 ? 'needs' : 'need'} somebody.${notKnown}` }
  if (silent.length > 0) return { health: 'unknown', text: `Nothing fires, but not everything is known.${notKnown}` }
  const taken = sorted.acknowledged.length
  return { health: 'ok', text: taken > 0 ? `Nothing new is wrong. ${counted(taken, 'alert')} somebody sees to.` : 'Nothing is wrong, and every system answers.' }
}

export interface ProblemGroup {
  kind: EntityKind
  health: Health
  entities: Entity[]
}

/** Entities that are not well and that no open alert speaks of, by kind; worst first. */
export function otherProblems(all: ReadonlyMap<string, Entity>, edges: Iterable<Edge>, subjects: ReadonlySet<string>): ProblemGroup[] {
  const alerted = new Set(subjects)
  // An alert about a guest's backups speaks of its groups too.
  for (const { kind, from, to } of edges) if (kind === 'backs-up' && subjects.has(to)) alerted.add(from)
  const found = [...all.values()].filter((entity) => (entity.health === 'error' || entity.health === 'warning') && !alerted.has(entity.id))
  const groups = [...Map.groupBy(found, (entity) => `${entity.health} ${entity.kind}`).values()]
  return groups
    .map((group) => ({ kind: group[0]!.kind, health: group[0]!.health, entities: group }))
    .sort((a, b) => Number(a.health !== 'error') - Number(b.health !== 'error') || b.entities.length - a.entities.length)
}

export interface Activity {
  id: string
  title: string
  detail: string
  startedAtMs: number | null
  fraction: number | null
  entityId: string | null
}

const activeJobKinds = new Set<EntityKind>(['job', 'ray-job'])

/** What is at work: tasks of the systems first, then jobs of Kubernetes and Ray. */
export function activitiesOf(tasks: Iterable<Task>, entities: Iterable<Entity>): Activity[] {
  const running = [...tasks]
    .filter((task) => task.state === 'running')
    .map((task) => ({ id: `task/${task.taskId}`, title: task.title, detail: task.message, startedAtMs: task.startedAtMs, fraction: task.fraction, entityId: task.entityId }))
  const jobs = [...entities].filter(isActiveJob).map((job) => ({
    id: job.id,
    title: job.name,
    detail: `${job.kind === 'ray-job' ? 'Ray job' : 'Kubernetes job'} in ${String(job.facts['namespace'] ?? '?')}: ${job.status}`,
    startedAtMs: typeof job.facts['startedAtMs'] === 'number' ? job.facts['startedAtMs'] : null,
    fraction: shareDone(job),
    entityId: job.id,
  }))
  return [...running, ...jobs].sort((a, b) => (b.startedAtMs ?? 0) - (a.startedAtMs ?? 0))
}

const isActiveJob = ({ kind, facts, status, health }: Entity): boolean =>
  activeJobKinds.has(kind) && health !== 'unknown' && (kind === 'ray-job' ? /RUNNING|PENDING|Initializing|Running/.test(status) : typeof facts['active'] === 'number' && facts['active'] > 0)

function shareDone({ facts }: Entity): number | null {
  const done = facts['succeeded'] ?? 0
  const wanted = facts['completions']
  return typeof done === 'number' && typeof wanted === 'number' && wanted > 1 ? done / wanted : null
}

export interface BackupSummary {
  headline: Headline
  /** Those without a good backup, oldest first. */
  worst: Array<GuestBackup & { words: string }>
}

/** `limitHours` is how old a backup may be. */
export function backupSummary(
  entities: ReadonlyMap<string, Entity>,
  edges: Iterable<Edge>,
  sources: readonly Source[],
  limitHours: number,
  nowMs: number,
): BackupSummary {
  const servers = sources.filter((source) => source.kind === 'pbs')
  if (servers.length === 0) return { headline: { health: 'unknown', text: 'No backup server is connected: what is backed up is not known.' }, worst: [] }
  const all = backupsOfGuests(entities, edges)
  const hoursOf = ({ lastBackupAtMs }: GuestBackup): number => (lastBackupAtMs === null ? Infinity : (nowMs - lastBackupAtMs) / 3_600_000)
  const late = all.filter((backup) => hoursOf(backup) > limitHours).sort((a, b) => hoursOf(b) - hoursOf(a) || a.guest.name.localeCompare(b.guest.name))
  const damaged = all.filter((backup) => backup.verification === 'failed' && !late.includes(backup))
  const silent = servers.find((source) => source.state !== 'live')
  const good = all.length - late.length - damaged.length
  const text = `${good} of ${counted(all.length, 'guest')} have a backup of the last ${limitHours} h.`
  const health: Health = silent || all.length === 0 ? 'unknown' : late.some((backup) => backup.lastBackupAtMs === null) || damaged.length > 0 ? 'error' : late.length > 0 ? 'warning' : 'ok'
  return {
    headline: { health, text: silent ? `${silent.label} does not answer. When it last did: ${text}` : text },
    worst: [
      ...damaged.map((backup) => ({ ...backup, words: 'its last verification failed' })),
      ...late.map((backup) => ({ ...backup, words: backup.lastBackupAtMs === null ? 'no backup at all' : `last backup ${ageWords(hoursOf(backup))} ago` })),
    ],
  }
}

const ageWords = (hours: number): string => (hours >= 48 ? counted(Math.floor(hours / 24), 'day') : `${Math.floor(hours)} h`)

export interface NodeLoad {
  node: Entity
  cpu: number | null
  memory: number | null
}

/** Nodes of hypervisors by name; null where nothing is told. */
export function nodeLoads(entities: Iterable<Entity>): NodeLoad[] {
  return [...entities]
    .filter((entity) => entity.kind === 'node')
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
    .map((node) => {
      const { cpuFraction, memoryBytes, memoryTotalBytes } = node.facts
      const isKnown = node.health !== 'unknown'
      return {
        node,
        cpu: isKnown && typeof cpuFraction === 'number' ? cpuFraction : null,
        memory: isKnown && typeof memoryBytes === 'number' && typeof memoryTotalBytes === 'number' && memoryTotalBytes > 0 ? memoryBytes / memoryTotalBytes : null,
      }
    })
}

export interface Fill {
  id: string
  name: string
  share: number
  freeBytes: number
  /** False when its system does not answer: the level is the last known one. */
  isLive: boolean
  /** When it will be full, as a short sentence; why that is not known, for who asks. */
  words: string
  reason: string
}

const fillKinds = new Set<EntityKind>(['storage', 'datastore'])

/** Storages and datastores, the fullest first, with what is known of their future. */
export function fillsOf(entities: Iterable<Entity>, sources: readonly Source[], forecasts: readonly FullForecast[]): Fill[] {
  const live = new Set(sources.filter((source) => source.state === 'live').map((source) => source.connectionId))
  const told = new Map(forecasts.map((item) => [item.entityId, item]))
  const fills: Fill[] = []
  for (const { id, kind, name, facts, connectionId } of entities) {
    const { diskBytes: used, diskTotalBytes: total, node } = facts
    if (!fillKinds.has(kind) || typeof used !== 'number' || typeof total !== 'number' || total <= 0) continue
    const item = told.get(id)
    const isKnown = item !== undefined && item.forecast.kind !== 'unknown'
    fills.push({
      id,
      name: kind === 'storage' && typeof node === 'string' ? `${name} on ${node}` : name,
      share: used / total,
      freeBytes: total - used,
      isLive: live.has(connectionId),
      words: isKnown ? forecastText(item.forecast, item.basis) : 'No trend yet.',
      reason: item ? forecastText(item.forecast, item.basis) : 'Figures are still being read.',
    })
  }
  return fills.sort((a, b) => b.share - a.share)
}
