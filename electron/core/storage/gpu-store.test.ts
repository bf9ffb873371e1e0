// Figures of GPUs over time: fine for an hour, coarser before, with gaps where nobody looked.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Gpu } from '#shared/contracts/gpu.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Log } from '../platform.ts'
import { openDatabase, type Database } from './database.ts'
import { createGpuStore, type GpuStore } from './gpu-store.ts'

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
const id = 'c1' as ConnectionId
const startMs = Date.parse('2026-11-02T00:00:00Z')
const minuteMs = 60_000
let folder: string
let database: Database
let store: GpuStore

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpu-store-'))
  database = openDatabase(join(folder, 'meridian.sqlite'), log)
  store = createGpuStore(database)
})
afterEach(() => {
  database.dispose()
  rmSync(folder, { recursive: true, force: true })
})
const gpu = (utilizationPercent: number | null, uuid = 'GPU-1') =>
  ({ uuid, utilizationPercent, memoryUsedMebibytes: 100, temperatureC: 50, powerWatts: 70 }) as Gpu

describe('the GPU store', () => {
  it('answers readings as they came, with a gap where nobody looked', () => {
    store.record(id, startMs, [gpu(10)])
    store.record(id, startMs + 3_000, [gpu(null)])
    store.record(id, startMs + 10 * minuteMs, [gpu(30), gpu(90, 'GPU-2')])
    const { timesMs, gpus } = store.read(id, startMs, startMs + 11 * minuteMs)
    expect(timesMs).toEqual([startMs, startMs + 3_000, startMs + 3_001, startMs + 10 * minuteMs])
    expect(gpus.map(({ uuid, utilizationPercent }) => [uuid, utilizationPercent])).toEqual([
      ['GPU-1', [10, null, null, 30]],
      ['GPU-2', [null, null, null, 90]],
    ])
    expect(store.read('other' as ConnectionId, startMs, startMs + minuteMs)).toEqual({ timesMs: [], gpus: [] })
  })

  it('keeps means of a minute for a day, and forgets the readings after an hour', () => {
    for (let second = 0; second < 120; second += 10) store.record(id, startMs + second * 1_000, [gpu(second < 60 ? 20 : 40)])
    store.record(id, startMs + 3 * 60 * minuteMs, [gpu(1)])
    const day = store.read(id, startMs - 60 * minuteMs, startMs + 3 * 60 * minuteMs)
    expect(day.gpus[0]!.utilizationPercent.filter((value) => value !== null).slice(0, 2)).toEqual([20, 40])
    expect(store.read(id, startMs, startMs + 2 * minuteMs).timesMs).toEqual([])
  })

  it('keeps means of ten minutes for longer spans', () => {
    for (let minute = 0; minute < 25; minute += 1) store.record(id, startMs + minute * minuteMs, [gpu(minute < 10 ? 10 : 50)])
    const long = store.read(id, startMs - 2 * 24 * 60 * minuteMs, startMs + 30 * minuteMs)
    expect(long.timesMs.length).toBeLessThan(5)
    expect(long.gpus[0]!.utilizationPercent[0]).toBe(10)
    expect(long.gpus[0]!.utilizationPercent[1]).toBe(50)
  })
})
