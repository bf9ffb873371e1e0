// What a PostgreSQL server says of itself in one small look: size, sessions, how far standbys are behind. On a session
// of its own that is read-only and ends at once. Called by the watching feature.
import { openPostgresSession, type PostgresTarget } from './postgres-session.ts'

export interface ServerFigures {
  sizeBytes: number
  connections: number
  maxConnections: number
  /** Null when the server has no standby, or this role may not see it. */
  replicationLagSeconds: number | null
  longestTransactionSeconds: number | null
}

type Row = Record<'size' | 'connections' | 'most' | 'lag' | 'longest', string | null>

const figuresQuery = `
  SELECT pg_database_size(current_database())::text AS size,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::text AS connections,
    current_setting('max_connections') AS most,
    CASE WHEN pg_is_in_recovery()
      THEN (SELECT extract(epoch FROM now() - pg_last_xact_replay_timestamp()))
      ELSE (SELECT max(extract(epoch FROM replay_lag)) FROM pg_stat_replication) END::text AS lag,
    (SELECT max(extract(epoch FROM now() - xact_start)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())::text AS longest`

/** Rejects with the session's AppErrors. */
export async function readServerFigures(target: PostgresTarget, signal: AbortSignal): Promise<ServerFigures> {
  const session = await openPostgresSession(target, { signal })
  try {
    await session.query("SET statement_timeout = '10s'")
    await session.query('BEGIN READ ONLY')
    const [row] = await session.query<Row>(figuresQuery)
    return {
      sizeBytes: toNumber(row?.size) ?? 0,
      connections: toNumber(row?.connections) ?? 0,
      maxConnections: toNumber(row?.most) ?? 0,
      replicationLagSeconds: toNumber(row?.lag),
      longestTransactionSeconds: toNumber(row?.longest),
    }
  } finally {
    await session.dispose()
  }
}

const toNumber = (text: string | null | undefined): number | null => {
  const value = Number(text)
  return text === null || text === undefined || !Number.isFinite(value) ? null : value
}
