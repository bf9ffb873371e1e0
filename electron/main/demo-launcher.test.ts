// The demo lab as a utility process of Electron, played by the strict fake.
import { describe, expect, it } from 'vitest'
import { createDemoLauncher } from './demo-launcher.ts'
import { createElectronFake } from './testing/electron-fake.ts'

describe('the lab on the desktop', () => {
  it('runs its bundle in a process with a name, and lives and dies with it', async () => {
    const { electron, children } = createElectronFake({ userData: '/u', appPath: '/a' })
    await electron.app.whenReady()
    const launcher = createDemoLauncher(electron.utilityProcess, '/a/out/main/demo-process.js')
    const deaths: string[] = []
    const starting = launcher.start({
      dataDir: '/u/demo',
      onProgress: () => undefined,
      onExit: (reason) => deaths.push(reason),
      signal: new AbortController().signal,
    })
    const [child] = children
    expect(child!.started).toEqual({
      modulePath: '/a/out/main/demo-process.js',
      args: [],
      forkOptions: { serviceName: 'Meridian demo lab', stdio: 'inherit' },
    })
    expect(child!.received).toEqual([{ type: 'start', dataDir: '/u/demo' }])
    child!.events.emit('message', { type: 'ready', siteName: 'Demo', drafts: [] })
    expect((await starting).siteName).toBe('Demo')
    child!.events.emit('exit', 139)
    await expect.poll(() => deaths).toEqual(['code 139'])
  })
})
