// A small site to judge: one cluster, one backup server, one guest, and whatever a test changes about them.
import type { Edge, Entity } from '#shared/model/inventory.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { defaultBackupPolicy, type BackupPolicy } from '#shared/model/backup-policy.ts'
import type { GroundInput, Part } from '../ground.ts'
import type {
  KeptCopy,
  KeptSnapshot,
  KeptVzdumpJob,
  OffsiteReading,
  PbsReading,
  ProxmoxReading,
} from '../readings.ts'

export const hourMs = 3_600_000
export const dayMs = 24 * hourMs
export const at = (text: string): number => Date.parse(text)

export const pbsId = 'pbs' as ConnectionId
export const pveId = 'pve' as ConnectionId
export const storeId = 's3' as ConnectionId

export const entity = (changes: Partial<Entity> & Pick<Entity, 'id' | 'kind' | 'name'>): Entity => ({
  layer: 'guests',
  health: 'ok',
  status: 'running',
  parentId: null,
  connectionId: pveId,
  tags: [],
  addresses: [],
  facts: {},
  ...changes,
})

export const guest = (
  changes: {
    name?: string
    vmid?: number
    facts?: Entity['facts']
    tags?: string[]
    connectionId?: ConnectionId
    id?: string
  } = {},
): Entity => {
  const { name = 'web01', vmid = 100 } = changes
  return entity({
    id: changes.id ?? `pve/lab/guest/${vmid}`,
    kind: 'guest',
    name,
    tags: changes.tags ?? [],
    connectionId: changes.connectionId ?? pveId,
    facts: { vmid, type: 'qemu', cluster: 'lab', node: 'node01', ...changes.facts },
  })
}

export const datastore = entity({
  id: 'pbs/x/datastore/main',
  kind: 'datastore',
  name: 'main',
  connectionId: pbsId,
})
export const groupEntity = (backupId: string, type: 'vm' | 'ct' | 'host' = 'vm'): Entity =>
  entity({
    id: `pbs/x/datastore/main/group/${type}/${backupId}`,
    kind: 'backup-group',
    name: `${type}/${backupId}`,
    parentId: datastore.id,
    connectionId: pbsId,
    facts: { backupType: type, backupId, namespace: '' },
  })
const storage = entity({ id: 'pve/lab/storage/pbs', kind: 'storage', name: 'pbs' })

export const edge = (from: string, kind: Edge['kind'], to: string): Edge => ({
  id: `${from}|${kind}|${to}`,
  from,
  to,
  kind,
  evidence: [{ by: 'configuration', text: 'test' }],
})

export const snapshot = (time: string, changes: Partial<KeptSnapshot> = {}): KeptSnapshot => ({
  store: 'main',
  namespace: '',
  type: 'vm',
  backupId: '100',
  backupTime: at(time) / 1000,
  sizeBytes: 10,
  isRunning: false,
  isProtected: false,
  owner: 'backup@pbs',
  comment: '',
  encryption: 'none',
  keyFingerprint: null,
  verification: 'ok',
  verifiedAtMs: at(time) + 2 * hourMs,
  files: [],
  ...changes,
})

export const job = (changes: Partial<KeptVzdumpJob> = {}): KeptVzdumpJob => ({
  id: 'nightly',
  isEnabled: true,
  schedule: '02:00',
  storage: 'pbs',
  isAll: true,
  vmids: [],
  excluded: [],
  pool: null,
  node: null,
  mode: 'snapshot',
  comment: '',
  nextRunAtMs: null,
  guests: { 100: [] },
  ...changes,
})

export interface GroundWish {
  now: string
  snapshots?: KeptSnapshot[]
  jobs?: KeptVzdumpJob[]
  pbs?: Partial<PbsReading>
  pve?: Partial<ProxmoxReading>
  isPbsLive?: boolean
  hasPbs?: boolean
  hasPve?: boolean
  entities?: Entity[]
  edges?: Edge[]
  policy?: Partial<BackupPolicy>
  copies?: KeptCopy[]
}

/** By default: a guest with a group linked to it, a nightly job of all guests, everything answering, clocks in step. */
export function groundInput(wish: GroundWish): GroundInput {
  const nowMs = at(wish.now)
  const head = { readAtMs: nowMs, serverAtMs: nowMs, timeZone: 'UTC', limits: [] }
  const pbs: PbsReading = {
    kind: 'pbs',
    ...head,
    datastores: [],
    snapshots: wish.snapshots ?? [],
    jobs: [],
    attempts: [],
    attemptsFromMs: null,
    unread: [],
    ...wish.pbs,
  }
  const pve: ProxmoxReading = {
    kind: 'proxmox',
    ...head,
    jobs: wish.jobs ?? [job()],
    failures: [],
    runs: [],
    ...wish.pve,
  }
  const offsite: OffsiteReading = {
    kind: 's3',
    ...head,
    bucket: 'copies',
    pattern: '',
    objectCount: 0,
    totalBytes: 0,
    unmatchedCount: 0,
    unmatchedSample: [],
    classes: [],
    copies: wish.copies ?? [],
  }
  const part = <R extends Part['reading']>(connectionId: ConnectionId, reading: R, isLive = true) => ({
    connectionId,
    label: connectionId,
    isLive,
    reading: reading!,
  })
  const known = guest()
  const group = groupEntity('100')
  return {
    nowMs,
    policy: { ...defaultBackupPolicy, ...wish.policy },
    entities: wish.entities ?? [known, group, datastore, storage],
    edges: wish.edges ?? [edge(group.id, 'backs-up', known.id), edge(storage.id, 'uses', datastore.id)],
    pbs: wish.hasPbs === false ? [] : [part(pbsId, pbs, wish.isPbsLive)],
    proxmox:
      wish.hasPve === false
        ? [{ connectionId: pveId, label: 'pve', isLive: false, reading: undefined }]
        : [part(pveId, pve)],
    offsite: wish.copies ? [part(storeId, offsite)] : [],
    databases: [],
  }
}
