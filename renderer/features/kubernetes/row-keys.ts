// What single keys do with the row under the cursor: l logs, y YAML, e its events, s a shell, Delete the question.
import { openConsole } from '#client/console-link.ts'
import type { Client } from '#client/client.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { KindInfo, KubeRow } from '#shared/model/kubernetes.ts'
import { openLogs } from './logs.store.ts'

interface RowKeyContext {
  client: Client
  connectionId: ConnectionId
  kind: KindInfo
  row: KubeRow
  select(key: string, tab?: string): void
}

export const withLogs: ReadonlySet<string> = new Set([
  'pods',
  'deployments.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'replicasets.apps',
  'jobs.batch',
  'rayclusters.ray.io',
  'rayjobs.ray.io',
])

/** True when the key means something for this kind. */
export function runRowKey(key: string, { client, connectionId, kind, row, select }: RowKeyContext): boolean {
  const { namespace, name } = row
  switch (key) {
    case 'y':
      select(row.key, 'yaml')
      return true
    case 'e':
      select(row.key, 'events')
      return true
    case 'l':
      if (!withLogs.has(kind.id) || namespace === null) return false
      openLogs(client, { connectionId, namespace, title: `${kind.kind} ${name}`, of: kind.id === 'pods' ? { pods: [name] } : { workload: { kindId: kind.id, namespace, name } } })
      return true
    case 's':
      if (kind.id !== 'pods' || namespace === null) return false
      openConsole({ connectionId, target: { kind: 'pod', namespace, pod: name }, label: name })
      return true
    default:
      return false
  }
}
