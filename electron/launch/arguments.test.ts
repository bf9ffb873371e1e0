// The launcher's words.
import { describe, expect, it } from 'vitest'
import { parseArguments, shellArguments, usage } from './arguments.mjs'
import { windowObstacle } from './electron-binary.mjs'
import { missingDependencies } from './prepare.mjs'
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const parse = (...words: string[]) => parseArguments(words, '/home/ada')

describe('launcher arguments', () => {
  it('reads every option, with = or as two words', () => {
    expect(parse('--demo', '--shell', 'loopback', '--port', '0', '--data-dir', 'lab', '--no-open')).toEqual({
      opensDemo: true,
      shell: 'loopback',
      port: 0,
      dataDir: resolve('/home/ada', 'lab'),
      opensBrowser: false,
      wantsHelp: false,
    })
    expect(parse('--data-dir=/srv/a=b').dataDir).toBe(resolve('/srv/a=b'))
  })

  it.each([
    [['--shell=web'], /no shell "web"/],
    [['--port=70000'], /is no port/],
    [['--port=1e3'], /is no port/],
    [['--port'], /needs a value/],
    [['--data-dir', '--demo'], /needs a value/],
    [['--data-dir='], /needs a value/],
    [['--demo=yes'], /does not know the option/],
    [['demo'], /Did you mean --demo\?/],
    [['--shell=desktop', '--port=1'], /opens no port/],
  ])('refuses %j with a sentence', (words, sentence) => {
    expect(() => parse(...words)).toThrow(sentence)
  })

  it('gives each shell only what it knows', () => {
    const request = parse('--demo', '--port=1', '--no-open', '--data-dir=/d')
    expect(shellArguments(request, 'desktop')).toEqual(['--demo', `--data-dir=${resolve('/d')}`])
    expect(shellArguments(request, 'loopback')).toEqual([
      '--demo',
      `--data-dir=${resolve('/d')}`,
      '--port=1',
      '--no-open',
    ])
    expect(usage).toContain('Ctrl-C')
  })
})

describe('what stands in the way of a window', () => {
  const linux = (env: Record<string, string>, userId = 1000) =>
    windowObstacle({ platform: 'linux', env, userId })
  it('is a missing display or the root user on Linux, and nothing elsewhere', () => {
    expect(linux({})).toMatch(/no display/)
    expect(linux({ WAYLAND_DISPLAY: 'wayland-0' })).toBeUndefined()
    expect(linux({ DISPLAY: ':0' }, 0)).toMatch(/root/)
    expect(windowObstacle({ platform: 'darwin', env: {}, userId: 501 })).toBeUndefined()
    expect(windowObstacle({ platform: 'win32', env: {}, userId: undefined })).toBeUndefined()
  })
})

describe('what is installed', () => {
  it('is compared package by package; packages of other systems may be missing', () => {
    const root = mkdtempSync(join(tmpdir(), 'meridian-lock-'))
    const lock = (path: string, packages: object): void =>
      writeFileSync(join(root, path), JSON.stringify({ packages }))
    mkdirSync(join(root, 'node_modules'))
    lock('package-lock.json', {
      '': { version: '1' },
      'node_modules/a': { version: '1.0.0' },
      'node_modules/a-win32': { version: '1.0.0', optional: true },
    })
    expect(missingDependencies(root)).toBe('nothing is installed yet')
    lock('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.0.0' } })
    expect(missingDependencies(root)).toBeUndefined()
    lock('node_modules/.package-lock.json', { 'node_modules/a': { version: '0.9.0' } })
    expect(missingDependencies(root)).toBe('a has changed')
    lock('node_modules/.package-lock.json', {})
    expect(missingDependencies(root)).toBe('a is missing')
    rmSync(root, { recursive: true })
  })
})
