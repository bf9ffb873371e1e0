// The configuration files of the demo's database servers: what the site's servers are set to, cut down to what a
// laptop can give, and who may log in. Written at every start by postgres-server.ts, so a changed site takes effect.
import { availableParallelism } from 'node:os'
import type { DemoSite } from '../world/site.ts'

export type SiteServer = DemoSite['postgres'][number]

const sizePattern = /^(\d+)\s*(kB|MB|GB|TB)$/
const kilobytes: Record<string, number> = { kB: 1, MB: 1024, GB: 1024 ** 2, TB: 1024 ** 3 }

/**
 * Memory and disk the lab's machines have and a laptop has not. The real proj-pg01 keeps 12 GB of shared buffers;
 * 256 MB serve the demo's gigabyte as well, since the system caches the rest. effective_cache_size costs nothing
 * but misleads the planner when it is far above the machine's memory.
 */
const caps: Record<string, string> = {
  shared_buffers: '256MB',
  effective_cache_size: '4GB',
  maintenance_work_mem: '256MB',
  work_mem: '64MB',
  min_wal_size: '80MB',
  max_wal_size: '1GB',
}

function capped(name: string, value: string): string {
  const cap = caps[name]
  if (cap === undefined) return value
  const inKilobytes = (text: string): number => {
    const match = sizePattern.exec(text)
    return match ? Number(match[1]) * (kilobytes[match[2] ?? ''] ?? 1) : Number.POSITIVE_INFINITY
  }
  return inKilobytes(value) <= inKilobytes(cap) ? value : cap
}

const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`

/** postgresql.conf while serving. TLS is on, so that every tlsMode of a connection can be tried. */
export function serverConfiguration(server: SiteServer, isKeptWell = false): string {
  const settings: Record<string, string> = {
    cluster_name: server.host,
    listen_addresses: '127.0.0.1',
    // TCP only: socket paths have a length limit and would need a directory both users may enter.
    unix_socket_directories: '',
    dynamic_shared_memory_type: process.platform === 'win32' ? 'windows' : 'posix',
    shared_preload_libraries: 'pg_stat_statements',
    ssl: 'on',
    ssl_cert_file: 'server.crt',
    ssl_key_file: 'server.key',
    ssl_ca_file: '',
    password_encryption: 'scram-sha-256',
    log_timezone: 'UTC',
    log_checkpoints: 'on',
    log_lock_waits: 'on',
    log_temp_files: '0',
    log_autovacuum_min_duration: '0',
    log_line_prefix: '%m [%p] %q%u@%d ',
    datestyle: 'ISO, YMD',
    default_text_search_config: 'pg_catalog.english',
  }
  // What an audit asks for and nobody has set in the lived-in lab.
  if (isKeptWell)
    Object.assign(settings, {
      log_connections: 'on',
      log_disconnections: 'on',
      log_line_prefix: '%m [%p] %q%u@%d %r ',
      log_statement: 'ddl',
      idle_in_transaction_session_timeout: '10min',
    })
  for (const [name, value] of Object.entries(server.settings)) {
    if (name !== 'source') settings[name] = capped(name, String(value))
  }
  const perGather = Number(settings['max_parallel_workers_per_gather'] ?? 2)
  settings['max_parallel_workers_per_gather'] = String(
    Math.min(perGather, Math.max(1, availableParallelism() - 1)),
  )
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quoted(value)}`)
  return `# Written at every start of the demo lab.\n${lines.join('\n')}\n`
}

/** pg_hba.conf in the site's style, one line per role, for this machine only; nobody gets in without a password. */
export function accessRules(server: SiteServer, superuser: string): string {
  const roles = [superuser, ...server.roles.map((role) => role.name)]
  const databaseOf = (role: string): string =>
    server.databases.some((database) => database.name === role) ? role : 'all'
  return (
    roles.map((role) => `host  ${databaseOf(role)}  ${role}  127.0.0.1/32  scram-sha-256`).join('\n') + '\n'
  )
}

/** Command-line settings of a build: everything that trades safety for speed, since a broken build is thrown away. */
export const buildSettings: Record<string, string> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
  ssl: 'off',
  shared_preload_libraries: '',
  shared_buffers: '512MB',
  log_min_duration_statement: '-1',
  log_temp_files: '-1',
  log_checkpoints: 'off',
}
