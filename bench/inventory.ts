// The inventory at 10, 100, 1,000 and 10,000 guests: from nothing to the first map (observed, linked, stored, laid
// out), and a refresh in which 1 % changed. The floor in the same run is one JSON round trip of the whole picture: the
// least that any design without differences would pay per refresh. Growth is time per guest against the next smaller.
import { InventorySession } from '#core/features/inventory/inventory-session.ts'
import { createSessionGround } from '#core/features/inventory/testing/session-ground.ts'
import { createSyntheticSite } from '#core/features/inventory/testing/synthetic-site.ts'
import { layOut } from '../renderer/features/map/map-layout.ts'
import type { Emit } from './figure.ts'

const sizes = [10, 100, 1000, 10_000]
const rounds = 5
const limitMs = 120_000

interface Reading {
  firstMapMs: number
  refreshMs: number
  layoutMs: number
  floorMs: number
  worstGapMs: number
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!

/** The longest time in which the event loop did nothing else. */
function watchGaps(): () => number {
  let last = performance.now()
  let worst = 0
  const timer = setInterval(() => {
    const now = performance.now()
    worst = Math.max(worst, now - last - 1)
    last = now
  }, 1)
  return () => {
    clearInterval(timer)
    return worst
  }
}

async function measure(guests: number): Promise<Reading> {
  const ground = createSessionGround()
  const synthetic = createSyntheticSite(guests)
  const stopWatching = watchGaps()
  const startedAt = performance.now()
  const session = new InventorySession({ site: synthetic.site, core: ground.core, store: ground.store, openWatcher: synthetic.openWatcher })
  try {
    await session.refresh(AbortSignal.timeout(limitMs))
    const first = await session.current()
    const layoutAt = performance.now()
    const entities = new Map(first.entities.map((entity) => [entity.id, entity]))
    layOut(first.entities, entities, first.edges, new Set())
    const layoutMs = performance.now() - layoutAt
    const firstMapMs = performance.now() - startedAt
    const refreshes: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      synthetic.change(0.01)
      const at = performance.now()
      await session.refresh(AbortSignal.timeout(limitMs))
      refreshes.push(performance.now() - at)
    }
    const worstGapMs = stopWatching()
    const floorAt = performance.now()
    JSON.parse(JSON.stringify(first))
    return { firstMapMs, refreshMs: median(refreshes), layoutMs, floorMs: performance.now() - floorAt, worstGapMs }
  } finally {
    stopWatching()
    session.dispose()
    ground.dispose()
  }
}

export async function run(emit: Emit): Promise<void> {
  await measure(100)
  let smaller: { guests: number; reading: Reading } | undefined
  for (const guests of sizes) {
    const reading = await measure(guests)
    const figure = (metric: string, value: number, unit: string, against: string | null = null): void =>
      emit({ bench: 'inventory', metric: `${metric}-${guests}`, value, unit, against })
    figure('first-map', reading.firstMapMs, 'ms')
    figure('layout', reading.layoutMs, 'ms')
    figure('refresh-1-percent', reading.refreshMs, 'ms')
    figure('refresh-ratio', reading.refreshMs / reading.floorMs, 'x', 'a JSON round trip of the whole inventory')
    figure('worst-event-loop-gap', reading.worstGapMs, 'ms')
    if (smaller) {
      const growth = reading.firstMapMs / guests / (smaller.reading.firstMapMs / smaller.guests)
      figure('first-map-growth', growth, 'x', `time per guest at ${smaller.guests} guests`)
    }
    smaller = { guests, reading }
  }
}
