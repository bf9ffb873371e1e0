// What is read out of nvidia-smi, with the texts that real drivers print.
import { describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors.ts'
import type { ExecResult } from './ssh-exec.ts'
import { createGpuReader, parseMigDevices, parseProcesses, throttleWords } from './nvidia-smi.ts'

const done = (stdout: string): ExecResult => ({ stdout, stderr: '', exitCode: 0, signalName: null, isTruncated: false })
const signal = new AbortController().signal

/** A host that answers the query by the fields it knows, as nvidia-smi does. */
function host(answers: { unknown?: string[]; cards?: Record<string, string>[]; apps?: string; cardText?: string; ps?: string; list?: string; code?: number }) {
  const asked: string[] = []
  return {
    asked,
    exec: (line: string) => {
      asked.push(line)
      const fields = /--query-gpu=(\S+)/.exec(line)![1]!.split(',')
      const unknown = fields.find((field) => answers.unknown?.includes(field))
      if (unknown) return Promise.resolve(done(`Field "${unknown}" is not a valid field to query.\n\nexit=2\nexit=0\n`))
      const rows = (answers.cards ?? []).map((card) => fields.map((field) => card[field] ?? '[N/A]').join(', ')).join('\n')
      const text = answers.cardText ?? `${rows}\n`
      return Promise.resolve(done(`${text}exit=${answers.code ?? 0}\n${answers.apps ?? ''}exit=0\n`))
    },
    run: (argv: readonly string[]) => Promise.resolve(done((argv[0] === 'ps' ? answers.ps : answers.list) ?? '')),
  }
}
const card = { index: '0', uuid: 'GPU-1', name: 'NVIDIA A100-SXM4-40GB', driver_version: '550.144.03', 'utilization.gpu': '37', 'memory.total': '40960', 'memory.used': '1024', 'temperature.gpu': '54', 'power.draw': '112.30', 'clocks_throttle_reasons.active': '0x0000000000000024' }

describe('nvidia-smi', () => {
  it('is read with its processes and whose they are', async () => {
    const smi = host({ cards: [card], apps: '4711, /opt/a, b/python, 512, GPU-1\n', ps: '   4711 astro  360 /opt/a, b/python train.py\n' })
    const reading = await createGpuReader('gpu01').readFrom(smi, signal)
    expect(reading.driverVersion).toBe('550.144.03')
    expect(reading.gpus[0]).toMatchObject({ utilizationPercent: 37, powerWatts: 112.3, fanPercent: null, throttleReasons: ['power limit reached', 'too hot (driver)'], migDevices: null })
    expect(reading.processes[0]).toEqual({ pid: 4711, gpuUuid: 'GPU-1', name: '/opt/a, b/python', usedMebibytes: 512, user: 'astro', runningSeconds: 360, commandLine: '/opt/a, b/python train.py' })
  })

  it('goes without the fields that a driver does not know, and asks for them no more', async () => {
    const smi = host({ cards: [card], unknown: ['clocks_throttle_reasons.active', 'fan.speed'] })
    const reader = createGpuReader('gpu01')
    expect((await reader.readFrom(smi, signal)).gpus[0]).toMatchObject({ utilizationPercent: 37, throttleReasons: [] })
    const before = smi.asked.length
    await reader.readFrom(smi, signal)
    expect(smi.asked.length).toBe(before + 1)
  })

  it('names the parts of a divided card', async () => {
    const list = 'GPU 0: NVIDIA A100 (UUID: GPU-1)\n  MIG 1g.5gb      Device  0: (UUID: MIG-aa)\n  MIG 2g.10gb     Device  1: (UUID: MIG-bb)\n'
    const smi = host({ cards: [{ ...card, 'mig.mode.current': 'Enabled', 'utilization.gpu': '[N/A]' }], list })
    const { gpus } = await createGpuReader('gpu01').readFrom(smi, signal)
    expect(gpus[0]).toMatchObject({ utilizationPercent: null, migDevices: ['MIG 1g.5gb (device 0)', 'MIG 2g.10gb (device 1)'] })
    expect(parseMigDevices('').size).toBe(0)
  })

  it.each([
    ['bash: nvidia-smi: command not found\n', 127, 'gpu-missing', 'unsupported'],
    ["NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n", 9, 'gpu-driver', 'upstream'],
    ['Failed to initialize NVML: Insufficient Permissions\n', 4, 'gpu-forbidden', 'forbidden'],
    ['No devices were found\n', 6, 'gpu-none', 'upstream'],
    ['Unable to determine the device handle for GPU0000:01:00.0: GPU is lost.\n', 15, 'gpu-lost', 'upstream'],
  ])('says in words: %s', async (cardText, code, stage, kind) => {
    const failure = await createGpuReader('gpu01').readFrom(host({ cardText, code }), signal).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: kind, detail: { kind: 'ssh', stage } })
    expect((failure as AppError).remedy).toBeTruthy()
  })

  it('tells a hung card from a slow network', async () => {
    const late = new AppError('timeout', 'late', { detail: { kind: 'outcome-unknown', action: 'run a command' } })
    const stuck = { exec: () => Promise.reject(late), run: () => Promise.reject(late) }
    await expect(createGpuReader('gpu01').readFrom(stuck, signal)).rejects.toMatchObject({ detail: { stage: 'gpu-stalled' } })
    const slow = { exec: () => Promise.reject(new AppError('timeout', 'SSH did not answer')), run: () => Promise.reject(late) }
    await expect(createGpuReader('gpu01').readFrom(slow, signal)).rejects.toThrow('SSH did not answer')
  })

  it('has no reasons for an idle card, and no processes in other text', () => {
    expect(throttleWords('0x0000000000000001')).toEqual([])
    expect(throttleWords('[N/A]')).toEqual([])
    expect(parseProcesses('No running processes found\n')).toEqual([])
  })
})
