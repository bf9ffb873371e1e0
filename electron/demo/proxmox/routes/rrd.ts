// Round-robin data of the demo cluster: the same curves as everywhere, averaged over the archive's steps.
import { choice, optional } from '../../api2/parameters.ts'
import { route, type PveCall } from '../call.ts'
import {
  guestLoad,
  nodeLoad,
  nodeMemoryBytes,
  nodeRootBytes,
  nodeSwapBytes,
  storageUse,
  type Span,
} from '../figures.ts'
import type { Guest } from '../guest.ts'

/** Seconds a point stands for. */
const stepSeconds: Record<string, number> = {
  hour: 60,
  day: 1_800,
  week: 10_800,
  month: 43_200,
  year: 604_800,
}
const pointCount = 70
const parameters = {
  timeframe: choice('hour', 'day', 'week', 'month', 'year'),
  cf: optional(choice('AVERAGE', 'MAX')),
}

/** Points of an archive; the newest one is still being collected and has no values. */
function series(call: PveCall, timeframe: string, valuesOf: (span: Span) => Record<string, number>) {
  const step = stepSeconds[timeframe] ?? 60
  const newest = Math.floor(call.nowMs / 1000 / step) * step
  return Array.from({ length: pointCount }, (_, index) => {
    const time = newest - (pointCount - 1 - index) * step
    const isComplete = time < newest
    return { time, ...(isComplete ? valuesOf({ fromMs: time * 1000, untilMs: (time + step) * 1000 }) : {}) }
  })
}

/** MAX of a step is read at its middle and its ends; AVERAGE is exact. */
function consolidated(cf: string | undefined, valuesAt: (span: Span) => Record<string, number>) {
  if (cf !== 'MAX') return valuesAt
  return (span: Span) => {
    const middle = (span.fromMs + span.untilMs) / 2
    const samples = [span.fromMs, middle, span.untilMs].map((at) => valuesAt({ fromMs: at, untilMs: at }))
    const keys = Object.keys(samples[0] ?? {})
    return Object.fromEntries(
      keys.map((key) => [key, Math.max(...samples.map((sample) => sample[key] ?? 0))]),
    )
  }
}

/** A stopped guest's archive knows its sizes only; load ended where it stopped. */
function guestValues(guest: Guest, span: Span): Record<string, number> {
  const sizes = {
    maxcpu: guest.vcpu,
    maxmem: guest.memoryBytes,
    maxdisk: guest.disks[0]?.sizeBytes ?? 0,
    disk: 0,
  }
  if (guest.stoppedSinceMs !== undefined) return sizes
  const load = guestLoad({ ...guest, lock: undefined }, span)
  return {
    ...sizes,
    cpu: load.cpu,
    mem: load.memBytes,
    netin: load.netInBps,
    netout: load.netOutBps,
    diskread: load.diskReadBps,
    diskwrite: load.diskWriteBps,
  }
}

/** The archive of a guest; also for containers. */
export const guestSeries = (call: PveCall, guest: Guest, timeframe: string, cf: string | undefined) =>
  series(
    call,
    timeframe,
    consolidated(cf, (span) => guestValues(guest, span)),
  )
export const rrdParameters = parameters

export const rrdRoutes = [
  route('GET', '/nodes/{node}/rrddata', {
    needs: { path: '/nodes/{node}', privileges: ['Sys.Audit'] },
    parameters,
    run(input, call) {
      const node = call.cluster.node(input.node)
      const valuesAt = (span: Span) => {
        const load = nodeLoad(call.cluster, node, span)
        return {
          loadavg: load.loadAverage,
          maxcpu: node.threads,
          cpu: load.cpu,
          iowait: load.ioWait,
          memtotal: nodeMemoryBytes(node),
          memused: load.memBytes,
          swaptotal: nodeSwapBytes,
          swapused: load.swapUsedBytes,
          roottotal: nodeRootBytes,
          rootused: load.rootUsedBytes,
          netin: load.netInBps,
          netout: load.netOutBps,
        }
      }
      return series(call, input.timeframe, consolidated(input.cf, valuesAt))
    },
  }),
  route('GET', '/nodes/{node}/qemu/{vmid}/rrddata', {
    needs: { path: '/vms/{vmid}', privileges: ['VM.Audit'] },
    parameters,
    run(input, call) {
      const guest = call.cluster.guest(input.node, input.vmid)
      return guestSeries(call, guest, input.timeframe, input.cf)
    },
  }),
  route('GET', '/nodes/{node}/storage/{storage}/rrddata', {
    needs: {
      path: '/storage/{storage}',
      privileges: ['Datastore.Audit', 'Datastore.AllocateSpace'],
      isAnyEnough: true,
    },
    parameters,
    run(input, call) {
      const storage = call.cluster.storage(input.node, input.storage)
      return series(call, input.timeframe, (span) => {
        const use = storageUse(call.cluster, storage, input.node, span.untilMs)
        return { total: use.totalBytes, used: use.usedBytes }
      })
    },
  }),
]
