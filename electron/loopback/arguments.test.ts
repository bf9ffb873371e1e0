import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readArguments } from './arguments.ts'
import { loopbackPaths, makeDataDir, usualDataDir } from './paths.ts'

describe('arguments', () => {
  it('has a sensible default for each', () => {
    expect(readArguments([])).toEqual({
      port: 0,
      dataDir: usualDataDir(),
      opensDemo: false,
      opensBrowser: true,
    })
  })
  it('reads each', () => {
    const args = ['--port=4711', '--data-dir', 'here', '--demo', '--no-open']
    expect(readArguments(args)).toEqual({
      port: 4711,
      dataDir: resolve('here'),
      opensDemo: true,
      opensBrowser: false,
    })
  })
  it.each([
    ['--port=x'],
    ['--port=-1'],
    ['--port=65536'],
    ['--port=1e3'],
    ['--port='],
    ['--colour'],
    ['stray'],
    ['--data-dir'],
    ['--demo=yes'],
  ])('refuses %s with a sentence', (...args) => {
    expect(() => readArguments(args)).toThrow(
      expect.objectContaining({ code: 'invalid-input', remedy: expect.any(String) }),
    )
  })
})

describe('places', () => {
  const home = '/home/nova'
  it('keeps data where the system expects it', () => {
    expect(usualDataDir({ platform: 'linux', env: {}, home })).toBe('/home/nova/.local/share/meridian')
    expect(usualDataDir({ platform: 'linux', env: { XDG_DATA_HOME: '/data' }, home })).toBe('/data/meridian')
    expect(usualDataDir({ platform: 'darwin', env: {}, home })).toBe(
      '/home/nova/Library/Application Support/Meridian',
    )
    expect(usualDataDir({ platform: 'win32', env: { LOCALAPPDATA: '/local' }, home })).toBe('/local/Meridian')
  })
  it('finds everything from the bundle and from source', () => {
    const bundled = loopbackPaths('/app/out/main/loopback.js', '/data')
    expect(fileURLToPath(bundled.core.worker('postgres-decode'))).toBe('/app/out/main/postgres-decode.js')
    expect([bundled.pageRoot, bundled.demoProcess]).toEqual([
      '/app/out/renderer',
      '/app/out/main/demo-process.js',
    ])
    const source = loopbackPaths('/app/electron/loopback/index.ts', '/data')
    expect(fileURLToPath(source.core.worker('postgres-decode'))).toBe(
      '/app/electron/core/connectors/postgres/decode-worker.ts',
    )
    expect([source.pageRoot, source.core.resources]).toEqual(['/app/out/renderer', '/app/resources'])
  })
})

describe.skipIf(process.platform === 'win32')('the data directory', () => {
  let directory: string
  beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'meridian-data-'))))
  afterEach(() => rmSync(directory, { recursive: true, force: true }))
  const modeOf = (path: string): number => statSync(path).mode & 0o777

  it('is made for its owner alone', () => {
    makeDataDir(join(directory, 'a', 'b'))
    expect(modeOf(join(directory, 'a', 'b'))).toBe(0o700)
  })
  it('is closed to others when it is ours', () => {
    chmodSync(directory, 0o755)
    writeFileSync(join(directory, 'meridian.sqlite'), '')
    makeDataDir(directory)
    expect(modeOf(directory)).toBe(0o700)
  })
  it("is never somebody's folder with other things in it", () => {
    chmodSync(directory, 0o755)
    writeFileSync(join(directory, 'thesis.tex'), '')
    expect(() => makeDataDir(directory)).toThrow(
      expect.objectContaining({ code: 'forbidden', message: expect.stringContaining(directory) }),
    )
    expect(modeOf(directory)).toBe(0o755)
  })
  it('is refused with a sentence where it cannot be', () => {
    const file = join(directory, 'file')
    writeFileSync(file, '')
    expect(() => makeDataDir(file)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(file) }),
    )
    mkdirSync(join(directory, 'sub'))
    expect(() => makeDataDir(join(file, 'below'))).toThrow(expect.objectContaining({ code: 'forbidden' }))
  })
})
