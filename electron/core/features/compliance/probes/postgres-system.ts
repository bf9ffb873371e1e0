// A PostgreSQL server as an audited system: one session a run, whose transactions are read-only, whose statements end
// after ten seconds and see nothing but the system catalogue by bare names.
import type { Connection, SettingsOf } from '#shared/model/connection.ts'
import { AppError } from '#shared/errors.ts'
import { openPostgresSession, type PostgresSession } from '../../../connectors/postgres/postgres-session.ts'
import { probeTlsVersions } from '../../../connectors/tls/tls-versions.ts'
import type { CoreServices } from '../../../core-services.ts'
import type { AuditedSystem, LookOptions } from './system.ts'

const statementTimeoutMs = 10_000
const maxDatabases = 100
const preparation = `SET default_transaction_read_only = on; SET statement_timeout = ${statementTimeoutMs}; SET lock_timeout = 2000; SET search_path = pg_catalog`
const openDatabases =
  'SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname'

type Row = Record<string, unknown>

export function postgresSystem(
  core: Pick<CoreServices, 'vault'>,
  connection: Connection & { settings: SettingsOf<'postgres'> },
): AuditedSystem {
  const { id, label, settings } = connection
  const secrets = core.vault.lease(id)
  const sessions = new Map<string, Promise<PostgresSession>>()
  const end = new AbortController()

  const open = (database: string): Promise<PostgresSession> => {
    const known = sessions.get(database)
    if (known) return known
    const opening = openPostgresSession(
      { label, connectionId: id, settings: { ...settings, database }, secrets },
      { signal: end.signal },
    ).then(async (session) => {
      await session.query(preparation)
      return session
    })
    sessions.set(database, opening)
    opening.catch(() => sessions.delete(database))
    return opening
  }
  /** Read-only is asked for and then looked at: a pooler in between may drop the first. */
  async function read(database: string, statement: string, { signal }: LookOptions): Promise<Row[]> {
    const session = await open(database)
    signal.throwIfAborted()
    const stop = (): void => void session.requestCancel().catch(() => undefined)
    signal.addEventListener('abort', stop, { once: true })
    try {
      const [state] = await session.query<{ read_only: string }>(
        "BEGIN READ ONLY; SELECT pg_catalog.current_setting('transaction_read_only') AS read_only",
      )
      if (state?.read_only !== 'on')
        throw new AppError('upstream', `${label} did not make the session read-only; nothing was asked.`, {
          remedy: 'Connect to the server itself, not through a pooler.',
        })
      return await session.query<Row>(statement)
    } finally {
      signal.removeEventListener('abort', stop)
      await session.query('ROLLBACK').catch(() => undefined)
    }
  }
  async function readEverywhere(statement: string, options: LookOptions): Promise<Row[]> {
    const found: Row[] = []
    const databases = await read(settings.database, openDatabases, options)
    for (const { datname } of databases.slice(0, maxDatabases)) {
      const database = String(datname)
      try {
        for (const row of await read(database, statement, options)) found.push({ ...row, database })
      } finally {
        if (database !== settings.database) await close(database)
      }
    }
    return found
  }
  async function close(database: string): Promise<void> {
    const session = await sessions.get(database)?.catch(() => undefined)
    sessions.delete(database)
    await session?.dispose()
  }
  return {
    targetId: id,
    label,
    kind: 'postgres',
    connectionId: id,
    identity: settings.user,
    // One session answers one statement at a time.
    parallel: 1,
    facts: { label, host: settings.host },
    sql: (statement, options) =>
      options.everyDatabase ? readEverywhere(statement, options) : read(settings.database, statement, options),
    tls: async (options) => ({
      ...(await probeTlsVersions({ host: settings.host, port: settings.port, system: `PostgreSQL (${label})` }, { ...options, startTls: 'postgres' })),
    }),
    async dispose() {
      await Promise.all([...sessions.keys()].map(close))
      end.abort()
    },
  }
}
