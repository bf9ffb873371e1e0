// Runs the demo lab as a child process of Node. Nothing of it survives this process: the child ends when its channel
// closes, and is killed with all it started when it does not.
import { fork, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { DemoLauncher, Log } from '#core/platform.ts'
import { createLabLauncher, type LabProcess } from '#demo/lab-launcher.ts'

const maxLineLength = 2000

/** `module` is the lab's entry: bundled, or its source. What the process prints goes to `log`. */
export const createDemoLauncher = (module: string, log: Log): DemoLauncher =>
  createLabLauncher(() => startLab(module, log))

function startLab(module: string, log: Log): LabProcess {
  // A group of its own: Ctrl-C in the terminal reaches it through us, in order, and a kill reaches all of it.
  const isGroup = process.platform !== 'win32'
  const child = fork(module, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [], detached: isGroup })
  const kill = (): void => killAll(child, isGroup)
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  for (const stream of [child.stdout, child.stderr])
    if (stream)
      createInterface({ input: stream }).on('line', (line) =>
        log.debug('Demo lab', { line: line.slice(0, maxLineLength) }),
      )
  return {
    send(command) {
      if (child.connected) child.send(command, () => undefined)
    },
    onMessage: (listener) => void child.on('message', listener),
    onExit(listener) {
      child.once('error', (fault) => listener(fault.message))
      child.once('exit', (code, signal) => listener(signal ?? `code ${code}`))
    },
    kill,
  }
}

function killAll(child: ChildProcess, isGroup: boolean): void {
  if (child.pid === undefined) return
  try {
    if (isGroup) process.kill(-child.pid, 'SIGKILL')
    else child.kill('SIGKILL')
  } catch {
    // Gone already.
  }
}
