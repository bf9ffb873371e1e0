// The launcher with real child processes, in a checkout in miniature: the way from a fresh clone to a running
// shell, the way back to nothing, and the sentences in between.
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import {
  canBeOrdinary,
  createSmallCheckout,
  isAlive,
  type LauncherRun,
  type SmallCheckout,
} from './testing/small-checkout.ts'

const checkouts: SmallCheckout[] = []
const fresh = (): SmallCheckout => {
  const checkout = createSmallCheckout()
  checkouts.push(checkout)
  return checkout
}
afterEach(() => {
  for (const checkout of checkouts.splice(0)) checkout.dispose()
})

const readyPids = async (run: LauncherRun): Promise<number[]> => {
  const match = await run.waitFor(/pids (\d+) (\d+)/)
  await run.waitFor(/child \d+/)
  return [Number(match[1]), Number(match[2])]
}

describe.skipIf(process.platform === 'win32')('npm start (signals as POSIX has them)', () => {
  it('goes from a fresh clone to the loopback shell, and says in one sentence why', async () => {
    const checkout = fresh()
    const run = checkout.start(['--demo', '--no-open', '--port=4711', '--data-dir=lab'], { ENDS_WITH: '0' })
    expect(await run.ended).toEqual({ code: 0, signal: null })
    const lines = run.output().trim().split('\n')
    expect(lines[0]).toMatch(/^Meridian: Installing what is missing \(nothing is installed yet\)/)
    expect(run.output()).toContain('npm was called: ci --include=dev')
    expect(run.output()).toContain('the bundler was called')
    expect(lines.filter((line) => line.includes('instead of the desktop application'))).toEqual([
      expect.stringMatching(/^Meridian: Using your browser instead of the desktop application: .*\.$/),
    ])
    expect(run.output()).toContain(
      `loopback got: --demo --data-dir=${checkout.path('lab')} --port=4711 --no-open`,
    )
  })

  it('does nothing twice: a second start neither installs nor builds, a changed source builds', async () => {
    const checkout = fresh()
    await checkout.start(['--shell=loopback'], { ENDS_WITH: '0' }).ended
    const second = checkout.start(['--shell=loopback'], { ENDS_WITH: '0' })
    await second.ended
    expect(second.output()).not.toMatch(/npm was called|the bundler was called/)
    utimesSync(checkout.path('shared/a.ts'), new Date(), new Date(Date.now() + 5000))
    const third = checkout.start(['--shell=loopback'], { ENDS_WITH: '0' })
    await third.ended
    expect(third.output()).toContain('the bundler was called')
    expect(third.output()).not.toContain('npm was called')
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('leaves no process behind after %s', async (signal) => {
    const checkout = fresh()
    const run = checkout.start(['--shell=loopback'])
    const pids = await readyPids(run)
    expect(pids.every(isAlive)).toBe(true)
    run.kill(signal)
    expect(await run.ended).toEqual({ code: 0, signal: null })
    expect(run.output()).toContain('loopback says goodbye')
    expect(pids.filter(isAlive)).toEqual([])
  })

  it("leaves no process behind after a terminal's Ctrl-C, which reaches all of them at once", async () => {
    const run = fresh().start(['--shell=loopback'])
    const pids = await readyPids(run)
    run.pressControlC()
    expect(await run.ended).toEqual({ code: 0, signal: null })
    expect(pids.filter(isAlive)).toEqual([])
  })

  it('takes orphans with it: children whose parent was killed before anybody asked it to stop', async () => {
    const run = fresh().start(['--shell=loopback'])
    const pids = await readyPids(run)
    process.kill(pids[0]!, 'SIGKILL')
    expect((await run.ended).code).toBe(1)
    expect(pids.filter(isAlive)).toEqual([])
  })

  it('can be stopped while it installs', async () => {
    const run = fresh().start([], { NPM_HANGS: '1' })
    const [, npm] = await run.waitFor(/npm pid (\d+)/)
    run.kill('SIGINT')
    expect(await run.ended).toEqual({ code: 0, signal: null })
    expect(isAlive(Number(npm))).toBe(false)
    expect(run.output()).not.toContain('the bundler was called')
  })

  it('ends by force what will not end, after its grace or at a second Ctrl-C', async () => {
    const checkout = fresh()
    const run = checkout.start(['--shell=loopback'], { IS_STUBBORN: '1' })
    const pids = await readyPids(run)
    const startedAt = Date.now()
    run.kill('SIGINT')
    const again = setInterval(() => run.kill('SIGINT'), 1200)
    await run.ended
    clearInterval(again)
    expect(Date.now() - startedAt).toBeLessThan(5000)
    expect(pids.filter(isAlive)).toEqual([])
  })

  it('does not take the same Ctrl-C, passed on by npm, for a second one', async () => {
    const checkout = fresh()
    const run = checkout.start(['--shell=loopback'])
    await readyPids(run)
    run.kill('SIGINT')
    run.kill('SIGINT')
    await run.ended
    expect(run.output()).toContain('loopback says goodbye')
  })

  it("passes the shell's own failure on", async () => {
    const run = fresh().start(['--shell=loopback'], { ENDS_WITH: '9' })
    expect(await run.ended).toEqual({ code: 9, signal: null })
  })

  it('tells what failed when npm or the build fails, and builds again next time', async () => {
    const checkout = fresh()
    const noInstall = checkout.start([], { NPM_FAILS: '1' })
    expect((await noInstall.ended).code).toBe(1)
    expect(noInstall.output()).toContain('npm ci failed (code 7)')
    const noBuild = checkout.start([], { BUILD_FAILS: '1' })
    expect((await noBuild.ended).code).toBe(1)
    expect(noBuild.output()).toContain('The build failed (code 3)')
    expect(existsSync(checkout.path('out/.build-stamp.json'))).toBe(false)
  })
})

describe.skipIf(process.platform !== 'linux' || !canBeOrdinary())(
  'the desktop shell (Linux, as an ordinary user)',
  () => {
    it('is opened where Electron and a display are there', async () => {
      const checkout = fresh()
      checkout.plantElectron("console.log('electron got: ' + process.argv.slice(2).join(' '))")
      checkout.becomeOrdinary()
      const run = checkout.start(['--demo'], { DISPLAY: ':0' })
      expect(await run.ended).toEqual({ code: 0, signal: null })
      expect(run.output()).toContain(`electron got: ${checkout.root} --demo`)
    })

    it('gives way to the browser when it ends badly at once', async () => {
      const checkout = fresh()
      checkout.plantElectron('process.exit(127)')
      checkout.becomeOrdinary()
      const run = checkout.start([], { DISPLAY: ':0', ENDS_WITH: '0' })
      await run.ended
      expect(run.output()).toContain('Electron could not start here (code 127)')
      expect(run.output()).toContain('loopback got:')
    })

    it('remembers a failed download, so that the next start is quick', async () => {
      const checkout = fresh()
      checkout.becomeOrdinary()
      const first = checkout.start([], { DISPLAY: ':0', ENDS_WITH: '0' })
      await first.ended
      expect(first.output()).toContain('Fetching Electron')
      expect(first.output()).toContain('could not be downloaded (getaddrinfo ENOTFOUND mirror.invalid)')
      const second = checkout.start([], { DISPLAY: ':0', ENDS_WITH: '0' })
      await second.ended
      expect(second.output()).not.toContain('Fetching Electron')
      expect(second.output()).toContain('could not be downloaded')
    })
  },
)

describe('what the launcher refuses', () => {
  it('prints its usage', async () => {
    const run = fresh().start(['--help'])
    expect((await run.ended).code).toBe(0)
    for (const word of ['--demo', '--shell', '--port', '--data-dir', '--help'])
      expect(run.output()).toContain(word)
  })

  it('answers an unknown option with a sentence and code 2, touching nothing', async () => {
    const checkout = fresh()
    const run = checkout.start(['--demoo'])
    expect((await run.ended).code).toBe(2)
    expect(run.output()).toMatch(/does not know the option "--demoo"\. Did you mean --demo\?/)
    expect(run.output().trim().split('\n')).toHaveLength(1)
    expect(existsSync(checkout.path('out'))).toBe(false)
  })

  it('says so when it does not stand in a checkout', async () => {
    const checkout = fresh()
    writeFileSync(checkout.path('package-lock.json'), 'not json')
    const run = checkout.start([])
    expect((await run.ended).code).toBe(1)
    expect(run.output()).toContain('this is no checkout of Meridian')
    expect(readFileSync(checkout.path('package-lock.json'), 'utf8')).toBe('not json')
  })

  it('does not fall back when the desktop was asked for', async () => {
    const run = fresh().start(['--shell=desktop'], { ENDS_WITH: '0' })
    expect((await run.ended).code).toBe(1)
    expect(run.output()).toMatch(
      /The desktop application cannot be opened: .*\. Leave --shell away to use the browser\./,
    )
  })
})
