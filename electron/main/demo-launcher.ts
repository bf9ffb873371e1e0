// Runs the demo lab in a utility process of Electron, which is a plain Node process even where the fuses forbid
// running Electron itself as one.
import type { DemoLauncher } from '#core/platform.ts'
import { createLabLauncher, type LabProcess } from '#demo/lab-launcher.ts'
import type { ChildSlice, ElectronSlice } from './electron-slice.ts'

/** `modulePath` is the lab's bundle, demo-process.js. */
export function createDemoLauncher(
  utilityProcess: ElectronSlice['utilityProcess'],
  modulePath: string,
): DemoLauncher {
  return createLabLauncher(() =>
    asLabProcess(utilityProcess.fork(modulePath, [], { serviceName: 'Meridian demo lab', stdio: 'inherit' })),
  )
}

const asLabProcess = (child: ChildSlice): LabProcess => ({
  send: (command) => child.postMessage(command),
  onMessage: (listener) => void child.on('message', listener),
  onExit: (listener) => void child.on('exit', (code) => listener(`code ${code}`)),
  kill: () => void child.kill(),
})
