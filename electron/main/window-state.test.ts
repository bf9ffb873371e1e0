// Where the window opens, whatever the file says and whichever displays are left.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeContents, FakeWindow } from './testing/fake-window.ts'
import { placeWindow, readWindowState, rememberWindow } from './window-state.ts'

const laptop = { x: 0, y: 25, width: 1440, height: 875 }
const beside = { x: 1440, y: 0, width: 2560, height: 1440 }
const saved = { x: 1600, y: 100, width: 1800, height: 1200, isMaximized: true }

describe('placing the window', () => {
  it('puts it back where it was while that display is there', () => {
    expect(placeWindow(saved, [laptop, beside])).toEqual({
      bounds: { x: 1600, y: 100, width: 1800, height: 1200 },
      isMaximized: true,
    })
  })

  it('leaves the place to the system, and fits the size, when the display is gone', () => {
    expect(placeWindow(saved, [laptop])).toEqual({ bounds: { width: 1440, height: 875 }, isMaximized: true })
  })

  it.each([
    ['only a corner to the right', { ...saved, x: 1340, y: 100 }],
    ['the title bar below the screen', { ...saved, x: 100, y: 880 }],
    ['the title bar above the screen', { ...saved, x: 100, y: -400 }],
    ['far away', { ...saved, x: -99999, y: 5 }],
  ])('does not trust a place with %s', (_what, place) => {
    expect(placeWindow(place, [laptop]).bounds).not.toHaveProperty('x')
  })

  it.each([
    undefined,
    null,
    7,
    {},
    [],
    { ...saved, width: 'wide' },
    { ...saved, width: -1 },
    { ...saved, x: NaN },
  ])('takes the default for %j', (junk) => {
    expect(placeWindow(junk, [beside])).toEqual({ bounds: { width: 1440, height: 900 }, isMaximized: false })
  })

  it('stays usable on a tiny display and with none at all', () => {
    expect(placeWindow(undefined, [{ x: 0, y: 0, width: 640, height: 480 }]).bounds).toEqual({
      width: 960,
      height: 600,
    })
    expect(placeWindow(undefined, []).bounds).toEqual({ width: 1440, height: 900 })
  })
})

describe('remembering the window', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    vi.useFakeTimers()
    folder = mkdtempSync(join(tmpdir(), 'meridian-window-'))
    path = join(folder, 'deep', 'window-state.json')
  })
  afterEach(() => {
    vi.useRealTimers()
    rmSync(folder, { recursive: true })
  })
  const watched = () => {
    const window = new FakeWindow({}, new FakeContents(1))
    const problems: unknown[] = []
    rememberWindow(window.face(), path, (problem) => problems.push(problem))
    return { window, problems }
  }

  it('writes once after a drag has come to rest, and reads it back', () => {
    const { window } = watched()
    for (let step = 0; step < 50; step += 1) {
      window.bounds = { ...window.bounds, x: step }
      window.events.emit('move')
      vi.advanceTimersByTime(100)
      expect(existsSync(path)).toBe(false)
    }
    vi.advanceTimersByTime(400)
    expect(readWindowState(path)).toEqual({ x: 49, y: 20, width: 1200, height: 800, isMaximized: false })
    expect(existsSync(`${path}.new`)).toBe(false)
  })

  it('writes at closing without waiting, and not afterwards', () => {
    const { window } = watched()
    window.state.isMaximized = true
    window.events.emit('resize')
    window.events.emit('close')
    const written = readFileSync(path, 'utf8')
    expect(JSON.parse(written)).toMatchObject({ isMaximized: true })
    window.events.emit('resize')
    window.events.emit('closed')
    window.state.isDestroyed = true
    vi.advanceTimersByTime(1000)
    expect(readFileSync(path, 'utf8')).toBe(written)
  })

  it('keeps the last good place while minimised or full screen', () => {
    const { window } = watched()
    window.state.isMinimized = true
    window.events.emit('close')
    expect(existsSync(path)).toBe(false)
  })

  it('tells a problem instead of throwing it', () => {
    writeFileSync(join(folder, 'deep'), 'a file where a folder should be')
    const { window, problems } = watched()
    window.events.emit('close')
    expect(problems).toHaveLength(1)
  })

  it('reads a broken file as none', () => {
    writeFileSync(join(folder, 'broken.json'), '{"x":')
    expect(readWindowState(join(folder, 'broken.json'))).toBeUndefined()
    expect(readWindowState(join(folder, 'absent.json'))).toBeUndefined()
  })
})
