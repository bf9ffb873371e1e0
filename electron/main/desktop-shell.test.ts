// The life of the desktop shell: start, second start, crash, close, quit, against the strict fake.
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readLaunchOptions } from './launch-options.ts'
import { disposeBeforeExit } from './shutdown.ts'
import { createElectronFake } from './testing/electron-fake.ts'
import { startShell, type StartOptions } from './testing/started-shell.ts'
import { FakeContents, FakeWindow } from './testing/fake-window.ts'
import { preventable } from './testing/strict.ts'

const disposals: Array<() => void> = []
const start = async (options?: StartOptions) => {
  const shell = await startShell(options)
  disposals.push(shell.dispose)
  return shell
}
afterEach(() => {
  for (const dispose of disposals.splice(0)) dispose()
})

describe('starting', () => {
  it('fills the platform and shows the window only once it is painted', async () => {
    const shell = await start({ argv: ['--demo'] })
    const platform = shell.platform()
    expect(platform).toMatchObject({
      version: '0.1.0',
      opensDemo: true,
      hasNativeDialogs: true,
      keychainNote: null,
    })
    expect(platform.keychain?.backend).toBe('gnome_libsecret')
    expect(platform.paths.worker('postgres-decode').href).toMatch(
      /^file:\/\/.*\/out\/main\/postgres-decode\.js$/,
    )
    const [window] = shell.windows
    expect(window!.done).toEqual([])
    window!.events.emit('ready-to-show')
    expect(window!.done).toEqual(['show'])
  })

  it('keeps its data where it is told, in a folder of the user alone, with an instance lock of its own', async () => {
    const shell = await start({ argv: ['--data-dir=my lab'] })
    const data = join(shell.root, 'my lab')
    expect(shell.platform().paths.data).toBe(data)
    expect(shell.fake.electron.app.getPath('userData')).toBe(join(data, 'window'))
    if (process.platform !== 'win32') expect(statSync(data).mode & 0o777).toBe(0o700)
  })

  it('ends at once, touching nothing, when another instance runs', async () => {
    const shell = await start({ hasLock: false })
    expect(shell.window).toBeUndefined()
    expect(shell.log).toContain('quit')
    expect(shell.windows).toHaveLength(0)
    expect(existsSync(join(shell.root, 'user/data'))).toBe(false)
  })

  it('tells in a dialog why it cannot start, and ends', async () => {
    const shell = await start({ createHost: () => Promise.reject(new Error('The store is not a database.')) })
    expect(shell.log.find((line) => line.startsWith('error box'))).toMatch(
      /The store is not a database\.[\s\S]*--data-dir/,
    )
    expect(shell.log).toContain('exit 1')
    expect(shell.windows).toHaveLength(0)
  })

  it('brings its window up at a second start', async () => {
    const shell = await start()
    const [window] = shell.windows
    window!.state.isMinimized = true
    shell.app.emit('second-instance')
    expect(window!.done).toEqual(['restore', 'show', 'focus'])
  })
})

describe('running', () => {
  it.each([
    [0, 2, []],
    [1, 1, ['quit']],
  ])('asks after a crash and follows answer %i', async (answer, loads, log) => {
    const shell = await start({ answer })
    shell.log.length = 0
    shell.windows[0]!.contents.events.emit('render-process-gone', preventable(), {
      reason: 'crashed',
      exitCode: 5,
    })
    await vi.waitFor(() => expect(shell.windows[0]!.loaded).toHaveLength(loads))
    await vi.waitFor(() => expect(shell.log).toEqual(log))
    expect(shell.boxes[0]!.message).toMatch(/stopped working/)
  })

  it('does not ask when the page ended cleanly, and asks once while it hangs', async () => {
    const shell = await start({ answer: 1 })
    shell.windows[0]!.contents.events.emit('render-process-gone', preventable(), {
      reason: 'clean-exit',
      exitCode: 0,
    })
    expect(shell.boxes).toHaveLength(0)
    shell.windows[0]!.events.emit('unresponsive')
    shell.windows[0]!.events.emit('unresponsive')
    expect(shell.boxes).toHaveLength(1)
  })

  it('shows notifications of the system, and its window at a click', async () => {
    const shell = await start()
    shell.platform().notify!('Backup failed', 'proj-pg01')
    expect(shell.notifications[0]).toMatchObject({ title: 'Backup failed', body: 'proj-pg01' })
    shell.notifications[0]!.click()
    expect(shell.windows[0]!.done).toEqual(['show', 'focus'])
    expect((await start({ canNotify: false })).platform().notify).toBeNull()
  })

  it("has each system's menu, made of roles", async () => {
    const roles = async (system: NodeJS.Platform) => JSON.stringify((await start({ system })).menu)
    expect(await roles('darwin')).toMatch(/^\[{"role":"appMenu"}.*"role":"close"/)
    const linux = await roles('linux')
    expect(linux).toContain('"role":"quit"')
    expect(linux).toContain('"role":"about"')
    expect(linux).not.toContain('appMenu')
    const shell = await start()
    const help = shell.menu.at(-1)!.submenu as Array<{ click?: () => void }>
    help[0]!.click!()
    expect(shell.log.at(-1)).toMatch(/^show .*meridian\.log$/)
  })
})

describe('a console in a window of its own', () => {
  it('is shown once it is painted and is a visitor of its own, as are those it opens', async () => {
    const shell = await start()
    const popped = new FakeWindow({}, new FakeContents(7))
    shell.windows[0]!.contents.events.emit('did-create-window', popped.face())
    popped.events.emit('ready-to-show')
    expect(popped.done).toEqual(['show'])
    popped.contents.askForPorts()
    const next = new FakeWindow({}, new FakeContents(8))
    popped.contents.events.emit('did-create-window', next.face())
    next.contents.askForPorts()
    expect(shell.host.visits.map((visit) => visit.label)).toEqual(['window 7', 'window 8'])
  })
})

describe('ending', () => {
  it('quits with its last window, except on macOS, where the dock opens another', async () => {
    const shell = await start()
    shell.app.emit('window-all-closed')
    expect(shell.log).toContain('quit')
    const mac = await start({ system: 'darwin' })
    mac.app.emit('window-all-closed')
    expect(mac.log).not.toContain('quit')
    mac.windows[0]!.state.isDestroyed = true
    mac.app.emit('activate')
    expect(mac.windows).toHaveLength(2)
    mac.windows[1]!.contents.askForPorts()
    expect(mac.host.visits.map((visit) => visit.label)).toEqual(['window 2'])
  })

  it('closes the host before the process ends, once', async () => {
    const shell = await start()
    const events = [preventable(), preventable()]
    for (const event of events) shell.app.emit('will-quit', event)
    expect(events.every((event) => event.defaultPrevented)).toBe(true)
    await vi.waitFor(() => expect(shell.log).toContain('exit 0'))
    expect(shell.host.state.isDisposed).toBe(true)
    expect(shell.log.filter((line) => line === 'exit 0')).toHaveLength(1)
  })

  it.each([
    ['hangs', () => new Promise<void>(() => undefined)],
    ['fails', () => Promise.reject(new Error('no'))],
  ])('ends in time when closing %s', async (_what, dispose) => {
    const fake = createElectronFake({ userData: '/u', appPath: '/a' })
    const told: string[] = []
    const say = (text: string): void => void told.push(text)
    const log = { debug: say, info: say, warn: say, error: say, child: () => log }
    disposeBeforeExit(fake.electron.app, dispose, log, 20)
    fake.app.emit('will-quit', preventable())
    await vi.waitFor(() => expect(fake.log).toEqual(['exit 0']))
    expect(told).toHaveLength(1)
  })
})

describe('the command line', () => {
  it('finds its own words among those of Chromium', () => {
    expect(readLaunchOptions(['/app', '--enable-logging', '--demo', '--data-dir', 'x'], '/home/ada')).toEqual(
      {
        opensDemo: true,
        dataDir: join('/home/ada', 'x'),
      },
    )
    expect(readLaunchOptions(['--data-dir=/srv/lab'], '/').dataDir).toBe('/srv/lab')
    expect(readLaunchOptions(['--data-dir', '--demo'], '/')).toEqual({ opensDemo: true, dataDir: undefined })
    expect(readLaunchOptions([], '/')).toEqual({ opensDemo: false, dataDir: undefined })
  })
})
