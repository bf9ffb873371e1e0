// Brings the desktop shell up against the strict fake, in a temporary directory with a small built page, for tests.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Platform } from '#core/platform.ts'
import { createLogBook } from '#core/storage/log-book.ts'
import type { FramePipe } from '#shared/wire/byte-channel.ts'
import { createDesktopShell, type ShellHost, type ShellSetup } from '../desktop-shell.ts'
import { createElectronFake, type FakeOptions } from './electron-fake.ts'

export const pageHtml =
  '<meta name="meridian-carrier" content="__CARRIER__"><script type="module" src="./assets/a.js"></script>'

/** What the shell asked of the host. */
export interface FakeHost extends ShellHost {
  readonly visits: Array<{ label: string; pipe: FramePipe }>
  readonly state: { isDisposed: boolean }
}

export function createFakeHost(): FakeHost {
  const visits: FakeHost['visits'] = []
  const state = { isDisposed: false }
  return {
    visits,
    state,
    connect: ((pipe: FramePipe, label: string) =>
      void visits.push({ pipe, label })) as unknown as ShellHost['connect'],
    streams: { claim: () => undefined } as unknown as ShellHost['streams'],
    channels: { attach: () => false } as unknown as ShellHost['channels'],
    dispose: () => {
      state.isDisposed = true
      return Promise.resolve()
    },
  }
}

export interface StartOptions extends Partial<Omit<FakeOptions, 'userData' | 'appPath'>> {
  argv?: string[]
  system?: NodeJS.Platform
  createHost?: ShellSetup['createHost']
}

export async function startShell(options: StartOptions = {}) {
  const root = mkdtempSync(join(tmpdir(), 'meridian-shell-'))
  mkdirSync(join(root, 'out/renderer/assets'), { recursive: true })
  writeFileSync(join(root, 'out/renderer/index.html'), pageHtml)
  writeFileSync(join(root, 'out/renderer/assets/a.js'), 'export {}')
  writeFileSync(join(root, 'secret.txt'), 'outside the page')
  const fake = createElectronFake({ userData: join(root, 'user'), appPath: root, ...options })
  const host = createFakeHost()
  let platform: Platform | undefined
  const window = await createDesktopShell(fake.electron, {
    bundleDir: join(root, 'out/main'),
    argv: options.argv ?? [],
    cwd: root,
    system: options.system ?? 'linux',
    openLog: () => createLogBook(null, () => 0),
    createHost:
      options.createHost ??
      ((given) => {
        platform = given
        return Promise.resolve(host)
      }),
    createDemoLauncher: () => null,
  })
  const fetchPage = (path: string, init?: RequestInit): Promise<Response> =>
    Promise.resolve(fake.handlers.get('app')!(new Request(new URL(path, 'app://meridian/'), init)))
  return {
    ...fake,
    fake,
    host,
    window,
    root,
    fetchPage,
    platform: () => platform!,
    dispose: () => rmSync(root, { recursive: true, force: true }),
  }
}
