// Which machine something is or runs on: Kubernetes nodes, database servers and SSH hosts against guests, nodes
// and backup servers. Each reason found counts by how telling it is; only a clear winner becomes a link.
import type { Edge, Entity, Evidence } from '#shared/model/inventory.ts'
import type { Breather } from './breather.ts'
import type { MachineIndex } from './machine-index.ts'
import { edgeOf } from './observation.ts'

type Keep = (edge: Edge) => void
type ByKind = ReadonlyMap<Entity['kind'], readonly Entity[]>
interface Candidate {
  machine: Entity
  weight: number
  evidence: Evidence[]
}

/** A VMID label alone, for instance, never reaches `needed`. */
const weights = { uuid: 8, mac: 6, providerId: 6, ip: 4, hostname: 2, label: 2, vmid: 1 }
const needed = 2

export async function linkMachines(
  byKind: ByKind,
  index: MachineIndex,
  keep: Keep,
  breather: Breather,
): Promise<void> {
  const rounds: Array<[Entity['kind'], Edge['kind'], (entity: Entity, index: MachineIndex) => Candidate[]]> =
    [
      ['kubernetes-node', 'is', kubernetesNodeCandidates],
      ['ssh-host', 'is', endpointCandidates],
      ['database-server', 'runs-on', endpointCandidates],
      ['backup-server', 'runs-on', backupServerCandidates],
    ]
  for (const [kind, edgeKind, candidatesOf] of rounds) {
    for (const entity of byKind.get(kind) ?? []) {
      if (breather.isDue()) await breather.rest()
      const winner = clearWinner(candidatesOf(entity, index))
      if (winner) keep(edgeOf(entity.id, edgeKind, winner.machine.id, winner.evidence))
    }
  }
}

/** The candidate with most evidence, unless another one has as much. */
function clearWinner(candidates: Candidate[]): Candidate | undefined {
  const ranked = candidates.filter((item) => item.weight >= needed).sort((a, b) => b.weight - a.weight)
  const [first, second] = ranked
  return first && (!second || second.weight < first.weight) ? first : undefined
}

function kubernetesNodeCandidates(node: Entity, index: MachineIndex): Candidate[] {
  const found = new Evidences((machine) => machine.kind === 'guest' || machine.kind === 'node')
  for (const address of node.addresses) {
    const isMac = isMacAddress(address)
    for (const machine of index.byAddress(address))
      found.add(
        machine,
        isMac ? weights.mac : weights.ip,
        isMac ? 'mac' : 'ip',
        isMac
          ? `${address} is in the node's annotations and a network card of ${machine.name}`
          : `${address} is an address of the Kubernetes node and of ${machine.name}`,
      )
  }
  const uuid = text(node, 'systemUuid')
  if (uuid)
    for (const machine of index.byUuid(uuid))
      found.add(
        machine,
        weights.uuid,
        'provider-id',
        `The node's system UUID is the SMBIOS UUID of ${machine.name}`,
      )
  addProviderId(node, index, found)
  for (const name of new Set([node.name, text(node, 'hostname') ?? node.name]))
    for (const machine of index.byHostName(name))
      found.add(
        machine,
        weights.hostname,
        'hostname',
        `The node calls itself ${name}, as ${machine.name} is called`,
      )
  for (const label of list(node, 'vmidLabels')) {
    const [key = '', value = ''] = label.split('=')
    for (const machine of found.machines())
      if (machine.facts['vmid'] === Number(value))
        found.add(machine, weights.vmid, 'vmid', `The label ${key} names VMID ${value}`)
  }
  return found.list()
}

/** `proxmox://<cluster>/<vmid>`, as the Proxmox cloud provider writes it; a UUID in it counts as such. */
function addProviderId(node: Entity, index: MachineIndex, found: Evidences): void {
  const providerId = text(node, 'providerId')
  if (!providerId) return
  const parts = /^proxmox:\/\/([^/]*)\/(.+)$/.exec(providerId)
  if (!parts) return
  const [, region = '', key = ''] = parts
  for (const machine of index.byUuid(key))
    found.add(
      machine,
      weights.uuid,
      'provider-id',
      `The provider id ${providerId} is the UUID of ${machine.name}`,
    )
  for (const machine of index.byVmid(Number(key)))
    if (region === machine.facts['cluster'])
      found.add(
        machine,
        weights.providerId,
        'provider-id',
        `The provider id ${providerId} names VMID ${key} of cluster ${region}`,
      )
}

function endpointCandidates(endpoint: Entity, index: MachineIndex): Candidate[] {
  const found = new Evidences()
  for (const address of endpoint.addresses)
    for (const machine of index.byAddress(address))
      found.add(
        machine,
        weights.ip,
        'ip',
        `${address} is where the connection goes and an address of ${machine.name}`,
      )
  const host = text(endpoint, 'host')
  if (host)
    for (const machine of index.byHostName(host))
      found.add(
        machine,
        weights.hostname,
        'hostname',
        `The connection goes to ${host}, as ${machine.name} is called`,
      )
  const label = text(endpoint, 'label')
  for (const name of label ? namesIn(label) : [])
    for (const machine of index.byHostName(name))
      found.add(
        machine,
        weights.label,
        'label',
        `The connection is labelled "${label}", which names ${machine.name}`,
      )
  return found.list()
}

function backupServerCandidates(server: Entity, index: MachineIndex): Candidate[] {
  const found = new Evidences((machine) => machine.kind === 'guest')
  for (const address of server.addresses)
    for (const machine of index.byAddress(address))
      found.add(
        machine,
        weights.ip,
        'ip',
        `${address} is an address of the backup server and of ${machine.name}`,
      )
  for (const machine of index.byHostName(server.name))
    found.add(
      machine,
      weights.hostname,
      'hostname',
      `The backup server calls itself ${server.name}, as ${machine.name} is called`,
    )
  return found.list()
}

/** Collects reasons by machine; the same kind of reason counts once for its weight, every one is told. */
class Evidences {
  private readonly found = new Map<Entity, Candidate & { kinds: Set<string> }>()
  private readonly accepts: (machine: Entity) => boolean

  constructor(accepts: (machine: Entity) => boolean = () => true) {
    this.accepts = accepts
  }

  add(machine: Entity, weight: number, by: Evidence['by'], why: string): void {
    if (!this.accepts(machine)) return
    const known = this.found.get(machine) ?? { machine, weight: 0, evidence: [], kinds: new Set<string>() }
    this.found.set(machine, known)
    if (known.evidence.some((item) => item.text === why)) return
    if (!known.kinds.has(by)) known.weight += weight
    known.kinds.add(by)
    known.evidence.push({ by, text: why })
  }

  machines(): Entity[] {
    return [...this.found.keys()]
  }

  list(): Candidate[] {
    return [...this.found.values()]
  }
}

/** Words of a label that could be host names: `proj-pg01 (DESI)` → `proj-pg01`, `DESI`. */
const namesIn = (label: string): string[] => label.split(/[^A-Za-z0-9.-]+/).filter((word) => word.length > 2)

export const isMacAddress = (text: string): boolean => /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(text)

export function text(entity: Entity, key: string): string | undefined {
  const value = entity.facts[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function list(entity: Entity, key: string): readonly string[] {
  const value = entity.facts[key]
  return Array.isArray(value) ? value : []
}
