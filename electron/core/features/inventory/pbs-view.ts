// What is known of a Proxmox Backup Server at one moment: filled by its watcher, read by the pure observe function.
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Entity } from '#shared/model/inventory.ts'
import type { PbsJobKind } from '../../connectors/pbs/pbs-connector.ts'
import type {
  Datastore,
  DatastoreUsage,
  GroupRow,
  JobRow,
  PbsNodeStatus,
  SnapshotRow,
} from '../../connectors/pbs/pbs-shapes.ts'

/** What the snapshots of one group say together. Bounded, however many there are. */
export interface SnapshotSummary {
  verification: 'ok' | 'failed' | 'never'
  lastVerifiedAtMs: number | undefined
  /** Of the newest snapshot. */
  sizeBytes: number | undefined
  protectedCount: number
  /** Different comments, newest first, a handful at most. */
  comments: string[]
  oldestAtMs: number | undefined
}

export interface PbsGroup {
  store: string
  /** Empty for the root namespace. */
  ns: string
  row: GroupRow
  /** Absent until its snapshots were read. */
  snapshots: SnapshotSummary | undefined
}

export interface PbsView {
  connectionId: ConnectionId
  scope: string
  name: string
  label: string
  /** Host of the connection's address. */
  host: string
  version: string | undefined
  nowMs: number
  status: PbsNodeStatus | undefined
  addresses: readonly string[]
  datastores: readonly Datastore[]
  usage: readonly DatastoreUsage[]
  groups: readonly PbsGroup[]
  jobs: ReadonlyArray<{ kind: PbsJobKind; row: JobRow }>
  known(id: string): Entity | undefined
}

const keptComments = 5

/** Pure: snapshots of one group, in any order. */
export function summariseSnapshots(rows: readonly SnapshotRow[]): SnapshotSummary {
  const newestFirst = [...rows].sort((a, b) => b['backup-time'] - a['backup-time'])
  const states = newestFirst.map((row) => row.verification?.state)
  const verifiedAt = newestFirst.flatMap((row) => verifiedAtMs(row.verification?.upid) ?? [])
  const comments = new Set<string>()
  for (const row of newestFirst)
    if (row.comment && comments.size < keptComments) comments.add(row.comment.slice(0, 200))
  const oldest = newestFirst.at(-1)
  return {
    verification: states.includes('failed') ? 'failed' : states.includes('ok') ? 'ok' : 'never',
    lastVerifiedAtMs: verifiedAt.length > 0 ? verifiedAt.reduce((a, b) => Math.max(a, b)) : undefined,
    sizeBytes: newestFirst[0]?.size ?? undefined,
    protectedCount: rows.filter((row) => row.protected).length,
    comments: [...comments],
    oldestAtMs: oldest ? oldest['backup-time'] * 1000 : undefined,
  }
}

/** The start of the verify task, which its UPID carries as hexadecimal Unix seconds. */
function verifiedAtMs(upid: string | undefined): number | undefined {
  const seconds = parseInt(upid?.split(':')[5] ?? '', 16)
  return Number.isNaN(seconds) ? undefined : seconds * 1000
}
