// Round-robin archives of nodes, guests and storages, turned from points into series. What was not recorded is null,
// never zero. Fields differ between versions 8 and 9: whatever is a number comes along under its wire name.
import type { ProxmoxConnector } from './proxmox-connector.ts'
import { rrdPoint } from './guest-shapes.ts'

export interface PerformanceArchive {
  timesMs: number[]
  series: Record<string, Array<number | null>>
}

/** `path` is that of the thing itself, e.g. `/nodes/node01/storage/local`. */
export async function readPerformance(
  proxmox: Pick<ProxmoxConnector, 'rows'>,
  path: string,
  options: { timeframe: 'hour' | 'day' | 'week' | 'month' | 'year'; consolidation: 'average' | 'maximum'; signal?: AbortSignal | undefined },
): Promise<PerformanceArchive> {
  const cf = options.consolidation === 'maximum' ? 'MAX' : 'AVERAGE'
  const points = await proxmox.rows(rrdPoint, `${path}/rrddata`, options.signal, { timeframe: options.timeframe, cf })
  const names = new Set(points.flatMap((point) => Object.keys(point).filter((name) => name !== 'time')))
  return {
    timesMs: points.map((point) => point.time * 1000),
    series: Object.fromEntries([...names].map((name) => [name, points.map((point) => numberOf(point[name]))])),
  }
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)
