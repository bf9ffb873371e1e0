// Runs the demo lab as a child process of Node. Nothing of it survives this process: the child ends when its channel
// closes, and is killed when it does not end in time.
import { fork, type ChildProcess } from 'node:child_process'
import type { DemoLauncher } from '#core/platform.ts'
import { createLabLauncher, type LabProcess } from '#demo/lab-launcher.ts'
import { demoProcess } from './paths.ts'

/** `print` gets what the lab's process writes, a chunk at a time. */
export const createDemoLauncher = (print: (text: string) => void): DemoLauncher =>
  createLabLauncher(() => asLabProcess(fork(demoProcess, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] }), print))

function asLabProcess(child: ChildProcess, print: (text: string) => void): LabProcess {
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => print(chunk.toString().trimEnd()))
  return {
    send(command) {
      if (child.connected) child.send(command, () => undefined)
    },
    onMessage: (listener) => void child.on('message', listener),
    onExit(listener) {
      child.once('error', (error) => listener(error.message))
      child.once('exit', (code, signal) => listener(signal ?? `code ${code}`))
    },
    kill: () => void child.kill('SIGKILL'),
  }
}
