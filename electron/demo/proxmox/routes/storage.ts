// Storages of the demo cluster: definitions, what each node sees of them, and what is in them.
import { ApiFault } from '../../api2/api-fault.ts'
import { choice, flag, integer, optional, text } from '../../api2/parameters.ts'
import type { BackupSnapshot } from '../../world/backups.ts'
import { createdSeconds } from '../../world/guest-identity.ts'
import type { DemoStorage } from '../../world/site.ts'
import { may, route, type PveCall } from '../call.ts'
import { storageUse } from '../figures.ts'
import { usedBytesOf } from '../guest.ts'
import { isClean } from '../../world/site.ts'

const anyDatastoreRight = ['Datastore.Audit', 'Datastore.AllocateSpace']

const contentRights = (storage: string) =>
  ({ path: `/storage/${storage}`, privileges: anyDatastoreRight, isAnyEnough: true }) as const
const auditContent = contentRights('{storage}')

function storageStatus(call: PveCall, node: string, storage: DemoStorage) {
  const use = storageUse(call.cluster, storage, node, call.nowMs)
  return {
    type: storage.type,
    content: storage.content.join(','),
    active: 1,
    enabled: 1,
    shared: storage.shared ? 1 : 0,
    total: use.totalBytes,
    used: use.usedBytes,
    avail: use.totalBytes - use.usedBytes,
  }
}

/** The cluster-wide definition. Storages of one name on several nodes are one definition. */
function definitions(call: PveCall) {
  const byId = Map.groupBy(call.cluster.site.storages, (storage) => storage.id)
  return [...byId].flatMap(([id, places]) => {
    const [first] = places
    if (!first) return []
    const nodes = places.flatMap((place) => place.node ?? [])
    const isEverywhere = nodes.length === 0 || nodes.length === call.cluster.nodes.length
    return [
      {
        storage: id,
        type: first.type,
        content: first.content.join(','),
        digest: '5b1d0c6f7e8a9b0c1d2e3f405162738495a6b7c8',
        ...(isEverywhere ? {} : { nodes: nodes.join(',') }),
        ...typeFields(call, first),
      },
    ]
  })
}

/** How the server shows a client key: as its fingerprint. */
const encryptionKey = '7f:2c:91:0e:5d:ba:44:38:c6:1f:a9:07:3e:82:d4:6b:15:f0:c8:97:2a:5e:b3:60:d9:4c:81:e7:0b:a2:36:fd'

function typeFields(call: PveCall, storage: DemoStorage) {
  switch (storage.type) {
    case 'dir':
      return { path: '/var/lib/vz' }
    case 'lvmthin':
      return { vgname: storage.vg ?? storage.id, thinpool: storage.thinpool ?? storage.id }
    case 'pbs':
      return {
        server: storage.server ?? call.cluster.site.backup.server.address,
        datastore: storage.datastore ?? '',
        username: 'backup@pbs!pve',
        'prune-backups': 'keep-all=1',
        ...(call.cluster.backupFingerprint === undefined ? {} : { fingerprint: call.cluster.backupFingerprint }),
        ...(isClean(call.cluster.site) ? { 'encryption-key': encryptionKey } : {}),
        shared: 1,
      }
  }
}

function volumes(call: PveCall, node: string, storage: DemoStorage) {
  return call.cluster.guestsOn(node).flatMap((guest) =>
    guest.disks
      .filter((disk) => disk.storage === storage.id)
      .map((disk) => ({
        volid: `${storage.id}:${disk.volume}`,
        content: 'images',
        format: 'raw',
        size: disk.sizeBytes,
        used: usedBytesOf(guest, disk, call.nowMs),
        vmid: guest.vmid,
        ctime: createdSeconds(guest.vmid),
      })),
  )
}

/**
 * Backups of guests as the PBS storage shows them. One storage stands for both namespaces of the jobs here: the
 * inventory has one definition, whereas a real cluster would need one per namespace.
 */
function backupVolumes(call: PveCall, storage: DemoStorage) {
  return call.cluster.backups
    .list()
    .filter((snapshot) => snapshot.backupType !== 'host' && snapshot.endMs !== undefined)
    .sort((a, b) => Number(a.backupId) - Number(b.backupId) || a.timeSeconds - b.timeSeconds)
    .map((snapshot) => backupVolume(storage.id, snapshot))
}

function backupVolume(storage: string, snapshot: BackupSnapshot) {
  const time = new Date(snapshot.timeSeconds * 1000).toISOString().replace('.000', '')
  return {
    volid: `${storage}:backup/${snapshot.backupType}/${snapshot.backupId}/${time}`,
    content: 'backup',
    format: snapshot.backupType === 'ct' ? 'pbs-ct' : 'pbs-vm',
    subtype: snapshot.backupType === 'ct' ? 'lxc' : 'qemu',
    ctime: snapshot.timeSeconds,
    size: snapshot.sizeBytes,
    vmid: Number(snapshot.backupId),
    notes: snapshot.comment,
    ...(snapshot.isProtected ? { protected: 1 } : {}),
    ...(snapshot.keyFingerprint ? { encrypted: snapshot.keyFingerprint } : {}),
    ...(snapshot.verification ? { verification: snapshot.verification } : {}),
  }
}

const isoImages = [
  { file: 'ubuntu-24.04.2-live-server-amd64.iso', sizeBytes: 3_213_064_192 },
  { file: 'virtio-win-0.1.271.iso', sizeBytes: 726_048_768 },
]

function contents(call: PveCall, node: string, storage: DemoStorage): { content: string; vmid?: number }[] {
  switch (storage.type) {
    case 'lvmthin':
      return volumes(call, node, storage)
    case 'pbs':
      return backupVolumes(call, storage)
    case 'dir':
      return isoImages.map(({ file, sizeBytes }) => ({
        volid: `${storage.id}:iso/${file}`,
        content: 'iso',
        format: 'iso',
        size: sizeBytes,
        ctime: 1_746_000_000,
      }))
  }
}

export const storageRoutes = [
  route('GET', '/storage', {
    needs: 'login',
    parameters: {
      type: optional(
        choice(
          'btrfs',
          'cephfs',
          'cifs',
          'dir',
          'esxi',
          'glusterfs',
          'iscsi',
          'iscsidirect',
          'lvm',
          'lvmthin',
          'nfs',
          'pbs',
          'rbd',
          'zfs',
          'zfspool',
        ),
      ),
    },
    run: (input, call) =>
      definitions(call)
        .filter((it) => may(call, `/storage/${it.storage}`, anyDatastoreRight, true))
        .filter((it) => input.type === undefined || it.type === input.type),
  }),
  route('GET', '/storage/{storage}', {
    needs: { path: '/storage/{storage}', privileges: ['Datastore.Allocate'] },
    run(input, call) {
      const found = definitions(call).find((it) => it.storage === input.storage)
      if (!found) throw new ApiFault(500, `storage '${input.storage}' does not exist`)
      return found
    },
  }),
  route('GET', '/nodes/{node}/storage', {
    needs: 'login',
    parameters: {
      content: optional(text()),
      enabled: optional(flag()),
      format: optional(flag()),
      storage: optional(text()),
      target: optional(text()),
    },
    run(input, call) {
      call.cluster.node(input.node)
      const wanted = input.content?.split(/[,; ]+/).filter(Boolean)
      return call.cluster
        .storagesOn(input.node)
        .filter((storage) => may(call, `/storage/${storage.id}`, anyDatastoreRight, true))
        .filter((storage) => input.storage === undefined || storage.id === input.storage)
        .filter((storage) => !wanted || storage.content.some((kind) => wanted.includes(kind)))
        .map((storage) => {
          const status = storageStatus(call, input.node, storage)
          return { storage: storage.id, ...status, used_fraction: status.used / status.total }
        })
    },
  }),
  route('GET', '/nodes/{node}/storage/{storage}/status', {
    needs: auditContent,
    run: (input, call) => storageStatus(call, input.node, call.cluster.storage(input.node, input.storage)),
  }),
  route('GET', '/nodes/{node}/storage/{storage}/content', {
    needs: auditContent,
    parameters: {
      content: optional(text({ pattern: /^(images|rootdir|vztmpl|iso|backup|snippets|import)$/ })),
      vmid: optional(integer({ minimum: 100, maximum: 999_999_999 })),
    },
    run: (input, call) =>
      contents(call, input.node, call.cluster.storage(input.node, input.storage))
        .filter((volume) => input.content === undefined || volume.content === input.content)
        .filter((volume) => input.vmid === undefined || volume.vmid === input.vmid),
  }),
]
