// What nvidia-smi tells over SSH: cards, processes, MIG devices. Fields that an older or newer driver does not know are
// left out and asked no more. Says in words what keeps it from telling: no program, no rights, no driver, a hung card.
import type { Gpu, GpuProcess, GpuReading } from '#shared/contracts/gpu.ts'
import { AppError, isAppError } from '#shared/errors.ts'
import type { SshConnector } from './ssh-connector.ts'

type Exec = Pick<SshConnector, 'exec' | 'run'>

const cardFields = [
  'index',
  'uuid',
  'name',
  'pci.bus_id',
  'driver_version',
  'utilization.gpu',
  'utilization.memory',
  'memory.total',
  'memory.used',
  'temperature.gpu',
  'power.draw',
  'power.limit',
  'fan.speed',
  'clocks.sm',
  'pstate',
  'clocks_throttle_reasons.active',
  'ecc.errors.uncorrected.volatile.total',
  'mig.mode.current',
] as const
type CardField = (typeof cardFields)[number]

/** A card that answers takes well under a second; a hung driver never does. */
const answerTimeoutMs = 10_000
const outputLimitBytes = 256 * 1024

export interface GpuReader {
  /** Rejects with an AppError whose detail is `ssh` with a stage `gpu-…`, or as the connection fails. */
  readFrom(exec: Exec, signal: AbortSignal): Promise<Omit<GpuReading, 'atMs'>>
}

/** Remembers what this host's driver does not know, and whose its processes are. */
export function createGpuReader(host: string): GpuReader {
  let fields: CardField[] = [...cardFields]
  let known = new Map<number, Pick<GpuProcess, 'user' | 'runningSeconds' | 'commandLine'>>()

  async function query(exec: Exec, signal: AbortSignal): Promise<[cards: string, apps: string]> {
    const smi = 'LC_ALL=C nvidia-smi --format=csv,noheader,nounits'
    const apps = '--query-compute-apps=pid,process_name,used_memory,gpu_uuid'
    const line = `${smi} --query-gpu=${fields.join(',')} 2>&1; echo "exit=$?"; ${smi} ${apps} 2>&1; echo "exit=$?"`
    const result = await exec
      .exec(line, { signal, timeoutMs: answerTimeoutMs, maxOutputBytes: outputLimitBytes, isInteractive: true })
      .catch((error: unknown) => {
        throw isAppError(error) && error.code === 'timeout' && error.detail?.kind === 'outcome-unknown' ? stalled(host) : error
      })
    const parts = result.stdout.split(/^exit=(\d+)\n?/m)
    const [cards = '', code = '', processes = ''] = parts
    const unknown = /Field "([^"]+)" is not a valid field/.exec(cards)?.[1]
    if (unknown !== undefined && fields.includes(unknown as CardField)) {
      fields = fields.filter((field) => field !== unknown)
      return query(exec, signal)
    }
    if (code !== '0') throw faultOf(cards || result.stderr, host)
    return [cards, processes]
  }

  async function details(exec: Exec, pids: number[], signal: AbortSignal): Promise<void> {
    if (pids.length === 0 || pids.every((pid) => known.has(pid))) return
    const { stdout } = await exec.run(['ps', '-o', 'pid=,user=,etimes=,args=', '-p', pids.join(',')], {
      signal,
      timeoutMs: answerTimeoutMs,
      maxOutputBytes: outputLimitBytes,
    })
    known = new Map(
      stdout.split('\n').flatMap((line) => {
        const [, pid, user = '', seconds, commandLine = ''] = /^\s*(\d+)\s+(\S+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
        return pid === undefined ? [] : [[Number(pid), { user, runningSeconds: Number(seconds), commandLine }] as const]
      }),
    )
  }

  return {
    async readFrom(exec, signal) {
      const [cardText, appText] = await query(exec, signal)
      const rows = cardText.split('\n').filter((line) => line.trim() !== '').map((line) => rowOf(fields, line))
      const processes = parseProcesses(appText)
      // Whose processes they are is a courtesy: without it the figures are still worth showing.
      await details(exec, [...new Set(processes.map(({ pid }) => pid))], signal).catch(() => undefined)
      const migs = rows.some((row) => row['mig.mode.current'] === 'Enabled') ? await readMigDevices(exec, signal) : new Map<string, string[]>()
      return {
        driverVersion: textOf(rows[0]?.['driver_version']),
        gpus: rows.map((row) => cardOf(row, migs)),
        processes: processes.map((one) => ({ ...one, ...(known.get(one.pid) ?? {}) })),
      }
    },
  }
}

type Row = Partial<Record<CardField, string>>

function rowOf(fields: readonly CardField[], line: string): Row {
  const cells = line.split(', ')
  return Object.fromEntries(fields.map((field, index) => [field, (cells[index] ?? '').trim()]))
}

/** `[N/A]`, `[Not Supported]`, `[Unknown Error]`: not told. */
const textOf = (text: string | undefined): string | null => (!text || text.startsWith('[') || text === 'N/A' ? null : text)
const numberOf = (text: string | undefined): number | null => {
  const known = textOf(text)
  const value = known === null ? NaN : Number(known)
  return Number.isFinite(value) ? value : null
}

function cardOf(row: Row, migs: ReadonlyMap<string, string[]>): Gpu {
  const uuid = textOf(row.uuid) ?? `GPU ${row.index ?? '?'}`
  return {
    index: numberOf(row.index) ?? 0,
    uuid,
    name: textOf(row.name) ?? 'GPU',
    busId: textOf(row['pci.bus_id']) ?? '',
    utilizationPercent: numberOf(row['utilization.gpu']),
    memoryPercent: numberOf(row['utilization.memory']),
    memoryTotalMebibytes: numberOf(row['memory.total']),
    memoryUsedMebibytes: numberOf(row['memory.used']),
    temperatureC: numberOf(row['temperature.gpu']),
    powerWatts: numberOf(row['power.draw']),
    powerLimitWatts: numberOf(row['power.limit']),
    fanPercent: numberOf(row['fan.speed']),
    smClockMegahertz: numberOf(row['clocks.sm']),
    performanceState: textOf(row.pstate),
    throttleReasons: throttleWords(row['clocks_throttle_reasons.active']),
    uncorrectedErrors: numberOf(row['ecc.errors.uncorrected.volatile.total']),
    migDevices: row['mig.mode.current'] === 'Enabled' ? (migs.get(uuid) ?? []) : null,
  }
}

/** Bits as NVML defines them. Being idle is no complaint. */
const reasons: ReadonlyArray<[bit: bigint, words: string]> = [
  [0x2n, 'clocks set by an application'],
  [0x4n, 'power limit reached'],
  [0x8n, 'slowed by hardware'],
  [0x10n, 'kept in step with other GPUs'],
  [0x20n, 'too hot (driver)'],
  [0x40n, 'too hot (hardware)'],
  [0x80n, 'power brake'],
  [0x100n, 'clocks set by the display'],
]

export function throttleWords(bits: string | undefined): string[] {
  if (!bits || !/^0x[0-9a-f]+$/i.test(bits)) return []
  const value = BigInt(bits)
  return reasons.flatMap(([bit, words]) => ((value & bit) === 0n ? [] : [words]))
}

type BareProcess = Pick<GpuProcess, 'pid' | 'gpuUuid' | 'name' | 'usedMebibytes' | 'user' | 'runningSeconds' | 'commandLine'>

/** The name may hold commas: it is what stands between the first and the last two cells. */
export function parseProcesses(text: string): BareProcess[] {
  return text.split('\n').flatMap((line) => {
    const cells = line.split(', ')
    const pid = Number(cells[0])
    if (cells.length < 4 || !Number.isInteger(pid) || pid < 1) return []
    const usedMebibytes = numberOf(cells.at(-2)?.trim())
    const name = cells.slice(1, -2).join(', ')
    return [{ pid, gpuUuid: cells.at(-1)!.trim(), name, usedMebibytes, user: null, runningSeconds: null, commandLine: null }]
  })
}

/** The parts of each divided card, by its UUID, from `nvidia-smi -L`. */
async function readMigDevices(exec: Exec, signal: AbortSignal): Promise<Map<string, string[]>> {
  const { stdout } = await exec.run(['nvidia-smi', '-L'], { signal, timeoutMs: answerTimeoutMs, maxOutputBytes: outputLimitBytes })
  return parseMigDevices(stdout)
}

export function parseMigDevices(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  let current: string[] = []
  for (const line of text.split('\n')) {
    const card = /^GPU \d+: .*\(UUID: (GPU-[^)]+)\)/.exec(line)
    if (card) found.set(card[1]!, (current = []))
    const part = /^\s+(MIG \S+)\s+Device\s+(\d+):/.exec(line)
    if (part) current.push(`${part[1]} (device ${part[2]})`)
  }
  return found
}

const fault = (code: 'unsupported' | 'forbidden' | 'upstream' | 'timeout', stage: string, message: string, remedy: string): AppError =>
  new AppError(code, message, { remedy, detail: { kind: 'ssh', stage: `gpu-${stage}` } })

const stalled = (host: string): AppError =>
  fault(
    'timeout',
    'stalled',
    `nvidia-smi on ${host} did not answer within ${answerTimeoutMs / 1000} s: the GPU or its driver hangs.`,
    'Look for “Xid” in the kernel log (dmesg). A hung card often needs its processes ended, a reset (nvidia-smi --gpu-reset) or a restart of the guest.',
  )

function faultOf(output: string, host: string): AppError {
  const text = output.trim()
  if (/command not found|No such file|not found/i.test(text))
    return fault('unsupported', 'missing', `${host} has no nvidia-smi.`, 'Choose a host with an NVIDIA GPU, or install its driver there.')
  if (/Insufficient Permissions|Permission denied/i.test(text))
    return fault('forbidden', 'forbidden', `This account may not ask the GPUs of ${host}.`, 'Give it access to /dev/nvidia* (often by the group “video” or “render”).')
  if (/couldn't communicate with the NVIDIA driver|Driver\/library version mismatch|Failed to initialize NVML/i.test(text))
    return fault('upstream', 'driver', `The NVIDIA driver of ${host} does not answer: ${text.split('\n')[0]?.slice(0, 200)}`, 'Load the driver again or restart the guest; after an update of the driver a restart is needed.')
  if (/No devices were found/i.test(text))
    return fault('upstream', 'none', `The driver of ${host} finds no GPU.`, 'Check that the card is passed through to the guest, and look for “NVRM” in the kernel log.')
  if (/GPU is lost|Unable to determine the device handle/i.test(text))
    return fault('upstream', 'lost', `A GPU of ${host} is lost: ${text.split('\n')[0]?.slice(0, 200)}`, 'It fell off the bus. Restart the guest; when that does not help, the host.')
  return fault('upstream', 'other', `nvidia-smi on ${host} failed: ${text.slice(0, 300) || 'it said nothing'}`, 'Run it in the terminal to see more.')
}
