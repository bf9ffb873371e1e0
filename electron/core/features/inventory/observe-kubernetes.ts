// Kubernetes → the site's model: the cluster, its nodes and namespaces here, what runs in them in the file beside.
// Pure but for a cache: an object that has not changed gives the very same entity again, so that a cluster with
// thousands of pods costs little when one of them changes.
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Edge, Entity } from '#shared/model/inventory.ts'
import type { KubernetesKind, ObjectOf } from '../../connectors/kubernetes/kubernetes-kinds.ts'
import type {
  EventObject,
  NamespaceObject,
  NodeObject,
  ObjectMeta,
} from '../../connectors/kubernetes/kubernetes-shapes.ts'
import { createBreather, type Breather } from './breather.ts'
import type { Verdict } from './health-rules.ts'
import { judgeKubernetesNode } from '../../connectors/kubernetes/kubernetes-health.ts'
import { parseQuantity } from '#shared/model/kubernetes-quantity.ts'
import { isMacAddress } from './link-machines.ts'
import { edgeOf, type Observation } from './observation.ts'
import { observeWorkloads } from './observe-kubernetes-workloads.ts'
import { knownFacts } from './steady-facts.ts'

export type KubernetesObjects = { [K in KubernetesKind]: ReadonlyArray<ObjectOf<K>> }

export interface KubernetesPlace {
  connectionId: ConnectionId
  /** The name in ids, unique in the site. */
  scope: string
  clusterName: string
  server: string
}

/** What the observe functions share during one round. */
export interface KubernetesRound {
  objects: KubernetesObjects
  root: string
  connectionId: ConnectionId
  breather: Breather
  entities: Entity[]
  edges: Edge[]
  /** Ids that exist in this round: an edge never points at what the identity may not see. */
  ids: Set<string>
  /** The newest warning about an object, by `Kind/namespace/name`. */
  warnings: ReadonlyMap<string, EventObject>
  /** The entity of an unchanged object with the same warning, or a newly made one. */
  cached(object: object, warning: EventObject | undefined, make: () => Entity): Entity
}

export interface KubernetesObserver {
  observe(objects: KubernetesObjects, version: string): Promise<Observation>
}

export function createKubernetesObserver(place: KubernetesPlace): KubernetesObserver {
  const cache = new WeakMap<object, { warning: EventObject | undefined; entity: Entity }>()
  const root = `k8s/${place.scope}`
  return {
    async observe(objects, version) {
      const round: KubernetesRound = {
        objects,
        root,
        connectionId: place.connectionId,
        breather: createBreather(),
        entities: [],
        edges: [],
        ids: new Set([root]),
        warnings: newestWarnings(objects.warnings),
        cached(object, warning, make) {
          const known = cache.get(object)
          if (known && known.warning === warning) return known.entity
          const entity = make()
          cache.set(object, { warning, entity })
          return entity
        },
      }
      round.entities.push(clusterEntity(place, root, objects.nodes, version))
      for (const node of objects.nodes) addNode(round, node)
      for (const namespace of objects.namespaces) addNamespace(round, namespace)
      await observeWorkloads(round)
      return { entities: round.entities, edges: round.edges }
    },
  }
}

export const timeOf = (stamp: string | null | undefined): number | undefined => {
  const ms = Date.parse(stamp ?? '')
  return Number.isNaN(ms) ? undefined : ms
}

export const warningKey = (
  kind: string,
  { namespace, name }: Pick<ObjectMeta, 'namespace' | 'name'>,
): string => `${kind}/${namespace ?? ''}/${name}`

function newestWarnings(events: readonly EventObject[]): Map<string, EventObject> {
  const newest = new Map<string, EventObject>()
  for (const event of events) {
    const about = event.involvedObject
    if (!about?.kind || !about.name) continue
    const key = `${about.kind}/${about.kind === 'Node' ? '' : (about.namespace ?? '')}/${about.name}`
    const known = newest.get(key)
    if (!known || (eventTime(event) ?? 0) >= (eventTime(known) ?? 0)) newest.set(key, event)
  }
  return newest
}

const eventTime = (event: EventObject): number | undefined =>
  timeOf(event.lastTimestamp) ?? timeOf(event.eventTime) ?? timeOf(event.metadata.creationTimestamp)

export const warningFacts = (
  warning: EventObject | undefined,
): Record<string, string | number | undefined> => ({
  lastWarning: warning
    ? `${warning.reason ?? 'Warning'}: ${(warning.message ?? '').slice(0, 300)}`
    : undefined,
  lastWarningAtMs: warning && eventTime(warning),
})

function clusterEntity(
  place: KubernetesPlace,
  id: string,
  nodes: readonly NodeObject[],
  version: string,
): Entity {
  const ready = nodes.filter((node) => judgeKubernetesNode(node).health !== 'error').length
  const verdict: Verdict =
    nodes.length === 0
      ? { health: 'unknown', status: 'nodes not visible' }
      : {
          health: ready === nodes.length ? 'ok' : ready === 0 ? 'error' : 'warning',
          status: `${ready} of ${nodes.length} nodes ready`,
        }
  return {
    id,
    kind: 'kubernetes-cluster',
    layer: 'platform',
    name: place.clusterName,
    ...verdict,
    parentId: null,
    connectionId: place.connectionId,
    tags: [],
    addresses: [],
    facts: knownFacts({ product: 'Kubernetes', version, server: place.server, nodeCount: nodes.length }),
  }
}

function addNode(round: KubernetesRound, node: NodeObject): void {
  const { metadata, status } = node
  const id = `${round.root}/node/${metadata.name}`
  const warning = round.warnings.get(warningKey('Node', metadata))
  round.ids.add(id)
  round.edges.push(
    edgeOf(id, 'member-of', round.root, [{ by: 'api', text: `${metadata.name} is a node of this cluster` }]),
  )
  round.entities.push(
    round.cached(node, warning, () => {
      const ips = (status?.addresses ?? [])
        .filter((item) => /IP$/.test(item.type))
        .map((item) => item.address.toLowerCase())
      const roles = Object.keys(metadata.labels ?? {}).flatMap((key) =>
        key.startsWith('node-role.kubernetes.io/') ? [key.slice('node-role.kubernetes.io/'.length)] : [],
      )
      return {
        id,
        kind: 'kubernetes-node',
        layer: 'platform',
        name: metadata.name,
        ...judgeKubernetesNode(node),
        parentId: round.root,
        connectionId: round.connectionId,
        tags: roles,
        addresses: [...new Set([...ips, ...macsIn(metadata)])],
        facts: knownFacts({
          roles: roles.length > 0 ? roles : ['worker'],
          cpuCount: parseQuantity(status?.capacity?.['cpu']),
          memoryTotalBytes: parseQuantity(status?.capacity?.['memory']),
          gpuCount: parseQuantity(status?.capacity?.['nvidia.com/gpu']),
          version: status?.nodeInfo?.kubeletVersion ?? undefined,
          os: status?.nodeInfo?.osImage ?? undefined,
          kernel: status?.nodeInfo?.kernelVersion ?? undefined,
          runtime: status?.nodeInfo?.containerRuntimeVersion ?? undefined,
          hostname: status?.addresses?.find((item) => item.type === 'Hostname')?.address,
          systemUuid: status?.nodeInfo?.systemUUID?.toLowerCase(),
          providerId: node.spec?.providerID ?? undefined,
          vmidLabels: vmidLabels(metadata),
          createdAtMs: timeOf(metadata.creationTimestamp),
          ...warningFacts(warning),
        }),
      }
    }),
  )
}

/** Some network plug-ins write the card's MAC into an annotation of the node. */
const macsIn = (metadata: ObjectMeta): string[] =>
  Object.entries(metadata.annotations ?? {}).flatMap(([key, value]) =>
    /mac/i.test(key) && isMacAddress(value.toLowerCase()) ? [value.toLowerCase()] : [],
  )

/** Labels that name a VMID, whoever set them: `example.org/vmid=3001`. */
function vmidLabels(metadata: ObjectMeta): string[] | undefined {
  const found = Object.entries(metadata.labels ?? {}).filter(
    ([key, value]) => /(^|\/)vm-?id$/i.test(key) && /^\d+$/.test(value),
  )
  return found.length > 0 ? found.map(([key, value]) => `${key}=${value}`) : undefined
}

function addNamespace(round: KubernetesRound, namespace: NamespaceObject): void {
  const { metadata, status } = namespace
  const id = `${round.root}/namespace/${metadata.name}`
  const phase = status?.phase ?? 'Active'
  round.ids.add(id)
  round.edges.push(
    edgeOf(id, 'member-of', round.root, [
      { by: 'api', text: `${metadata.name} is a namespace of this cluster` },
    ]),
  )
  round.entities.push(
    round.cached(namespace, undefined, () => ({
      id,
      kind: 'namespace',
      layer: 'platform',
      name: metadata.name,
      health: phase === 'Active' ? 'ok' : 'warning',
      status: phase,
      parentId: round.root,
      connectionId: round.connectionId,
      tags: [],
      addresses: [],
      facts: knownFacts({ createdAtMs: timeOf(metadata.creationTimestamp) }),
    })),
  )
}
