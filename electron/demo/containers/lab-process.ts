// One process of a demo container: a process group of its own, in a directory of its own, under limits. The group goes
// with the lab whatever happens: by the kill here, by the lease that the lab's death ends, or by its limits.
import { spawn, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'

export interface ProcessOrder {
  /** Program and arguments with real paths. */
  argv: readonly string[]
  directory: string
  environment: Readonly<Record<string, string>>
  /** Resident memory above which it is killed. */
  memoryBytes?: number | undefined
  /** Wall clock. */
  seconds?: number | undefined
}

export interface ProcessEnd {
  exitCode: number
  reason: 'Completed' | 'Error' | 'OOMKilled' | 'DeadlineExceeded' | 'Killed'
}

export interface LabProcess {
  ended: Promise<ProcessEnd>
  kill(): void
}

const checkMs = 200
const lingerMs = 500
const cpuSeconds = 1_800
/** Address space that a Python needs beside what the script uses. */
const overheadBytes = 512 * 2 ** 20
const lineLimit = 256 * 1024

/** Starts at once. `onLine` gets standard output and standard error, line by line. */
export function startLabProcess(order: ProcessOrder, onLine: (text: string) => void): LabProcess {
  const child = spawn('/bin/sh', wrapped(order), {
    cwd: order.directory,
    env: order.environment,
    detached: true,
    // The fourth is the lease: nothing is written to it, its end is the end of the lab.
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let cause: ProcessEnd['reason'] | undefined
  let lastLine = ''
  const kill = (reason: ProcessEnd['reason']): void => {
    cause ??= reason
    killGroup(child)
  }
  for (const stream of [child.stdout, child.stderr])
    if (stream)
      createInterface({ input: stream }).on('line', (text) => {
        lastLine = text
        onLine(text.slice(0, lineLimit))
      })
  const watch = order.memoryBytes === undefined ? undefined : setInterval(() => void checkMemory(child, order.memoryBytes ?? 0, () => kill('OOMKilled')), checkMs)
  const limit = order.seconds === undefined ? undefined : setTimeout(() => kill('DeadlineExceeded'), order.seconds * 1000)
  const ended = new Promise<ProcessEnd>((resolve) => {
    let isFinished = false
    const finish = (code: number | null): void => {
      if (isFinished) return
      isFinished = true
      clearInterval(watch)
      clearTimeout(limit)
      // What it had started and left behind.
      killGroup(child)
      resolve(endOf(code, cause, lastLine))
    }
    child.once('error', (error) => {
      onLine(String(error))
      finish(127)
    })
    // The last lines are read first; but a process that detached itself may hold the pipes for as long as it lives.
    child.once('close', finish)
    child.once('exit', (code) => setTimeout(() => finish(code), lingerMs).unref())
  })
  return { ended, kill: () => kill('Killed') }
}

function endOf(code: number | null, cause: ProcessEnd['reason'] | undefined, lastLine: string): ProcessEnd {
  if (cause !== undefined) return { exitCode: 137, reason: cause }
  // The address space ended before the look at the memory in use: the kernel would have killed it.
  if (code !== 0 && lastLine.startsWith('MemoryError')) return { exitCode: 137, reason: 'OOMKilled' }
  if (code === null) return { exitCode: 137, reason: 'Error' }
  return { exitCode: code, reason: code === 0 ? 'Completed' : 'Error' }
}

/** The shell sets what only a process can set for itself, then becomes the program. */
function wrapped({ argv, memoryBytes }: ProcessOrder): string[] {
  const limits = [`ulimit -t ${cpuSeconds}`, ...(memoryBytes === undefined ? [] : [`ulimit -v ${Math.ceil((memoryBytes + overheadBytes) / 1024)}`])]
  const script = `${limits.map((one) => `${one} 2>/dev/null`).join('; ')}; exec nice -n 5 "$@"`
  return ['-c', script, 'container', ...argv]
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}

/** Only Linux tells cheaply; elsewhere the limit of the address space has to do. */
async function checkMemory({ pid }: ChildProcess, limitBytes: number, onOver: () => void): Promise<void> {
  if (process.platform !== 'linux' || pid === undefined) return
  const [, resident] = (await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '')).split(' ').map(Number)
  if ((resident ?? 0) * 4096 > limitBytes) onOver()
}
