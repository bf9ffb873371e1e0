import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Run } from '#shared/contracts/sql.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { encodeRecordBatch, encodeSchema } from '#shared/wire/arrow-frames.ts'
import { openDatabase, type Database } from './database.ts'
import { createLogBook } from './log-book.ts'
import { createRunStore, type RunStore } from './run-store.ts'

const { log } = createLogBook(null, () => 0)
let home: string
let directory: string
let database: Database
let store: RunStore
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'meridian-runs-'))
  directory = join(home, 'results')
  database = openDatabase(join(home, 'store.sqlite'), log)
  store = createRunStore(database, { directory, log })
})
afterEach(() => {
  database.dispose()
  rmSync(home, { recursive: true, force: true })
})

const runOf = (runId: string, changes: Partial<Run> = {}): Run => ({
  runId,
  connectionId: 'c' as ConnectionId,
  connectionLabel: 'pg',
  database: 'd',
  sql: `select ${runId}`,
  startedAtMs: 1,
  elapsedMs: null,
  state: 'running',
  rows: 0,
  resultBytes: 0,
  columns: [],
  commandTag: null,
  isWrite: false,
  isSaved: false,
  name: null,
  notices: [],
  error: null,
  ...changes,
})
const schema = encodeSchema([{ name: 'n', type: { kind: 'int', bits: 32, isSigned: true }, metadata: {} }])
const batch = (...values: number[]): Uint8Array =>
  encodeRecordBatch(
    values.length,
    [{ length: values.length, nullCount: 0 }],
    [undefined, new Uint8Array(Int32Array.from(values).buffer)],
  )
async function bytesOf(runId: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of store.read(runId)) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}
async function spool(runId: string, ...messages: Uint8Array[]) {
  const file = await store.openSpool(runId)
  for (const message of messages) await file.append(message)
  return file
}

describe('history', () => {
  it('lists the newest first, filters by text and by saved', () => {
    store.put(runOf('a', { startedAtMs: 1, sql: 'select Zpix' }))
    store.put(runOf('b', { startedAtMs: 3, isSaved: true, name: 'My quasars' }))
    store.put(runOf('c', { startedAtMs: 2 }))
    const ids = (query: Parameters<RunStore['list']>[0]): string[] =>
      store.list(query).map((run) => run.runId)
    expect(ids({ limit: 10 })).toEqual(['b', 'c', 'a'])
    expect(ids({ limit: 1 })).toEqual(['b'])
    expect(ids({ limit: 10, text: 'zPIX' })).toEqual(['a'])
    expect(ids({ limit: 10, text: 'quasars' })).toEqual(['b'])
    expect(ids({ limit: 10, text: '%' })).toEqual([])
    expect(ids({ limit: 10, onlySaved: true })).toEqual(['b'])
  })
  it('does not find what is not there', () => {
    expect(() => store.get('nothing')).toThrowError(expect.objectContaining({ code: 'not-found' }) as Error)
  })
})

describe('results', () => {
  it('are read back whole', async () => {
    store.put(runOf('a', { state: 'done' }))
    await (await spool('a', schema, batch(1, 2), batch(3))).finish()
    expect(tableFromIPC(await bytesOf('a')).numRows).toBe(3)
    expect(statSync(store.resultPath('a')).mode & 0o777).toBe(0o600)
  })
  it('can be read while they grow', async () => {
    store.put(runOf('a'))
    const file = await spool('a', schema, batch(1, 2))
    expect(tableFromIPC(await bytesOf('a')).numRows).toBe(2)
    await file.finish()
  })
  it('say when they are gone', async () => {
    store.put(runOf('a', { state: 'done' }))
    await expect(bytesOf('a')).rejects.toMatchObject({ code: 'not-found' })
  })
  it('go with their run', async () => {
    store.put(runOf('a', { state: 'done' }))
    await (await spool('a', schema)).finish()
    await store.delete('a')
    expect(existsSync(store.resultPath('a'))).toBe(false)
    expect(store.list({ limit: 1 })).toEqual([])
  })
  it('leave nothing behind when the disk is full', async () => {
    const full = createRunStore(database, {
      directory,
      log,
      async openFile(path, flags, mode) {
        const file = await open(path, flags, mode)
        file.write = () => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
        return file
      },
    })
    const file = await full.openSpool('a')
    await expect(file.append(schema)).rejects.toMatchObject({ code: 'ENOSPC' })
    await file.discard()
    expect(readdirSync(directory)).toEqual([])
  })
})

describe('after a death', () => {
  const cutAt = [
    0,
    1,
    4,
    8,
    schema.length - 1,
    schema.length,
    schema.length + 5,
    schema.length + batch(1, 2).length - 1,
  ]
  it.each(cutAt.map((size) => [size, size < schema.length ? undefined : 0] as const))(
    'a file cut at %i bytes',
    async (size, rows) => {
      store.put(runOf('a'))
      await spool('a', schema, batch(1, 2))
      truncateSync(store.resultPath('a'), size)
      await store.recover()
      expect(store.get('a')).toMatchObject({ state: 'interrupted', rows: 0 })
      if (rows === undefined) expect(existsSync(store.resultPath('a'))).toBe(false)
      else expect(tableFromIPC(await bytesOf('a')).numRows).toBe(0)
    },
  )
  it('keeps every whole batch', async () => {
    store.put(runOf('a'))
    await spool('a', schema, batch(1, 2), batch(3, 4, 5), batch(6).slice(0, 40))
    await store.recover()
    const run = store.get('a')
    expect(run).toMatchObject({
      state: 'interrupted',
      rows: 5,
      resultBytes: statSync(store.resultPath('a')).size,
    })
    expect(tableFromIPC(await bytesOf('a')).numRows).toBe(5)
  })
  it('keeps a finished file of a run that was not marked in time', async () => {
    store.put(runOf('a'))
    await (await spool('a', schema, batch(1))).finish()
    await store.recover()
    expect(store.get('a')).toMatchObject({ state: 'interrupted', rows: 1 })
    expect(tableFromIPC(await bytesOf('a')).numRows).toBe(1)
  })
  it('removes noise instead of a result, and files of nobody', async () => {
    store.put(runOf('a'))
    writeFileSync(store.resultPath('a'), Buffer.from('this is not an arrow stream at all'))
    writeFileSync(join(directory, 'stranger.arrows'), 'x')
    await store.recover()
    expect(store.get('a')).toMatchObject({ state: 'interrupted', rows: 0, resultBytes: 0 })
    expect(readdirSync(directory)).toEqual([])
  })
  it('leaves finished runs alone', async () => {
    store.put(runOf('a', { state: 'done', rows: 1, resultBytes: 10 }))
    await (await spool('a', schema, batch(1))).finish()
    await store.recover()
    expect(store.get('a')).toMatchObject({ state: 'done', rows: 1 })
  })
})

describe('trim', () => {
  it('drops the oldest unsaved results and keeps the runs', async () => {
    for (const [index, id] of ['old', 'saved', 'mid', 'new'].entries()) {
      const file = await spool(id, schema, batch(index))
      await file.finish()
      store.put(
        runOf(id, {
          startedAtMs: index,
          state: 'done',
          resultBytes: file.byteLength,
          isSaved: id === 'saved',
        }),
      )
    }
    const { resultBytes } = store.get('new')
    const dropped = await store.trim(resultBytes * 2)
    expect(dropped.map((run) => run.runId)).toEqual(['old'])
    expect(store.get('old').resultBytes).toBe(0)
    expect(readdirSync(directory).sort()).toEqual(['mid.arrows', 'new.arrows', 'saved.arrows'])
    await store.trim(0)
    expect(readdirSync(directory)).toEqual(['saved.arrows'])
  })
})
