// Figures of GPUs over time: each reading for an hour, means of a minute for a day, of ten minutes for a month. Where
// nobody looked there are no rows, and the answer has a gap.
import type { Gpu, GpuHistory } from '#shared/contracts/gpu.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Database } from './database.ts'

export interface GpuStore {
  record(connectionId: ConnectionId, atMs: number, gpus: readonly Gpu[]): void
  read(connectionId: ConnectionId, fromMs: number, toMs: number): GpuHistory
  /** Whether this host's GPUs were ever read: who has some is not asked in vain. */
  isKnown(connectionId: ConnectionId): boolean
}

interface Tier {
  stepMs: number
  keepMs: number
}
const minuteMs = 60_000
/** From fine to coarse; the first keeps readings as they come, a few seconds apart. */
const tiers: readonly [Tier, Tier, Tier] = [
  { stepMs: 1_000, keepMs: 60 * minuteMs },
  { stepMs: minuteMs, keepMs: 24 * 60 * minuteMs },
  { stepMs: 10 * minuteMs, keepMs: 31 * 24 * 60 * minuteMs },
]
/** Two rows further apart than this many steps have a gap between them; readings may be late. */
const gapSteps: Record<number, number> = { 1_000: 20, 60_000: 3, 600_000: 3 }

type Row = {
  at_ms: number
  uuid: string
  utilization: number | null
  memory_used: number | null
  temperature: number | null
  power: number | null
}

export function createGpuStore(database: Database): GpuStore {
  const { sqlite } = database
  const insert = sqlite.prepare('INSERT OR REPLACE INTO gpu_sample VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  // The step stands in the text: a bound number is a float to SQLite, and its division one, too.
  const condense = ({ stepMs }: Tier) =>
    sqlite.prepare(
      `INSERT OR REPLACE INTO gpu_sample
       SELECT connection_id, ${stepMs}, at_ms / ${stepMs} * ${stepMs}, uuid,
         avg(utilization), avg(memory_used), avg(temperature), avg(power)
       FROM gpu_sample WHERE connection_id = ? AND step_ms = ? AND at_ms >= ? AND at_ms < ?
       GROUP BY uuid, at_ms / ${stepMs}`,
    )
  const steps = [
    { fine: tiers[0], coarse: tiers[1], statement: condense(tiers[1]) },
    { fine: tiers[1], coarse: tiers[2], statement: condense(tiers[2]) },
  ]
  const prune = sqlite.prepare('DELETE FROM gpu_sample WHERE connection_id = ? AND step_ms = ? AND at_ms < ?')
  const select = sqlite.prepare(
    `SELECT at_ms, uuid, utilization, memory_used, temperature, power FROM gpu_sample
     WHERE connection_id = ? AND step_ms = ? AND at_ms >= ? AND at_ms <= ? ORDER BY at_ms`,
  )
  const newestOf = sqlite.prepare(
    'SELECT coalesce(max(at_ms), 0) AS newest FROM gpu_sample WHERE connection_id = ? AND step_ms = ?',
  )
  /** The minute up to which each host's readings have been condensed. */
  const condensedMs = new Map<ConnectionId, number>()

  function makeCoarser(connectionId: ConnectionId, atMs: number): void {
    const minute = Math.floor(atMs / minuteMs) * minuteMs
    if (condensedMs.get(connectionId) === minute) return
    condensedMs.set(connectionId, minute)
    for (const { fine, coarse, statement } of steps) {
      // The newest coarse row may have been made of half its step; after a pause its end is still to come.
      const { newest } = newestOf.get(connectionId, coarse.stepMs) as { newest: number }
      statement.run(connectionId, fine.stepMs, newest, atMs)
    }
    for (const { stepMs, keepMs } of tiers) prune.run(connectionId, stepMs, atMs - keepMs)
  }

  const anyOf = sqlite.prepare('SELECT 1 FROM gpu_sample WHERE connection_id = ? LIMIT 1')
  return {
    isKnown: (connectionId) => anyOf.get(connectionId) !== undefined,
    record(connectionId, atMs, gpus) {
      const at = Math.round(atMs)
      database.transaction(() => {
        for (const { uuid, utilizationPercent, memoryUsedMebibytes, temperatureC, powerWatts } of gpus)
          insert.run(connectionId, tiers[0].stepMs, at, uuid, utilizationPercent, memoryUsedMebibytes, temperatureC, powerWatts)
        makeCoarser(connectionId, at)
      })
    },
    read(connectionId, fromMs, toMs) {
      const { stepMs } = tiers.find(({ keepMs }) => toMs - fromMs <= keepMs) ?? tiers[2]
      const rows = select.all(connectionId, stepMs, Math.round(fromMs), Math.round(toMs)) as unknown as Row[]
      return historyOf(rows, stepMs * (gapSteps[stepMs] ?? 3))
    },
  }
}

function historyOf(rows: readonly Row[], gapMs: number): GpuHistory {
  const timesMs: number[] = []
  for (const { at_ms } of rows) {
    const last = timesMs.at(-1)
    if (last === at_ms) continue
    if (last !== undefined && at_ms - last > gapMs) timesMs.push(last + 1)
    timesMs.push(at_ms)
  }
  const places = new Map(timesMs.map((atMs, index) => [atMs, index]))
  const empty = (): Array<number | null> => timesMs.map(() => null)
  const gpus = [...new Set(rows.map(({ uuid }) => uuid))].map((uuid) => ({
    uuid,
    utilizationPercent: empty(),
    memoryUsedMebibytes: empty(),
    temperatureC: empty(),
    powerWatts: empty(),
  }))
  const byUuid = new Map(gpus.map((one) => [one.uuid, one]))
  for (const row of rows) {
    const series = byUuid.get(row.uuid)!
    const at = places.get(row.at_ms)!
    series.utilizationPercent[at] = row.utilization
    series.memoryUsedMebibytes[at] = row.memory_used
    series.temperatureC[at] = row.temperature
    series.powerWatts[at] = row.power
  }
  return { timesMs, gpus }
}
