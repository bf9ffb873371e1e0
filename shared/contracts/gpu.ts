// The GPUs of an SSH host, live and over time, as nvidia-smi tells them. Polled while somebody looks; what was seen is
// kept locally, finer for the last hour and coarser before.
import { z } from 'zod'
import { wireError } from '../errors.ts'
import { connectionId } from '../model/connection.ts'
import { command, events, query, timestampMs } from './kernel.ts'

/** Null = the card or its driver does not tell. */
const figure = z.number().nullable()

export const gpu = z.object({
  index: z.number().int(),
  uuid: z.string(),
  name: z.string(),
  busId: z.string(),
  utilizationPercent: figure,
  memoryPercent: figure,
  memoryTotalMebibytes: figure,
  memoryUsedMebibytes: figure,
  temperatureC: figure,
  powerWatts: figure,
  powerLimitWatts: figure,
  fanPercent: figure,
  smClockMegahertz: figure,
  /** `P0` (busiest) to `P12`. */
  performanceState: z.string().nullable(),
  /** Why the clocks are lower than they could be, in words; empty when they are not. */
  throttleReasons: z.array(z.string()),
  uncorrectedErrors: figure,
  /** Names of the MIG devices it is divided into; null when it cannot be or is not divided. */
  migDevices: z.array(z.string()).nullable(),
})
export type Gpu = z.infer<typeof gpu>

export const gpuProcess = z.object({
  pid: z.number().int(),
  gpuUuid: z.string(),
  name: z.string(),
  usedMebibytes: figure,
  user: z.string().nullable(),
  runningSeconds: figure,
  /** The whole command line, where the host shows it. */
  commandLine: z.string().nullable(),
})
export type GpuProcess = z.infer<typeof gpuProcess>

export const gpuReading = z.object({
  atMs: timestampMs,
  driverVersion: z.string().nullable(),
  gpus: gpu.array(),
  processes: gpuProcess.array(),
})
export type GpuReading = z.infer<typeof gpuReading>

export const gpuView = z.object({
  state: z.enum(['connecting', 'live', 'failed']),
  /** The last one that came, also while it fails. */
  reading: gpuReading.nullable(),
  /** Why nothing newer comes. */
  error: wireError.nullable(),
})
export type GpuView = z.infer<typeof gpuView>

/** Values of one card over time; null where nobody looked. All lists are as long as `timesMs`. */
export const gpuHistory = z.object({
  timesMs: z.array(timestampMs),
  gpus: z.array(
    z.object({
      uuid: z.string(),
      utilizationPercent: z.array(figure),
      memoryUsedMebibytes: z.array(figure),
      temperatureC: z.array(figure),
      powerWatts: z.array(figure),
    }),
  ),
})
export type GpuHistory = z.infer<typeof gpuHistory>

export const gpuContract = {
  watch: events({ input: z.object({ connectionId }), event: gpuView }),
  /** What was kept of the last `spanMs`, at most a few hundred points. */
  history: query({
    input: z.object({ connectionId, spanMs: z.number().int().min(60_000).max(31 * 86_400_000) }),
    output: gpuHistory,
  }),
  /** Asks it to end (TERM), or ends it (KILL). `confirmation` is its process id. */
  endProcess: command({
    title: 'End a GPU process',
    writes: 'site',
    danger: 'destructive',
    input: z.object({
      connectionId,
      pid: z.number().int().min(2).max(4_194_304),
      /** As it was shown: a process id is used again after a while. */
      name: z.string().max(4096),
      isForced: z.boolean(),
      confirmation: z.string().max(20),
    }),
    output: z.object({ isEnded: z.boolean() }),
  }),
}
