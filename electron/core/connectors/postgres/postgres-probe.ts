// The PostgreSQL part of the connection test: log in, look at what the role may see, read the version.
import { AppError } from '#shared/errors.ts'
import type { Probe, ProbeStep } from '../probe.ts'
import { fromDriver, targetOf } from './postgres-errors.ts'
import { openPostgresSession, type PostgresSession } from './postgres-session.ts'

const oldestMajor = 12

/** Steps in order, ending at the first failure. Opens one session and closes it. */
export const probePostgres: Probe<'postgres'> = async function* (settings, secrets, { signal }) {
  const label = `${settings.host}:${settings.port}`
  let session: PostgresSession
  try {
    session = await openPostgresSession({ label, settings, secrets }, { signal, timeoutMs: 15_000 })
  } catch (error) {
    yield failed('authentication', error, label, settings)
    return
  }
  try {
    const tls = session.isEncrypted ? 'encrypted' : 'not encrypted'
    yield {
      step: 'authentication',
      state: 'passed',
      finding: `Logged in as “${settings.user}” to database “${settings.database}” (${tls}).`,
    }
    for (const { step, look } of steps) {
      try {
        const result = await look(session)
        yield result
        if (result.state === 'failed') return
      } catch (error) {
        yield failed(step, error, label, settings)
        return
      }
    }
  } finally {
    await session.dispose()
  }
}

const steps: readonly { step: ProbeStep['step']; look(session: PostgresSession): Promise<ProbeStep> }[] = [
  { step: 'permission', look: lookAtPermission },
  { step: 'version', look: lookAtVersion },
]

async function lookAtPermission(session: PostgresSession): Promise<ProbeStep> {
  const [row] = await session.query<{ readable: number; schemas: number; is_super: boolean }>(`
    SELECT count(*) FILTER (WHERE pg_catalog.has_table_privilege(c.oid, 'SELECT'))::int AS readable,
      count(DISTINCT n.oid)::int AS schemas,
      (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user) AS is_super
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname !~ '^pg_(toast|temp)' AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')`)
  const readable = row?.readable ?? 0
  const caution = row?.is_super ? ' The role is a superuser: one that may only read is safer.' : ''
  const finding =
    readable === 0
      ? 'The role may read no table of this database yet.'
      : `The role may read ${counted(readable, 'table')} in ${counted(row?.schemas ?? 0, 'schema')}.`
  return { step: 'permission', state: 'passed', finding: finding + caution }
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

async function lookAtVersion(session: PostgresSession): Promise<ProbeStep> {
  const [row] = await session.query<{ version: string; number: number }>(
    "SELECT pg_catalog.current_setting('server_version') AS version, pg_catalog.current_setting('server_version_num')::int AS number",
  )
  const major = Math.floor((row?.number ?? 0) / 10_000)
  if (major >= oldestMajor)
    return { step: 'version', state: 'passed', finding: `PostgreSQL ${row?.version}.` }
  const error = new AppError(
    'unsupported',
    `${session.party.label} runs PostgreSQL ${row?.version ?? 'of an unknown version'}; Meridian needs ${oldestMajor} or later.`,
    {
      remedy: 'Upgrade the server.',
      target: targetOf(session.party),
    },
  )
  return { step: 'version', state: 'failed', finding: error.message, error }
}

function failed(
  step: ProbeStep['step'],
  thrown: unknown,
  label: string,
  settings: Parameters<typeof probePostgres>[0],
): ProbeStep {
  const error = fromDriver(thrown, { label, settings })
  return { step, state: 'failed', finding: error.message, error }
}
