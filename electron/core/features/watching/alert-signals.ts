// What each signal says of each subject of a site, from the inventory and the newest figures. Pure. What a system that
// does not answer once said is no reading: the value is null, and the text says why.
import type { Signal } from '#shared/model/alert.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { FullForecast } from '#shared/contracts/metrics.ts'
import { backupsOfGuests, type GuestBackup } from '#shared/model/guest-backups.ts'
import type { Entity, EntityKind, FactValue, Source } from '#shared/model/inventory.ts'
import type { Reading } from './alert-engine.ts'
import type { ProbedFigure } from './figures.ts'
import type { SitePicture } from './site-picture.ts'

export interface SignalContext {
  picture: Pick<SitePicture, 'entities' | 'edges' | 'sources'>
  /** Connections whose systems answer now. */
  fresh: ReadonlySet<ConnectionId>
  /** Connections that have answered at least once since watching began. */
  answered: ReadonlySet<ConnectionId>
  probed: readonly ProbedFigure[]
  forecasts: readonly FullForecast[]
  nowMs: number
}

type Read = (context: SignalContext) => Reading[]

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const brokenPods = new Set(['CrashLoopBackOff', 'ImagePullBackOff', 'ErrImagePull', 'OOMKilled', 'Error', 'CreateContainerConfigError', 'CreateContainerError', 'RunContainerError', 'InvalidImageName'])

const number = (value: FactValue | undefined): number | null => (typeof value === 'number' ? value : null)
const percent = (fraction: number): string => `${Math.round(fraction * 100)} %`

/** A reading of one entity; not known while its system does not answer. */
function readingOf(context: SignalContext, entity: Entity, value: number | null, text: string): Reading {
  const isFresh = context.fresh.has(entity.connectionId)
  const source = isFresh ? undefined : context.picture.sources.find((item) => item.connectionId === entity.connectionId)
  return {
    subjectId: entity.id,
    subjectName: entity.name,
    subjectKind: entity.kind,
    tags: entity.tags,
    connectionId: entity.connectionId,
    value: isFresh ? value : null,
    text: isFresh ? text : `${source?.label ?? 'Its system'} does not answer`,
  }
}

function forKinds(kinds: readonly EntityKind[], read: (entity: Entity) => { value: number | null; text: string } | null): Read {
  const wanted = new Set(kinds)
  return (context) => {
    const found: Reading[] = []
    for (const entity of context.picture.entities.values()) {
      if (!wanted.has(entity.kind)) continue
      const said = read(entity)
      if (said) found.push(readingOf(context, entity, said.value, said.text))
    }
    return found
  }
}

const state = (isSo: boolean): number => (isSo ? 1 : 0)

/** Used of total, where both are told. */
function share(entity: Entity, usedKey: string, totalKey: string): number | null {
  const used = number(entity.facts[usedKey])
  const total = number(entity.facts[totalKey])
  return used !== null && total !== null && total > 0 ? used / total : null
}

function shareReading(what: string, usedKey: string, totalKey: string) {
  return (entity: Entity) => {
    const value = share(entity, usedKey, totalKey)
    return value === null && entity.health === 'off' ? null : { value, text: value === null ? `${entity.name} does not tell` : `${entity.name} has ${percent(value)} of its ${what} in use` }
  }
}

function backupReadings(read: (backup: GuestBackup, nowMs: number) => { value: number | null; text: string } | null): Read {
  return (context) => {
    const stores = context.picture.sources.filter((source) => source.kind === 'pbs')
    // Without a backup server in the site nothing can be said of backups, and nothing is.
    if (stores.length === 0) return []
    const silent = stores.find((source) => !context.fresh.has(source.connectionId))
    return backupsOfGuests(context.picture.entities, context.picture.edges.values()).flatMap((backup) => {
      const said = read(backup, context.nowMs)
      if (!said) return []
      const reading = readingOf(context, backup.guest, said.value, said.text)
      return [silent && reading.value !== null ? { ...reading, value: null, text: `${silent.label} does not answer` } : reading]
    })
  }
}

const hoursText = (hours: number): string => (hours >= 48 ? `${Math.floor(hours / 24)} days` : `${Math.floor(hours)} h`)

function backupAge({ guest, lastBackupAtMs }: GuestBackup, nowMs: number) {
  if (lastBackupAtMs === null) return { value: Infinity, text: `${guest.name} has no backup` }
  const hours = (nowMs - lastBackupAtMs) / hourMs
  return { value: hours, text: `${guest.name}: last backup ${hoursText(hours)} ago` }
}

function verificationAge({ guest, groups, lastBackupAtMs, lastVerifiedAtMs, verification }: GuestBackup, nowMs: number) {
  // Without a backup there is nothing to verify: that is the other signal's business.
  if (lastBackupAtMs === null || groups.length === 0) return null
  if (verification === 'unknown' && lastVerifiedAtMs === null) return { value: null, text: `The verifications of ${guest.name} are not read yet` }
  if (lastVerifiedAtMs === null) return { value: Infinity, text: `No backup of ${guest.name} was ever verified` }
  const hours = (nowMs - lastVerifiedAtMs) / hourMs
  return { value: hours, text: `${guest.name}: last good verification ${hoursText(hours)} ago` }
}

/** One reading per probed figure of this key. */
function probedReadings(key: string, kind: string, text: (name: string, value: number) => string): Read {
  return ({ probed, fresh, picture }) =>
    probed
      .filter((figure) => figure.key === key)
      .map((figure) => {
        const entity = picture.entities.get(figure.entityId)
        const isKnown = fresh.has(figure.connectionId)
        return {
          subjectId: figure.entityId,
          subjectName: figure.name,
          subjectKind: entity?.kind ?? kind,
          tags: entity?.tags ?? [],
          connectionId: figure.connectionId,
          value: isKnown ? figure.value : null,
          text: isKnown ? text(figure.name, figure.value) : `${figure.name} cannot be asked now`,
        }
      })
}

/** Whether a lost connection is a loss: it answered before, or other systems of the site answer now. */
function connectionReading(context: SignalContext, source: Source): Omit<Reading, 'subjectId' | 'subjectKind'> {
  const isLost = source.state === 'lost'
  const isKnown = source.state === 'live' || (isLost && (context.answered.has(source.connectionId) || context.fresh.size > 0))
  const why = source.state === 'locked' ? 'The vault is locked' : `${source.label} has not answered since watching began`
  return {
    subjectName: source.label,
    tags: [],
    connectionId: source.connectionId,
    value: isKnown ? state(isLost) : null,
    text: isKnown ? (source.problem ?? `${source.label} does not answer`).replace(/\.$/, '') : why,
  }
}

const hostKinds: Partial<Record<Source['kind'], EntityKind>> = { ssh: 'ssh-host', postgres: 'database-server' }

const connectionLost: Read = (context) =>
  context.picture.sources.map((source) => ({
    ...connectionReading(context, source),
    subjectId: `connection/${source.connectionId}`,
    subjectKind: hostKinds[source.kind] ?? 'connection',
  }))

const fullIn: Read = (context) =>
  context.forecasts.flatMap(({ entityId, name, forecast }) => {
    const entity = context.picture.entities.get(entityId)
    if (!entity) return []
    if (forecast.kind === 'unknown') return [readingOf(context, entity, null, forecast.reason.replace(/\.$/, ''))]
    if (forecast.kind === 'steady') return [readingOf(context, entity, Infinity, `${name} does not fill up`)]
    const days = (forecast.atMs - context.nowMs) / dayMs
    return [readingOf(context, entity, days, `${name} will be full on ${new Date(forecast.atMs).toISOString().slice(0, 10)} if it goes on as it has`)]
  })

const days = (value: number): string => (Math.abs(value) < 1 ? 'today' : value < 0 ? `${Math.floor(-value)} days ago` : `in ${Math.floor(value)} days`)

const readers: Record<Signal, Read> = {
  'node-down': forKinds(['node', 'kubernetes-node'], (entity) => {
    const isDown = entity.kind === 'node' ? entity.status === 'offline' : entity.health === 'error'
    const isSaid = entity.kind === 'node' ? entity.health !== 'unknown' : true
    return { value: isSaid ? state(isDown) : null, text: `${entity.name} is ${isDown ? (entity.kind === 'node' ? 'offline' : 'not ready') : 'up'}` }
  }),
  'quorum-lost': forKinds(['cluster'], ({ name, facts }) =>
    typeof facts['isQuorate'] === 'boolean' ? { value: state(!facts['isQuorate']), text: `${name} has no quorum` } : null,
  ),
  'guest-down': forKinds(['guest'], ({ name, status, facts }) =>
    facts['startsAtBoot'] === true && facts['isTemplate'] !== true ? { value: state(status.startsWith('stopped')), text: `${name} is stopped, although it starts at boot` } : null,
  ),
  'connection-lost': connectionLost,
  'cpu-used': forKinds(['node', 'guest', 'backup-server'], (entity) => {
    const value = number(entity.facts['cpuFraction'])
    return value === null && entity.health !== 'ok' ? null : { value, text: value === null ? `${entity.name} does not tell` : `${entity.name}: CPU ${percent(value)} in use` }
  }),
  'memory-used': forKinds(['node', 'guest', 'backup-server'], (entity) =>
    entity.health === 'off' ? null : shareReading('memory', 'memoryBytes', 'memoryTotalBytes')(entity),
  ),
  fill: forKinds(['storage', 'datastore', 'node'], (entity) => {
    const value = share(entity, 'diskBytes', 'diskTotalBytes')
    if (value === null && (entity.health === 'off' || entity.health === 'error')) return null
    const what = entity.kind === 'node' ? `The root disk of ${entity.name}` : entity.name
    return { value, text: value === null ? `${what} does not tell how full it is` : `${what} is ${percent(value)} full` }
  }),
  'full-in': fullIn,
  'backup-age': backupReadings(backupAge),
  'verification-age': backupReadings(verificationAge),
  'verification-failed': forKinds(['backup-group'], ({ name, facts }) => {
    const verification = facts['verification']
    return typeof verification === 'string' && verification !== 'unknown'
      ? { value: state(verification === 'failed'), text: `The newest verification of ${name} failed` }
      : null
  }),
  'certificate-days': (context) =>
    context.probed
      .filter((figure) => figure.key === 'certificateDays')
      // A date stays true while nobody answers: it needs no fresh system.
      .map(({ entityId, name, value, atMs, connectionId }) => {
        const left = value - (context.nowMs - atMs) / dayMs
        return { subjectId: entityId, subjectName: name, subjectKind: 'connection', tags: [], connectionId, value: left, text: left < 0 ? `The certificate of ${name} ran out ${days(left)}` : `The certificate of ${name} runs out ${days(left)}` }
      }),
  'pod-failing': forKinds(['pod'], ({ name, status, health, facts }) =>
    health === 'unknown' ? { value: null, text: `${name} is not known` } : { value: state(health === 'error' && brokenPods.has(status)), text: `${name} in ${String(facts['namespace'] ?? '?')}: ${status}` },
  ),
  'job-failed': forKinds(['job', 'ray-job', 'backup-job'], ({ name, status, health }) =>
    health === 'off' || health === 'unknown' ? null : { value: state(health === 'error'), text: `${name}: ${status}` },
  ),
  temperature: (context) => [
    ...probedReadings('temperatureCelsius', 'node', (name, value) => `${name} is at ${Math.round(value * 10) / 10} °C`)(context),
    ...forKinds(['gpu', 'node'], ({ name, facts }) => {
      const value = number(facts['temperatureCelsius'])
      return value === null ? null : { value, text: `${name} is at ${Math.round(value * 10) / 10} °C` }
    })(context),
  ],
  'replication-lag': probedReadings('replicationLagSeconds', 'database-server', (name, value) => `The slowest standby of ${name} is ${Math.round(value)} s behind`),
  'connections-used': probedReadings('connectionsFraction', 'database-server', (name, value) => `${name} has ${percent(value)} of its connections in use`),
}

/** What this signal says now, one reading a subject. A signal that the site has no subject for says nothing. */
export const readSignal = (signal: Signal, context: SignalContext): Reading[] => readers[signal](context)
