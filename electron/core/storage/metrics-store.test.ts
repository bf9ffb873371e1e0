import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Log } from '../platform.ts'
import { openDatabase, type Database } from './database.ts'
import { decodeChunk, encodeChunk } from './metric-chunk.ts'
import { createMetricsStore, type MetricsStore } from './metrics-store.ts'

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
const hourMs = 3_600_000
const dayMs = 24 * hourMs
const startMs = Date.parse('2026-11-02T00:00:00Z')
const folders: string[] = []
let open: Database[] = []
afterEach(() => {
  for (const database of open) database.dispose()
  open = []
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function start(folder = mkdtempSync(join(tmpdir(), 'metrics-'))) {
  folders.push(folder)
  const clock = { nowMs: startMs }
  const database = openDatabase(join(folder, 'meridian.sqlite'), log)
  open.push(database)
  return { folder, clock, database, store: createMetricsStore(database, { now: () => clock.nowMs, log }) }
}

const cpu = (value: number) => [{ entityId: 'node01', key: 'cpuFraction', value }]
const known = (values: Float64Array): number[] => [...values].filter((value) => !Number.isNaN(value))
const readAll = (store: MetricsStore, fromMs: number, toMs: number, mostPoints = 100_000) =>
  store.read('lab', 'node01', 'cpuFraction', { fromMs, toMs, mostPoints })

describe('a chunk', () => {
  it('keeps what is known to a 65,000th of its range, and gaps as gaps', () => {
    const values = Float64Array.from([0, 0.5, NaN, 1, 0.123456])
    const [back] = decodeChunk(encodeChunk([values]), 1, 5)
    expect(back![2]).toBeNaN()
    for (const index of [0, 1, 3, 4]) expect(back![index]).toBeCloseTo(values[index]!, 4)
  })

  it('takes sixteen bytes for a figure that never moves, and none for one that was never known', () => {
    expect(encodeChunk([new Float64Array(120).fill(7)]).byteLength).toBe(20)
    expect(encodeChunk([new Float64Array(120).fill(NaN)]).byteLength).toBe(4)
    expect(known(decodeChunk(new Uint8Array([1, 2]), 1, 3)[0]!)).toEqual([])
  })
})

describe('the metrics store', () => {
  it('answers exactly what was recorded in the running hour', () => {
    const { store } = start()
    store.record('lab', startMs, cpu(0.25))
    store.record('lab', startMs + 30_000, cpu(0.75))
    store.record('lab', startMs + 31_000, cpu(0.5))
    const series = readAll(store, startMs, startMs + 60_000)
    expect(series.stepMs).toBe(30_000)
    expect([...series.means]).toEqual([0.25, 0.5])
    expect(store.keys('lab', 'node01')).toEqual(['cpuFraction'])
    expect(store.keys('lab', 'node02')).toEqual([])
  })

  it('is the lowest, mean and highest of what was seen after a day, and of an hour after two weeks', async () => {
    const { store, clock } = start()
    // Ten minutes: 0.1 in the first five, 0.3 and 0.5 in turn in the second; then nothing for the rest of the hour.
    for (let at = 0; at < 20; at += 1) store.record('lab', startMs + at * 30_000, cpu(at < 10 ? 0.1 : at % 2 ? 0.5 : 0.3))
    clock.nowMs = startMs + 2 * dayMs
    await store.compact()
    const fine = readAll(store, startMs, startMs + hourMs)
    expect(fine.stepMs).toBe(300_000)
    expect(fine.means[0]).toBeCloseTo(0.1, 4)
    expect([fine.lows[1], fine.means[1], fine.highs[1]].map((value) => value!.toFixed(3))).toEqual(['0.300', '0.400', '0.500'])
    expect(known(fine.means)).toHaveLength(2)
    clock.nowMs = startMs + 20 * dayMs
    await store.compact()
    const coarse = readAll(store, startMs, startMs + hourMs)
    expect(coarse.stepMs).toBe(hourMs)
    expect([coarse.lows[0], coarse.means[0], coarse.highs[0]].map((value) => value!.toFixed(3))).toEqual(['0.100', '0.250', '0.500'])
  })

  it('forgets what is older than two years, and never keeps more than its tiers hold', async () => {
    const { store, clock, database } = start()
    store.record('lab', startMs, cpu(0.5))
    clock.nowMs = startMs + 2 * hourMs
    await store.compact()
    const rows = () => (database.sqlite.prepare('SELECT count(*) AS n FROM metric_chunk').get() as { n: number }).n
    expect(rows()).toBe(3)
    clock.nowMs = startMs + 30 * dayMs
    await store.compact()
    expect(rows()).toBe(1)
    clock.nowMs = startMs + 800 * dayMs
    await store.compact()
    expect(rows()).toBe(0)
  })

  it('joins neighbours until the answer has as few points as were asked for, and keeps the extremes', () => {
    const { store, clock } = start()
    for (let at = 0; at < 100; at += 1) store.record('lab', startMs + at * 30_000, cpu(at === 42 ? 1 : 0))
    clock.nowMs = startMs + 50 * 60_000
    const series = readAll(store, startMs, startMs + 50 * 60_000, 10)
    expect(series.means.length).toBeLessThanOrEqual(11)
    expect(Math.max(...known(series.highs))).toBe(1)
    expect(Math.max(...known(series.means))).toBeLessThan(0.2)
  })

  it('goes on after a restart, with the gap of the time in between', async () => {
    const first = start()
    first.store.record('lab', startMs, cpu(0.2))
    first.database.dispose()
    const second = start(first.folder)
    second.store.record('lab', startMs + 120_000, cpu(0.4))
    second.clock.nowMs = startMs + hourMs + 1
    const before = readAll(second.store, startMs, startMs + 150_000)
    expect([...before.means].map((value) => (Number.isNaN(value) ? null : value))).toEqual([0.2, null, null, null, 0.4])
    await second.store.compact()
    const after = readAll(second.store, startMs, startMs + 150_000)
    expect([...after.means].map((value) => (Number.isNaN(value) ? null : Math.round(value * 10) / 10))).toEqual([0.2, null, null, null, 0.4])
  })

  it('makes the same of an hour that was only half turned into chunks', async () => {
    const { store, clock, database } = start()
    store.record('lab', startMs, cpu(0.2))
    const tick = database.sqlite.prepare('SELECT * FROM metric_tick').get() as { site_id: string; at_ms: number; body: Uint8Array }
    clock.nowMs = startMs + hourMs
    await store.compact()
    const size = store.size().byteCount
    database.sqlite.prepare('INSERT INTO metric_tick VALUES (?, ?, ?)').run(tick.site_id, tick.at_ms, tick.body)
    const again = createMetricsStore(database, { now: () => clock.nowMs, log })
    again.read('lab', 'node01', 'cpuFraction', { fromMs: startMs, toMs: clock.nowMs, mostPoints: 10 })
    await again.compact()
    expect(again.size().byteCount).toBe(size)
  })

  it('forgets sites that are gone', () => {
    const { store } = start()
    store.record('lab', startMs, cpu(1))
    store.record('old', startMs, cpu(1))
    store.keepOnly(['lab'])
    expect(store.size().seriesCount).toBe(1)
    expect(store.keys('old', 'node01')).toEqual([])
  })

  it('takes a few milliseconds for 2,500 figures', () => {
    const { store } = start()
    const figures = Array.from({ length: 2500 }, (_, at) => ({ entityId: `guest/${at >> 1}`, key: at % 2 ? 'cpuFraction' : 'memoryBytes', value: at }))
    store.record('lab', startMs, figures)
    const times = Array.from({ length: 20 }, (_, at) => {
      const startedAt = performance.now()
      store.record('lab', startMs + at * 30_000, figures)
      return performance.now() - startedAt
    }).sort((a, b) => a - b)
    // Generous: a loaded machine must not fail it, and one row per figure would.
    expect(times[10]).toBeLessThan(40)
  })

  it('loses nothing that was recorded to kill -9', { timeout: 30_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'metrics-kill-'))
    folders.push(folder)
    const script = `
      import { openDatabase } from ${JSON.stringify(new URL('./database.ts', import.meta.url).href)}
      import { createMetricsStore } from ${JSON.stringify(new URL('./metrics-store.ts', import.meta.url).href)}
      const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
      const database = openDatabase(${JSON.stringify(join(folder, 'meridian.sqlite'))}, log)
      const store = createMetricsStore(database, { now: () => ${startMs}, log })
      for (let at = 0; ; at += 1) {
        store.record('lab', ${startMs} + at * 30_000, [{ entityId: 'node01', key: 'cpuFraction', value: at }])
        process.stdout.write(at + '\\n')
        await new Promise((resolve) => setImmediate(resolve))
      }`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    let told = -1
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        told = Number(chunk.toString().trim().split('\n').at(-1))
        if (told >= 30) resolve()
      })
    })
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    const { store, clock } = start(folder)
    clock.nowMs = startMs
    const series = readAll(store, startMs, startMs + (told + 1) * 30_000)
    expect([...series.means].slice(0, told)).toEqual(Array.from({ length: told }, (_, at) => at))
  })
})
