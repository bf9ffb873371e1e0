// A small site for tests of the map and the tables: two nodes, guests, a Kubernetes node, a database, backups.
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Edge, Entity, EntityKind, Health, Layer } from '#shared/model/inventory.ts'

const connectionId = 'c1' as ConnectionId

export function sampleEntity(id: string, kind: EntityKind, layer: Layer, extra: Partial<Entity> = {}): Entity {
  return { id, kind, layer, name: id, health: 'ok' as Health, status: 'running', parentId: null, connectionId, tags: [], addresses: [], facts: {}, ...extra }
}

export const sampleEdge = (from: string, kind: Edge['kind'], to: string): Edge => ({
  id: `${from}>${kind}>${to}`,
  from,
  to,
  kind,
  evidence: [{ by: 'api', text: `${from} ${kind} ${to}` }],
})

export function sampleSite(): { entities: Map<string, Entity>; edges: Map<string, Edge> } {
  const entities = [
    sampleEntity('node01', 'node', 'hardware', { facts: { cpuFraction: 0.4, memoryBytes: 50, memoryTotalBytes: 100 } }),
    sampleEntity('node02', 'node', 'hardware', { health: 'error', status: 'offline' }),
    sampleEntity('vmbr0', 'network', 'hardware'),
    sampleEntity('pg01', 'guest', 'guests', { parentId: 'node01', facts: { vmid: 2002 }, addresses: ['10.25.60.8'], tags: ['db'] }),
    sampleEntity('k8s01', 'guest', 'guests', { parentId: 'node02', health: 'unknown', facts: { vmid: 3001 } }),
    sampleEntity('kube01', 'kubernetes-node', 'platform'),
    sampleEntity('pod-a', 'pod', 'platform', { parentId: 'kube01' }),
    sampleEntity('db-server', 'database-server', 'services'),
    sampleEntity('desi', 'database', 'services', { parentId: 'db-server' }),
    sampleEntity('pbs01', 'backup-server', 'protection'),
    sampleEntity('vm/2002', 'backup-group', 'protection', { health: 'warning', status: 'never verified' }),
  ]
  const edges = [
    sampleEdge('pg01', 'runs-on', 'node01'),
    sampleEdge('pg01', 'attached-to', 'vmbr0'),
    sampleEdge('k8s01', 'runs-on', 'node02'),
    sampleEdge('kube01', 'is', 'k8s01'),
    sampleEdge('pod-a', 'runs-on', 'kube01'),
    sampleEdge('db-server', 'runs-on', 'pg01'),
    sampleEdge('vm/2002', 'backs-up', 'pg01'),
  ]
  return { entities: new Map(entities.map((item) => [item.id, item])), edges: new Map(edges.map((item) => [item.id, item])) }
}
