// Servers that lie, stall and vanish: every one ends in a sentence that names the connection, never in a hang.
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { AppError } from '#shared/errors.ts'
import type { DecodePool } from './decode/decode-pool.ts'
import { openPostgresSession } from './postgres-session.ts'
import { startFakeServer, type FakeScript, type FakeServer } from './testing/fake-server.ts'
import { createTestPool, runStatement, targetOfServer, type Collected } from './testing/run-statement.ts'
import {
  authenticationOk,
  commandComplete,
  concat,
  dataRow,
  errorResponse,
  int32,
  readyForQuery,
  rowDescription,
  serverMessage,
  textZ,
} from './testing/server-messages.ts'

let pool: DecodePool
const open: { dispose(): Promise<void> | void }[] = []
beforeAll(() => {
  pool = createTestPool()
  return () => pool.dispose()
})
afterEach(async () => {
  for (const item of open.splice(0)) await item.dispose()
})

const columns = [{ name: 'n', typeOid: 23 }]
const described = rowDescription([{ name: 'n', typeOid: 23, format: 1 }])
const fine = concat(serverMessage('1'), serverMessage('2'), described)
const row = (value: number): Uint8Array => dataRow([int32(value)])

async function serve(script: Partial<FakeScript>): Promise<FakeServer> {
  const server = await startFakeServer({ columns, execute: () => undefined, ...script })
  open.push(server)
  return server
}
const run = async (script: Partial<FakeScript>, options = {}): Promise<Collected> =>
  runStatement(targetOfServer(await serve(script)), pool, 'SELECT n', options)
const failure = async (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => {
      throw new Error('It did not fail.')
    },
    (error: unknown) => error as AppError,
  )

describe('a scripted server', () => {
  it('that behaves is read to the end', async () => {
    const result = await run({
      execute: (socket) =>
        void socket.write(concat(fine, row(1), row(2), commandComplete('SELECT 2'), readyForQuery())),
    })
    expect(result).toMatchObject({ rows: 2, commandTag: 'SELECT 2', isCut: false })
  })
  it.each<[string, Partial<FakeScript>, string]>([
    [
      'garbage instead of rows',
      { execute: (socket) => void socket.write(Buffer.from('<html>no</html>')) },
      'upstream',
    ],
    [
      'a lying length',
      { execute: (socket) => void socket.write(concat(fine, serverMessage('D', int32(1), -7))) },
      'upstream',
    ],
    [
      'a row of other columns',
      { execute: (socket) => void socket.write(concat(fine, dataRow([int32(1), int32(2)]))) },
      'upstream',
    ],
    [
      'COPY out',
      { execute: (socket) => void socket.write(serverMessage('H', Uint8Array.from([0, 0, 0]))) },
      'unsupported',
    ],
    [
      'COPY in',
      { execute: (socket) => void socket.write(serverMessage('G', Uint8Array.from([0, 0, 0]))) },
      'unsupported',
    ],
    [
      'an end in the middle of a row',
      { execute: (socket) => void socket.end(concat(fine, row(1), row(2).subarray(0, 6))) },
      'unreachable',
    ],
    ['a reset', { execute: (socket) => void socket.resetAndDestroy() }, 'unreachable'],
    ['a description that lies', { description: serverMessage('T', Uint8Array.from([0, 200])) }, 'upstream'],
    ['a description without end', { description: serverMessage('T', int32(1), 0x3fffffff) }, 'upstream'],
    [
      'an error in the middle',
      {
        execute: (socket) =>
          void socket.write(
            concat(fine, row(1), errorResponse({ S: 'ERROR', C: '53100', M: 'disk full' }), readyForQuery()),
          ),
      },
      'upstream',
    ],
    [
      'a shutdown',
      {
        execute: (socket) =>
          void socket.end(
            concat(fine, row(1), errorResponse({ S: 'FATAL', C: '57P01', M: 'terminating connection' })),
          ),
      },
      'unreachable',
    ],
  ])('%s', async (_, script, code) => {
    const error = await failure(run(script))
    expect(error).toMatchObject({ name: 'AppError', code })
    expect(error.message).toContain('test-pg')
    expect(error.remedy ?? error.message).toBeTruthy()
  })

  it('keeps what had arrived before the connection went', async () => {
    const server = await serve({
      execute: (socket) =>
        void socket.end(concat(fine, ...Array.from({ length: 500 }, (_, index) => row(index)))),
    })
    const { executeStatement } = await import('./execute-statement.ts')
    const session = await openPostgresSession(targetOfServer(server))
    let rows = 0
    const parts = executeStatement(session, {
      sql: 'SELECT n',
      maxRows: 1e9,
      isWrite: false,
      signal: new AbortController().signal,
      acquireDecoder: () => pool.acquire(),
      onNotice: () => undefined,
    })
    const error = await failure(
      (async () => {
        for await (const part of parts) if (part.kind === 'batch') rows += part.rows
      })(),
    )
    expect([rows, error.code]).toEqual([500, 'unreachable'])
    await session.dispose()
  })
  it('leaves the outcome of a write open', async () => {
    const error = await failure(run({ execute: (socket) => void socket.destroy() }, { isWrite: true }))
    expect(error).toMatchObject({ code: 'unreachable', detail: { kind: 'outcome-unknown' } })
  })
  it('that never answers is cancelled, then left', async () => {
    const controller = new AbortController()
    const server = await serve({ execute: () => controller.abort() })
    const started = performance.now()
    const error = await failure(
      runStatement(targetOfServer(server), pool, 'SELECT n', { signal: controller.signal }),
    )
    expect(error.code).toBe('cancelled')
    expect(server.cancels).toBeGreaterThanOrEqual(1)
    expect(performance.now() - started).toBeLessThan(10_000)
  })
  it('that goes on sending after a cancel is left too', async () => {
    const controller = new AbortController()
    const flood = concat(...Array.from({ length: 10_000 }, (_, index) => row(index)))
    const server = await serve({
      execute(socket) {
        socket.write(fine)
        const send = (): void => void (socket.destroyed || socket.write(flood, send))
        send()
        controller.abort()
      },
    })
    const error = await failure(
      runStatement(targetOfServer(server), pool, 'SELECT n', { signal: controller.signal }),
    )
    expect(error.code).toBe('cancelled')
  })
})

describe('logging in', () => {
  const target = async (greeting: Uint8Array) =>
    targetOfServer({ ...(await serve({ greeting })), password: 'secret-in-test' })

  it.each<[string, Uint8Array, string]>([
    [
      'a refused password',
      errorResponse({ S: 'FATAL', C: '28P01', M: 'password authentication failed for user "nobody"' }),
      'unauthenticated',
    ],
    ['no database', errorResponse({ S: 'FATAL', C: '3D000', M: 'database "x" does not exist' }), 'not-found'],
    [
      'too many connections',
      errorResponse({ S: 'FATAL', C: '53300', M: 'sorry, too many clients already' }),
      'rate-limited',
    ],
    [
      'starting up',
      errorResponse({ S: 'FATAL', C: '57P03', M: 'the database system is starting up' }),
      'unreachable',
    ],
    ['an unknown way to log in', serverMessage('R', int32(99)), 'upstream'],
    ['garbage', Buffer.from('!!!!!!!!!!!!!!!!!!!!'), 'upstream'],
    ['a message of length zero', serverMessage('R', int32(0), 0), 'upstream'],
    [
      'SASL of another kind',
      serverMessage('R', concat(int32(10), textZ('OAUTHBEARER'), Uint8Array.from([0]))),
      'unauthenticated',
    ],
  ])('%s', async (_, greeting, code) => {
    const error = await failure(openPostgresSession(await target(greeting), { timeoutMs: 3000 }))
    expect(error).toMatchObject({ name: 'AppError', code })
    expect(error.message).toContain('test-pg')
    expect(JSON.stringify([error.message, error.remedy, error.detail])).not.toContain('secret-in-test')
  })
  it('a server that says nothing', async () => {
    const error = await failure(openPostgresSession(await target(new Uint8Array(0)), { timeoutMs: 300 }))
    expect(error.code).toBe('timeout')
  })
  it('is given up with its signal', async () => {
    const controller = new AbortController()
    const opening = openPostgresSession(await target(new Uint8Array(0)), { signal: controller.signal })
    controller.abort()
    expect((await failure(opening)).code).toBe('cancelled')
  })
  it('a port that talks HTTP', async () => {
    const web: Server = createServer((socket: Socket) => {
      socket.on('error', () => undefined)
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    })
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
    open.push({ dispose: () => void web.close() })
    const { port } = web.address() as { port: number }
    const error = await failure(
      openPostgresSession(targetOfServer({ host: '127.0.0.1', port, password: 'x' }), { timeoutMs: 3000 }),
    )
    expect(error.name).toBe('AppError')
    expect(error.message).toContain('test-pg')
  })
  it('nobody there', async () => {
    const error = await failure(
      openPostgresSession(targetOfServer({ host: '127.0.0.1', port: 1, password: 'x' })),
    )
    expect(error.code).toBe('unreachable')
  })
  it('works with a server that asks for nothing', async () => {
    const session = await openPostgresSession(await target(concat(authenticationOk(), readyForQuery())))
    expect(session.isEncrypted).toBe(false)
    await session.dispose()
  })
})
