// Which guest a backup group belongs to, and which datastore a Proxmox storage is. A VMID is only unique within one
// cluster and is given again after a guest is deleted, so it never makes a link by itself: the cluster must be known
// to back up into that datastore, or the backups must carry the guest's name, and they must not be older than the
// guest they are said to be of.
import type { Edge, Entity, Evidence } from '#shared/model/inventory.ts'
import type { Breather } from './breather.ts'
import { list, text } from './link-machines.ts'
import { isTelling, shortHostName, type MachineIndex } from './machine-index.ts'
import { edgeOf } from './observation.ts'

type Keep = (edge: Edge) => void
type ByKind = ReadonlyMap<Entity['kind'], readonly Entity[]>
/** A backup job and the VMIDs it names, to include or (for a job of all guests) to exclude. */
interface Job {
  entity: Entity
  vmids: ReadonlySet<string>
}

/** Clocks of two machines may differ by this much before a backup counts as older than its guest. */
const clockSkewMs = 10 * 60_000

export async function linkBackups(
  byKind: ByKind,
  index: MachineIndex,
  keep: Keep,
  breather: Breather,
): Promise<void> {
  const storagesOf = linkStorages(byKind, keep)
  const jobsOf = indexJobs(byKind.get('backup-job') ?? [])
  for (const group of byKind.get('backup-group') ?? []) {
    if (breather.isDue()) await breather.rest()
    const storages = storagesOf.get(group.parentId ?? '') ?? []
    const edge =
      group.facts['backupType'] === 'host'
        ? hostEdge(group, index)
        : guestEdge(group, index, storages, jobsOf)
    if (edge) keep(edge)
  }
}

/** Storage → datastore edges; returns the storages that reach each datastore. */
function linkStorages(byKind: ByKind, keep: Keep): Map<string, Entity[]> {
  const servers = new Map((byKind.get('backup-server') ?? []).map((server) => [server.id, server]))
  const datastores = new Map<string, Entity[]>()
  for (const datastore of byKind.get('datastore') ?? []) {
    const same = datastores.get(datastore.name)
    if (same) same.push(datastore)
    else datastores.set(datastore.name, [datastore])
  }
  const storagesOf = new Map<string, Entity[]>()
  for (const storage of byKind.get('storage') ?? []) {
    const name = text(storage, 'pbsDatastore')
    if (!name) continue
    const found = (datastores.get(name) ?? []).flatMap((datastore) => {
      const server = servers.get(datastore.parentId ?? '')
      const evidence = server ? sameServer(storage, server) : []
      return evidence.length > 0 ? [{ datastore, evidence }] : []
    })
    const [only] = found
    if (!only || found.length > 1) continue
    const configured: Evidence = {
      by: 'configuration',
      text: `The storage ${storage.name} is the datastore ${name} of ${text(storage, 'pbsServer')}`,
    }
    keep(edgeOf(storage.id, 'uses', only.datastore.id, [configured, ...only.evidence]))
    storagesOf.set(only.datastore.id, [...(storagesOf.get(only.datastore.id) ?? []), storage])
  }
  return storagesOf
}

function sameServer(storage: Entity, server: Entity): Evidence[] {
  const host = text(storage, 'pbsServer') ?? ''
  const evidence: Evidence[] = []
  const fingerprint = text(storage, 'fingerprint')
  if (fingerprint && fingerprint.toUpperCase() === text(server, 'fingerprint')?.toUpperCase())
    evidence.push({
      by: 'configuration',
      text: `It expects the certificate fingerprint that ${server.name} presents`,
    })
  if (isTelling(host) && server.addresses.includes(host.toLowerCase()))
    evidence.push({ by: 'ip', text: `${host} is an address of ${server.name}` })
  const names = [server.name, text(server, 'host') ?? '', text(server, 'label') ?? ''].map(shortHostName)
  if (host !== '' && names.includes(shortHostName(host)))
    evidence.push({ by: 'hostname', text: `${host} is the name of ${server.name}` })
  else if (evidence.length === 0 && names.includes(shortHostName(storage.name)))
    evidence.push({ by: 'hostname', text: `The storage carries the server's name, ${server.name}` })
  return evidence
}

function guestEdge(
  group: Entity,
  index: MachineIndex,
  storages: Entity[],
  jobsOf: Map<string, Job[]>,
): Edge | undefined {
  const vmid = Number(group.facts['backupId'])
  const guestType = group.facts['backupType'] === 'ct' ? 'lxc' : 'qemu'
  const found = index
    .byVmid(vmid)
    .filter((guest) => guest.facts['type'] === guestType && !isOlderThanGuest(group, guest))
    .map((guest) => ({ guest, evidence: backupEvidence(group, guest, storages, jobsOf) }))
    .filter(({ evidence }) => evidence.length > 0)
    .sort((a, b) => b.evidence.length - a.evidence.length)
  const [first, second] = found
  if (!first || (second && !isClearlyBetter(first.evidence, second.evidence))) return undefined
  const vmidEvidence: Evidence = {
    by: 'vmid',
    text: `The group is ${group.facts['backupType']}/${vmid}; ${first.guest.name} has VMID ${vmid}`,
  }
  return edgeOf(group.id, 'backs-up', first.guest.id, [vmidEvidence, ...first.evidence])
}

/** Two guests with one VMID: the name decides; a storage that both clusters use does not. */
const isClearlyBetter = (first: Evidence[], second: Evidence[]): boolean =>
  (hasName(first) && !hasName(second)) || (first.length > second.length && hasName(first) === hasName(second))

const hasName = (evidence: Evidence[]): boolean => evidence.some((item) => item.by === 'hostname')

/** The newest backup was made before this guest existed: it is of an earlier guest with the same VMID. */
function isOlderThanGuest(group: Entity, guest: Entity): boolean {
  const createdAtMs = guest.facts['createdAtMs']
  const lastBackupAtMs = group.facts['lastBackupAtMs']
  return (
    typeof createdAtMs === 'number' &&
    typeof lastBackupAtMs === 'number' &&
    lastBackupAtMs < createdAtMs - clockSkewMs
  )
}

function backupEvidence(
  group: Entity,
  guest: Entity,
  storages: Entity[],
  jobsOf: Map<string, Job[]>,
): Evidence[] {
  const evidence: Evidence[] = []
  const cluster = text(guest, 'cluster') ?? ''
  const namespace = text(group, 'namespace') ?? ''
  const storage = storages.find(
    (item) =>
      text(item, 'cluster') === cluster &&
      item.connectionId === guest.connectionId &&
      (text(item, 'pbsNamespace') ?? '') === namespace,
  )
  if (storage) {
    const where = namespace === '' ? 'its root namespace' : `the namespace ${namespace}`
    evidence.push({
      by: 'configuration',
      text: `Cluster ${cluster} backs up into ${where} of this datastore by its storage ${storage.name}`,
    })
    const job = jobsOf.get(`${guest.connectionId}/${storage.name}`)?.find((item) => covers(item, guest))
    if (job)
      evidence.push({
        by: 'configuration',
        text: `The backup job ${job.entity.name} of that cluster includes ${guest.name}`,
      })
  }
  if (list(group, 'comments').some((comment) => mentions(comment, guest.name))) {
    evidence.push({ by: 'hostname', text: `The notes of its backups name ${guest.name}` })
    // Reaching the datastore proves nothing about a namespace in it; beside the name it is worth telling.
    const reach = storage
      ? undefined
      : storages.find((item) => text(item, 'cluster') === cluster && item.connectionId === guest.connectionId)
    if (reach)
      evidence.push({
        by: 'configuration',
        text: `Cluster ${cluster} has this datastore as its storage ${reach.name}`,
      })
  }
  if (evidence.length > 0 && typeof guest.facts['createdAtMs'] === 'number')
    evidence.push({
      by: 'api',
      text: `Its newest backup is younger than the guest, made ${new Date(guest.facts['createdAtMs']).toISOString().slice(0, 10)}`,
    })
  return evidence
}

function indexJobs(jobs: readonly Entity[]): Map<string, Job[]> {
  const index = new Map<string, Job[]>()
  for (const entity of jobs) {
    const storage = text(entity, 'storage')
    if (!storage) continue
    const key = `${entity.connectionId}/${storage}`
    const job = { entity, vmids: new Set(list(entity, 'vmids')) }
    index.set(key, [...(index.get(key) ?? []), job])
  }
  return index
}

const covers = ({ entity, vmids }: Job, guest: Entity): boolean =>
  (entity.facts['isAllGuests'] === true) !== vmids.has(String(guest.facts['vmid']))

/** The whole word, so that `web1` is not found in `web10`. */
function mentions(comment: string, name: string): boolean {
  const at = comment.toLowerCase().indexOf(name.toLowerCase())
  if (at < 0 || name === '') return false
  const isBorder = (char: string | undefined): boolean => char === undefined || !/[A-Za-z0-9_.-]/.test(char)
  return isBorder(comment[at - 1]) && isBorder(comment[at + name.length])
}

/** Backups of type `host` are named after the machine: a node, or a guest that runs the client itself. */
function hostEdge(group: Entity, index: MachineIndex): Edge | undefined {
  const id = String(group.facts['backupId'])
  const machines = index.byHostName(id).filter((machine) => machine.kind !== 'backup-server')
  const [only] = machines
  if (!only || machines.length > 1) return undefined
  return edgeOf(group.id, 'backs-up', only.id, [
    { by: 'hostname', text: `The group is host/${id}, as ${only.name} is called` },
  ])
}
