// What a demo shell runs on: a virtual machine of the site or a container of the demo cluster, as far as commands can
// see it. Made by the SSH hosts and by pod exec.
import type { GpuDevice } from './gpu.ts'
import type { RealScripts } from '../real-scripts.ts'
import type { HostPosture } from '../host-posture.ts'
import type { MemoryFiles } from './memory-files.ts'

export interface Machine {
  hostname: string
  user: string
  uid: number
  home: string
  kernel: string
  osName: string
  cpuCount: number
  memoryBytes: number
  bootMs: number
  files: MemoryFiles
  environment: Record<string, string>
  nowMs(): number
  /** Load averages over 1, 5 and 15 minutes. */
  loads(): [number, number, number]
  memoryUsedBytes(): number
  /** Present on the one machine that has the card. */
  gpu?: GpuDevice
  /** Present where submitted scripts really run. */
  scripts?: RealScripts
  /** Effective settings of the machine's SSH daemon; absent in containers. */
  sshdSettings?: string
  /** How it is secured; absent in containers. */
  posture?: HostPosture
}

/** One shell: where it stands and what it knows. */
export interface ShellSession {
  machine: Machine
  directory: string
  environment: Record<string, string>
  lastCode: number
  isTerminal: boolean
  columns: number
  rows: number
  /** Set by `exit`. */
  exitCode: number | undefined
}

export function createSession(
  machine: Machine,
  options: { isTerminal: boolean; columns?: number; rows?: number },
): ShellSession {
  return {
    machine,
    directory: machine.home,
    environment: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: machine.home,
      USER: machine.user,
      LOGNAME: machine.user,
      SHELL: '/bin/bash',
      LANG: 'C.UTF-8',
      ...machine.environment,
    },
    lastCode: 0,
    isTerminal: options.isTerminal,
    columns: options.columns ?? 80,
    rows: options.rows ?? 24,
    exitCode: undefined,
  }
}

/** How a command speaks to its surroundings. */
export interface CommandCall {
  session: ShellSession
  name: string
  args: string[]
  /** Everything on standard input up to its end. */
  readInput(): Promise<string>
  out(text: string): void
  err(text: string): void
  signal: AbortSignal
  /** Runs another command line in the same session. */
  run(line: string): Promise<number>
}

export type Command = (call: CommandCall) => number | Promise<number>
