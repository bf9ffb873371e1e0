// The lab's one GPU as nvidia-smi shows it: readings that follow the lab's load curves, and the program's table, query
// and list outputs. Only the machine that owns the card has the command.
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { loadCurve, valueAt } from '../../world/load.ts'
import type { DemoGpu } from '../../world/site.ts'
import type { Command, CommandCall } from './machine.ts'

export interface GpuProcess {
  pid: number
  name: string
  usedMebibytes: number
}

export interface GpuReading {
  model: string
  uuid: string
  /** As nvidia-smi prints it: `00000000:08:00.0`. */
  busId: string
  driver: string
  cuda: string
  memoryMebibytes: number
  utilizationPercent: number
  memoryPercent: number
  usedMebibytes: number
  temperatureC: number
  fanPercent: number
  powerWatts: number
  limitWatts: number
  state: string
  throttleBits: number
  processes: Array<GpuProcess & { user: string }>
}

const limitWatts = 140
const idleC = 38
const hotC = 83

/** A card in a machine: its readings, and what is started on it or ended by a person. */
export interface GpuDevice {
  read(): GpuReading
  /** Puts work on the card; gives its process id. `load` is the share of the card that it keeps busy, 0 to 1. */
  begin(work: { name: string; user: string; usedMebibytes: number; load: number }): number
  /** Ends a process: `missing` when there is none, `refused` when it is another user's. */
  end(pid: number, user: string): 'done' | 'missing' | 'refused'
}

/** Who trains comes back with the next epoch; what a person ended stays away for this long. */
const restartMs = 10 * 60_000

export function createGpu(card: DemoGpu, vmid: number, busId: string, nowMs: () => number): GpuDevice {
  const started = new Map<number, { name: string; user: string; usedMebibytes: number; load: number }>()
  let trainingPid = 18_442
  let trainingEndedMs = -Infinity
  let nextPid = 52_801
  const wave = (atMs: number): number => {
    if (atMs - trainingEndedMs < restartMs) return 0
    const value = valueAt(loadCurve(`gpu${vmid}`, 0.52), atMs)
    return value < 0.18 ? 0 : Math.min(1, value)
  }
  const owned = (atMs: number): Array<GpuProcess & { user: string }> => {
    const busy = wave(atMs)
    return [
      { pid: 4127, name: '/usr/local/bin/ollama', user: 'ollama', usedMebibytes: 312 },
      ...(busy === 0
        ? []
        : [{ pid: trainingPid, name: '/opt/qad/bin/python', user: 'astro', usedMebibytes: Math.round(6_200 + 4_100 * busy) }]),
      ...[...started].map(([pid, { name, user, usedMebibytes }]) => ({ pid, name, user, usedMebibytes })),
    ]
  }
  return {
    read() {
      const atMs = nowMs()
      const load = [...started.values()].reduce((sum, work) => sum + work.load, wave(atMs))
      return readingOf(card, busId, Math.max(0, Math.min(1, load)), owned(atMs))
    },
    begin(work) {
      const pid = nextPid
      nextPid += 7
      started.set(pid, work)
      return pid
    },
    end(pid, user) {
      const found = owned(nowMs()).find((one) => one.pid === pid)
      if (found === undefined) return 'missing'
      if (user !== 'root' && found.user !== user) return 'refused'
      if (!started.delete(pid)) {
        trainingEndedMs = nowMs()
        trainingPid += 1_613
      }
      return 'done'
    },
  }
}

/** The card's state under a load. At rest it is at P8, 38 °C, fan at 41 %; at its power limit the clocks go down. */
function readingOf(
  card: DemoGpu,
  busId: string,
  busy: number,
  processes: Array<GpuProcess & { user: string }>,
): GpuReading {
  const memoryMebibytes = card.memoryGB * 1024 - 8
  const hex = createHash('sha256').update(`${card.model} ${card.pci}`).digest('hex')
  const uuid = `GPU-${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
  const used = processes.reduce((sum, one) => sum + one.usedMebibytes, 0) + 14
  const temperatureC = Math.round(idleC + (hotC - idleC) * busy)
  return {
    model: card.model,
    uuid,
    busId,
    driver: card.driver,
    cuda: '12.4',
    memoryMebibytes,
    utilizationPercent: Math.round(100 * busy),
    memoryPercent: Math.round(55 * busy),
    usedMebibytes: Math.min(used, memoryMebibytes),
    temperatureC,
    fanPercent: Math.round(41 + 30 * busy * busy),
    powerWatts: Math.round(Math.min(limitWatts, 13.4 + 128 * busy) * 100) / 100,
    limitWatts,
    state: busy === 0 ? 'P8' : 'P2',
    // Bits as NVML defines them: idle 0x1, software power cap 0x4.
    throttleBits: busy === 0 ? 1 : busy > 0.97 ? 4 : 0,
    processes,
  }
}

interface Field {
  unit: string
  value(gpu: GpuReading): string | number
}

const field = (value: Field['value'], unit = ''): Field => ({ unit, value })

const gpuFields: Record<string, Field> = {
  timestamp: field(() => ''),
  index: field(() => 0),
  count: field(() => 1),
  name: field((gpu) => gpu.model),
  gpu_name: field((gpu) => gpu.model),
  uuid: field((gpu) => gpu.uuid),
  gpu_uuid: field((gpu) => gpu.uuid),
  serial: field(() => '[N/A]'),
  driver_version: field((gpu) => gpu.driver),
  pstate: field((gpu) => gpu.state),
  'pci.bus_id': field((gpu) => gpu.busId),
  gpu_bus_id: field((gpu) => gpu.busId),
  'fan.speed': field((gpu) => gpu.fanPercent, '%'),
  'temperature.gpu': field((gpu) => gpu.temperatureC),
  'utilization.gpu': field((gpu) => gpu.utilizationPercent, '%'),
  'utilization.memory': field((gpu) => gpu.memoryPercent, '%'),
  'memory.total': field((gpu) => gpu.memoryMebibytes, 'MiB'),
  'memory.used': field((gpu) => gpu.usedMebibytes, 'MiB'),
  'memory.free': field((gpu) => gpu.memoryMebibytes - gpu.usedMebibytes, 'MiB'),
  'memory.reserved': field(() => 252, 'MiB'),
  'power.draw': field((gpu) => gpu.powerWatts.toFixed(2), 'W'),
  'power.limit': field((gpu) => gpu.limitWatts.toFixed(2), 'W'),
  'clocks.sm': field((gpu) => (gpu.state === 'P8' ? 210 : 1560), 'MHz'),
  'clocks.gr': field((gpu) => (gpu.state === 'P8' ? 210 : 1560), 'MHz'),
  'clocks.mem': field((gpu) => (gpu.state === 'P8' ? 405 : 6500), 'MHz'),
  'clocks.current.sm': field((gpu) => (gpu.state === 'P8' ? 210 : 1560), 'MHz'),
  'ecc.errors.uncorrected.volatile.total': field(() => 0),
  compute_mode: field(() => 'Default'),
  persistence_mode: field(() => 'Enabled'),
  display_active: field(() => 'Disabled'),
  'mig.mode.current': field(() => '[N/A]'),
  'clocks_throttle_reasons.active': field((gpu) => `0x${gpu.throttleBits.toString(16).padStart(16, '0')}`),
  'clocks_event_reasons.active': field((gpu) => `0x${gpu.throttleBits.toString(16).padStart(16, '0')}`),
  'power.max_limit': field((gpu) => gpu.limitWatts.toFixed(2), 'W'),
  'clocks.max.sm': field(() => 2100, 'MHz'),
  'temperature.memory': field(() => '[N/A]'),
  vbios_version: field(() => '94.04.55.00.07'),
}

interface AppField {
  unit: string
  title?: string
  value(process: GpuProcess, gpu: GpuReading): string | number
}

const appFields: Record<string, AppField> = {
  pid: { unit: '', value: (process) => process.pid },
  process_name: { unit: '', value: (process) => process.name },
  name: { unit: '', title: 'process_name', value: (process) => process.name },
  used_memory: { unit: 'MiB', title: 'used_gpu_memory', value: (process) => process.usedMebibytes },
  used_gpu_memory: { unit: 'MiB', value: (process) => process.usedMebibytes },
  gpu_uuid: { unit: '', value: (_process, gpu) => gpu.uuid },
  gpu_name: { unit: '', value: (_process, gpu) => gpu.model },
  gpu_bus_id: { unit: '', value: (_process, gpu) => gpu.busId },
}

/** `nvidia-smi`: the table, `-L`, `--query-gpu` and `--query-compute-apps` with `--format=csv[,noheader][,nounits]`. */
export const nvidiaSmi: Command = (call) => {
  const gpu = call.session.machine.gpu?.read()
  if (gpu === undefined) return 127
  const option = (name: string): string | undefined => valueOf(call.args, name)
  if (call.args.includes('-L') || call.args.includes('--list-gpus')) {
    call.out(`GPU 0: ${gpu.model} (UUID: ${gpu.uuid})\n`)
    return 0
  }
  const gpuQuery = option('--query-gpu')
  const appQuery = option('--query-compute-apps')
  if (gpuQuery === undefined && appQuery === undefined) {
    if (call.args.length > 0) {
      call.out(`Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n`)
      return 1
    }
    call.out(table(gpu, call.session.machine.nowMs()))
    return 0
  }
  const format = (option('--format') ?? '').split(',')
  if (!format.includes('csv')) {
    call.out('Option "--format=" is missing. Please run \'nvidia-smi -h\' for help.\n')
    return 1
  }
  return gpuQuery === undefined
    ? queryApps(call, gpu, appQuery ?? '', format)
    : queryGpu(call, gpu, gpuQuery, format)
}

/** The value behind `--name=value` or `--name value`. */
function valueOf(args: string[], name: string): string | undefined {
  const joined = args.find((arg) => arg.startsWith(`${name}=`))
  if (joined !== undefined) return joined.slice(name.length + 1)
  const index = args.indexOf(name)
  return index < 0 ? undefined : args[index + 1]
}

interface Cell {
  title: string
  unit: string
  text: string
}

function printRows(
  call: CommandCall,
  titles: Omit<Cell, 'text'>[],
  rows: Cell[][],
  format: string[],
): number {
  const title = ({ title: text, unit }: Omit<Cell, 'text'>): string =>
    unit === '' ? text : `${text} [${unit}]`
  if (!format.includes('noheader')) call.out(`${titles.map(title).join(', ')}\n`)
  const hasUnits = !format.includes('nounits')
  for (const row of rows)
    call.out(
      `${row.map(({ text, unit }) => (hasUnits && unit !== '' ? `${text} ${unit}` : text)).join(', ')}\n`,
    )
  return 0
}

const refuseField = (call: CommandCall, name: string): number => {
  call.out(`Field "${name}" is not a valid field to query.\n\n`)
  return 2
}

function queryGpu(call: CommandCall, gpu: GpuReading, query: string, format: string[]): number {
  const names = query.split(',').map((name) => name.trim())
  const unknown = names.find((name) => gpuFields[name] === undefined)
  if (unknown !== undefined) return refuseField(call, unknown)
  const stamp = new Date(call.session.machine.nowMs())
    .toISOString()
    .replace('T', ' ')
    .replaceAll('-', '/')
    .replace('Z', '')
  const cells = names.map((name) => ({
    title: name,
    unit: gpuFields[name]?.unit ?? '',
    text: name === 'timestamp' ? stamp : String(gpuFields[name]?.value(gpu) ?? ''),
  }))
  return printRows(call, cells, [cells], format)
}

function queryApps(call: CommandCall, gpu: GpuReading, query: string, format: string[]): number {
  const names = query.split(',').map((name) => name.trim())
  const unknown = names.find((name) => appFields[name] === undefined)
  if (unknown !== undefined) return refuseField(call, unknown)
  const titles = names.map((name) => ({
    title: appFields[name]?.title ?? name,
    unit: appFields[name]?.unit ?? '',
  }))
  const rows = gpu.processes.map((process) =>
    names.map((name, index) => ({
      title: titles[index]?.title ?? name,
      unit: titles[index]?.unit ?? '',
      text: String(appFields[name]?.value(process, gpu) ?? ''),
    })),
  )
  return printRows(call, titles, rows, format)
}

function table(gpu: GpuReading, nowMs: number): string {
  const line = `+${'-'.repeat(89)}+`
  const pad = (text: string, width: number): string => text.padEnd(width).slice(0, width)
  const row = (text: string): string => `| ${pad(text, 87)} |`
  const memory = `${gpu.usedMebibytes}MiB / ${gpu.memoryMebibytes}MiB`
  const load = `${gpu.temperatureC}C  ${gpu.state}  ${Math.round(gpu.powerWatts)}W / ${gpu.limitWatts}W`
  return [
    new Date(nowMs).toUTCString().replace(',', ''),
    line,
    row(`NVIDIA-SMI ${gpu.driver}    Driver Version: ${gpu.driver}    CUDA Version: ${gpu.cuda}`),
    line,
    row('GPU  Name                 Bus-Id             Fan  Temp Perf Power        Memory-Usage        Util'),
    row(`  0  ${pad(gpu.model, 20)} ${gpu.busId}   ${gpu.fanPercent}%  ${load}   ${memory}`),
    row(`GPU utilization ${gpu.utilizationPercent}%, compute mode Default`),
    line,
    row('Processes:'),
    ...gpu.processes.map((one) =>
      row(`  GPU 0   PID ${one.pid}   C   ${pad(one.name, 40)} ${one.usedMebibytes}MiB`),
    ),
    line,
    '',
  ].join('\n')
}

/** `gpu-burn [seconds]`: keeps the whole card busy until it is over or interrupted, as the tool of that name does. */
export const gpuBurn: Command = async (call) => {
  const { gpu, user } = call.session.machine
  const seconds = Number(call.args.find((arg) => /^\d+$/.test(arg)) ?? 60)
  if (gpu === undefined) return 127
  const pid = gpu.begin({ name: './gpu_burn', user, usedMebibytes: 4_210, load: 1 })
  call.out(`Burning for ${seconds} seconds, process ${pid}.\n`)
  try {
    for (let left = Math.min(seconds, 3_600); left > 0 && isRunning(gpu, pid); left -= 1)
      await delay(1_000, undefined, { signal: call.signal })
    call.out(isRunning(gpu, pid) ? 'Tested 1 GPUs:\n\tGPU 0: OK\n' : 'Terminated\n')
    return isRunning(gpu, pid) ? 0 : 143
  } finally {
    gpu.end(pid, 'root')
  }
}

const isRunning = (gpu: GpuDevice, pid: number): boolean => gpu.read().processes.some((one) => one.pid === pid)
