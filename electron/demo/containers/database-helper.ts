// How a demo container reaches the lab's databases: lines of JSON on a loopback port, because nothing but Python's
// standard library is sure to be there. The helper logs in with what the container sends and holds no right of its own.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { z } from 'zod'

/** Where a server of the site really listens. */
export type DatabasePorts = ReadonlyMap<string, number>

export interface DatabaseHelper {
  /** `host:port#token`, for the container's environment. */
  address: string
  dispose(): Promise<void>
}

const login = z.object({ token: z.string(), host: z.string(), database: z.string(), user: z.string(), password: z.string() })
const statement = z.object({ sql: z.string().max(4_000_000), values: z.array(z.union([z.string(), z.boolean(), z.null()])) })
const maxRows = 500_000

export async function startDatabaseHelper(ports: DatabasePorts): Promise<DatabaseHelper> {
  const token = randomBytes(24).toString('base64url')
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
    void serve(socket, token, ports)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    address: `127.0.0.1:${port}#${token}`,
    async dispose() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

const isToken = (given: string, token: string): boolean => given.length === token.length && timingSafeEqual(Buffer.from(given), Buffer.from(token))

async function serve(socket: Socket, token: string, ports: DatabasePorts): Promise<void> {
  let client: pg.Client | undefined
  const answer = (value: unknown): void => void (socket.destroyed || socket.write(`${JSON.stringify(value)}\n`))
  try {
    for await (const line of createInterface({ input: socket })) {
      try {
        if (client === undefined) {
          client = await logIn(JSON.parse(line), token, ports)
          answer({ ok: true })
        } else answer(await run(client, JSON.parse(line)))
      } catch (error) {
        const { code } = error as { code?: string }
        answer({ error: error instanceof Error ? error.message : String(error), ...(code === undefined ? {} : { code }) })
        if (client === undefined) break
      }
    }
  } catch {
    // The container has gone.
  } finally {
    socket.end()
    await client?.end().catch(() => undefined)
  }
}

async function logIn(message: unknown, token: string, ports: DatabasePorts): Promise<pg.Client> {
  const wanted = login.parse(message)
  if (!isToken(wanted.token, token)) throw new Error('this container is not known here')
  const port = ports.get(wanted.host)
  if (port === undefined) throw Object.assign(new Error(`could not translate host name "${wanted.host}" to address`), { code: '08001' })
  const { database, user, password } = wanted
  const client = new pg.Client({ host: '127.0.0.1', port, database, user, password, application_name: 'demo container', connectionTimeoutMillis: 15_000 })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function run(client: pg.Client, message: unknown) {
  const { sql, values } = statement.parse(message)
  const result = await client.query<(string | null)[]>({ text: sql, values, rowMode: 'array', types: { getTypeParser: () => (text: string) => text } })
  if (result.rows.length > maxRows) throw new Error(`more than ${maxRows} rows at once`)
  return { columns: result.fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID })), rows: result.rows, count: result.rowCount ?? -1 }
}
