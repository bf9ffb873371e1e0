// What a PostgreSQL server itself says of its protection: whether it archives its write-ahead log, and when it last
// did. One short session that reads; nothing of the data is looked at.
import type { SettingsOf } from '#shared/model/connection.ts'
import { openPostgresSession } from '../../connectors/postgres/postgres-session.ts'
import type { SecretLease } from '../../vault/vault.ts'
import type { DatabaseReading } from './readings.ts'

const question = `
  SELECT current_setting('archive_mode') <> 'off' AS archiving,
    extract(epoch FROM a.last_archived_time)::float8 AS archived, extract(epoch FROM a.last_failed_time)::float8 AS failed,
    extract(epoch FROM clock_timestamp())::float8 AS now, current_setting('TimeZone') AS zone,
    array_to_string(ARRAY(SELECT datname FROM pg_catalog.pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1), ',') AS databases
  FROM pg_catalog.pg_stat_archiver a`

interface Row {
  archiving: boolean
  archived: number | null
  failed: number | null
  now: number
  zone: string
  databases: string
}

export async function readDatabase(
  target: { label: string; settings: SettingsOf<'postgres'>; secrets: SecretLease },
  nowMs: number,
  signal: AbortSignal,
): Promise<DatabaseReading> {
  const session = await openPostgresSession(target, { signal, timeoutMs: 15_000 })
  try {
    const [row] = await session.query<Row & Record<string, unknown>>(question)
    const ms = (seconds: number | null | undefined): number | null =>
      seconds === null || seconds === undefined ? null : Number(seconds) * 1000
    return {
      kind: 'postgres',
      readAtMs: nowMs,
      serverAtMs: ms(row?.now) ?? nowMs,
      timeZone: row?.zone ?? 'UTC',
      limits: [],
      databases: (row?.databases ?? '').split(',').filter((name) => name !== ''),
      isArchiving: row?.archiving === true,
      lastArchivedAtMs: ms(row?.archived),
      lastFailedAtMs: ms(row?.failed),
    }
  } finally {
    await session.dispose()
  }
}
