// Datastores of the demo backup server and their contents: namespaces, groups, snapshots, notes, protection.
import { ApiFault } from '../../api2/api-fault.ts'
import { choice, flag, integer, optional, text } from '../../api2/parameters.ts'
import type { BackupSnapshot } from '../../world/backups.ts'
import { may, openStore, route, type PbsCall } from '../call.ts'
import { collectionFigures } from './jobs.ts'

const readable = ['Datastore.Audit', 'Datastore.Backup']
const backupType = choice('vm', 'ct', 'host')
const groupParameters = { ns: optional(text()), 'backup-type': backupType, 'backup-id': text() }
const snapshotParameters = { ...groupParameters, 'backup-time': integer({ minimum: 1 }) }

/** Whoever may not audit sees what they own. */
const isVisible = (call: PbsCall, snapshot: BackupSnapshot): boolean =>
  may(call, `/datastore/${snapshot.datastore}`, ['Datastore.Audit']) ||
  snapshot.owner.split('!')[0] === call.caller?.userId

function visibleSnapshots(
  call: PbsCall,
  filter: Parameters<PbsCall['server']['backups']['list']>[0],
): BackupSnapshot[] {
  const namespace = filter?.namespace ?? ''
  const isKnown = namespace === '' || call.server.site.backup.namespaces.some((it) => it.ns === namespace)
  if (!isKnown) throw new ApiFault(400, `namespace '${namespace}' does not exist`)
  return call.server.backups
    .list({ ...filter, namespace })
    .filter((snapshot) => isVisible(call, snapshot))
    .sort((a, b) => a.backupId.localeCompare(b.backupId) || b.timeSeconds - a.timeSeconds)
}

interface SnapshotName {
  store: string
  ns?: string
  'backup-type': string
  'backup-id': string
  'backup-time': number
}

function findSnapshot(
  call: PbsCall,
  name: SnapshotName,
  privileges: readonly string[] = readable,
): BackupSnapshot {
  openStore(call, name.store, privileges)
  const found = call.server.backups.find(
    name.ns ?? '',
    name['backup-type'],
    name['backup-id'],
    name['backup-time'],
  )
  if (found && isVisible(call, found)) return found
  const place = `${name['backup-type']}/${name['backup-id']}/${new Date(name['backup-time'] * 1000).toISOString().replace('.000', '')}`
  throw new ApiFault(400, `unable to load snapshot ${place}: not found`)
}

const isFinished = (snapshot: BackupSnapshot): boolean => snapshot.endMs !== undefined

const fileRows = (snapshot: BackupSnapshot) =>
  snapshot.files
    // A running backup shows the indexes it has opened, without sizes.
    .filter((file) => isFinished(snapshot) || file.filename.endsWith('idx'))
    .map((file) => ({
      filename: file.filename,
      'crypt-mode': file.cryptMode,
      ...(isFinished(snapshot) ? { size: file.sizeBytes } : {}),
    }))

const snapshotRow = (snapshot: BackupSnapshot) => ({
  'backup-type': snapshot.backupType,
  'backup-id': snapshot.backupId,
  'backup-time': snapshot.timeSeconds,
  owner: snapshot.owner,
  protected: snapshot.isProtected,
  files: fileRows(snapshot),
  ...(snapshot.comment ? { comment: snapshot.comment.split('\n')[0] } : {}),
  ...(isFinished(snapshot) ? { size: snapshot.sizeBytes } : {}),
  ...(snapshot.keyFingerprint ? { fingerprint: snapshot.keyFingerprint } : {}),
  ...(snapshot.verification ? { verification: snapshot.verification } : {}),
})

function groupRows(call: PbsCall, namespace: string) {
  const groups = Map.groupBy(visibleSnapshots(call, { namespace }), (it) => `${it.backupType}/${it.backupId}`)
  return [...groups.values()].flatMap((snapshots) => {
    const [latest] = snapshots.filter(isFinished)
    if (!latest) return []
    return [
      {
        'backup-type': latest.backupType,
        'backup-id': latest.backupId,
        'last-backup': latest.timeSeconds,
        'backup-count': snapshots.length,
        files: latest.files.map((file) => file.filename),
        owner: latest.owner,
      },
    ]
  })
}

function counts(call: PbsCall) {
  const all = call.server.backups.list()
  return Object.fromEntries(
    (['ct', 'host', 'vm'] as const).map((type) => {
      const ofType = all.filter((it) => it.backupType === type)
      const groups = new Set(ofType.map((it) => `${it.namespace}:${it.backupId}`)).size
      return [type, { groups, snapshots: ofType.length }]
    }),
  )
}

/** Fill of the store over the last 30 days, one point a day, as fractions. */
function usageHistory(call: PbsCall) {
  const pointCount = 30
  const deltaSeconds = 86_400
  const start = Math.floor(call.nowMs / 1000 / deltaSeconds) * deltaSeconds - (pointCount - 1) * deltaSeconds
  const history = Array.from({ length: pointCount }, (_, index) => {
    const use = call.server.use((start + index * deltaSeconds) * 1000)
    return use.usedBytes / use.totalBytes
  })
  return { history, 'history-start': start, 'history-delta': deltaSeconds }
}

const storeRow = (call: PbsCall) => ({
  store: call.server.backups.datastore,
  comment: 'all backups of the lab',
  'mount-status': 'nonremovable',
})

const configRow = (call: PbsCall) => {
  const [store] = call.server.site.backup.datastores
  return {
    name: call.server.backups.datastore,
    path: store?.path.value ?? '',
    comment: 'all backups of the lab',
    'gc-schedule': call.server.jobs.find((job) => job.kind === 'gc')?.schedule ?? 'daily',
    'notification-mode': 'notification-system',
  }
}

const canAuditStore = (call: PbsCall) =>
  may(call, `/datastore/${call.server.backups.datastore}`, readable, true)

export const datastoreRoutes = [
  route('GET', '/admin/datastore', {
    needs: 'login',
    run: (_input, call) => (canAuditStore(call) ? [storeRow(call)] : []),
  }),
  route('GET', '/config/datastore', {
    needs: 'login',
    run: (_input, call) => (canAuditStore(call) ? [configRow(call)] : []),
  }),
  route('GET', '/config/datastore/{name}', {
    needs: { path: '/datastore/{name}', privileges: ['Datastore.Audit'] },
    run(input, call) {
      openStore(call, input.name, ['Datastore.Audit'])
      return configRow(call)
    },
  }),
  route('GET', '/status/datastore-usage', {
    needs: 'login',
    run(_input, call) {
      if (!canAuditStore(call)) return []
      const use = call.server.use(call.nowMs)
      const { store, 'mount-status': mountStatus } = storeRow(call)
      return [
        {
          store,
          'mount-status': mountStatus,
          total: use.totalBytes,
          used: use.usedBytes,
          avail: use.totalBytes - use.usedBytes,
          'estimated-full-date': use.fullAtSeconds,
          'gc-status': collectionFigures(call).status,
          ...usageHistory(call),
        },
      ]
    },
  }),
  route('GET', '/admin/datastore/{store}/status', {
    needs: 'login',
    parameters: { verbose: optional(flag()) },
    run(input, call) {
      openStore(call, input.store, readable)
      const use = call.server.use(call.nowMs)
      return {
        total: use.totalBytes,
        used: use.usedBytes,
        avail: use.totalBytes - use.usedBytes,
        ...(input.verbose ? { counts: counts(call), 'gc-status': collectionFigures(call).status } : {}),
      }
    },
  }),
  route('GET', '/admin/datastore/{store}/namespace', {
    needs: 'login',
    parameters: { parent: optional(text()), 'max-depth': optional(integer({ minimum: 0, maximum: 7 })) },
    run(input, call) {
      openStore(call, input.store, readable)
      if (input.parent) return [{ ns: input.parent }]
      const children = input['max-depth'] === 0 ? [] : call.server.site.backup.namespaces
      return [{ ns: '' }, ...children.map((it) => ({ ns: it.ns, comment: it.comment }))]
    },
  }),
  route('GET', '/admin/datastore/{store}/groups', {
    needs: 'login',
    parameters: { ns: optional(text()) },
    run(input, call) {
      openStore(call, input.store, readable)
      return groupRows(call, input.ns ?? '')
    },
  }),
  route('GET', '/admin/datastore/{store}/snapshots', {
    needs: 'login',
    parameters: { ns: optional(text()), 'backup-type': optional(backupType), 'backup-id': optional(text()) },
    run(input, call) {
      openStore(call, input.store, readable)
      const filter = {
        namespace: input.ns ?? '',
        ...(input['backup-type'] === undefined ? {} : { backupType: input['backup-type'] }),
        ...(input['backup-id'] === undefined ? {} : { backupId: input['backup-id'] }),
      }
      return visibleSnapshots(call, filter).map(snapshotRow)
    },
  }),
  route('DELETE', '/admin/datastore/{store}/snapshots', {
    needs: 'login',
    parameters: snapshotParameters,
    run(input, call) {
      const snapshot = findSnapshot(call, input, ['Datastore.Modify', 'Datastore.Prune'])
      if (snapshot.isProtected) throw new ApiFault(400, 'cannot remove protected snapshot')
      if (!isFinished(snapshot)) throw new ApiFault(400, 'snapshot is locked by another operation')
      call.server.backups.remove(snapshot)
      return null
    },
  }),
  route('GET', '/admin/datastore/{store}/files', {
    needs: 'login',
    parameters: snapshotParameters,
    run: (input, call) => fileRows(findSnapshot(call, input)),
  }),
  route('GET', '/admin/datastore/{store}/protected', {
    needs: 'login',
    parameters: snapshotParameters,
    run: (input, call) => findSnapshot(call, input).isProtected,
  }),
  route('PUT', '/admin/datastore/{store}/protected', {
    needs: 'login',
    parameters: { ...snapshotParameters, protected: flag() },
    run(input, call) {
      findSnapshot(call, input, ['Datastore.Modify', 'Datastore.Backup']).isProtected = input.protected
      return null
    },
  }),
  route('GET', '/admin/datastore/{store}/notes', {
    needs: 'login',
    parameters: snapshotParameters,
    run: (input, call) => findSnapshot(call, input).comment,
  }),
  route('PUT', '/admin/datastore/{store}/notes', {
    needs: 'login',
    parameters: { ...snapshotParameters, notes: text() },
    run(input, call) {
      findSnapshot(call, input, ['Datastore.Modify', 'Datastore.Backup']).comment = input.notes
      return null
    },
  }),
]
