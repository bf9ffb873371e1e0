// Where the window was: read at start, checked against the displays of today, written when it has moved. A broken
// or outdated file only means the default place; nothing here can keep the application from starting.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { Rectangle } from 'electron'
import type { WindowSlice } from './electron-slice.ts'

const savedState = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  isMaximized: z.boolean(),
})

export interface WindowPlace {
  /** Without x and y the system chooses the place. */
  bounds: { x?: number; y?: number; width: number; height: number }
  isMaximized: boolean
}

export const smallestWindow = { width: 960, height: 600 }
const defaultSize = { width: 1440, height: 900 }
/** So much of the window must be on a display for a hand to be able to grab it. */
const visiblePixels = { width: 200, height: 80 }
const writeDelayMs = 400

/** Fits `saved` (anything a file may hold) onto the given work areas. */
export function placeWindow(saved: unknown, workAreas: readonly Rectangle[]): WindowPlace {
  const parsed = savedState.safeParse(saved)
  if (!parsed.success) return { bounds: fit(defaultSize, workAreas[0]), isMaximized: false }
  const { isMaximized, ...place } = parsed.data
  const area = workAreas.find((candidate) => isGrabbable(place, candidate))
  if (!area) return { bounds: fit(place, workAreas[0]), isMaximized }
  return { bounds: { x: place.x, y: Math.max(place.y, area.y), ...fit(place, area) }, isMaximized }
}

function fit(
  size: { width: number; height: number },
  area: Rectangle | undefined,
): { width: number; height: number } {
  const limit = (wanted: number, least: number, most: number): number =>
    Math.max(least, Math.min(wanted, most))
  return {
    width: limit(size.width, smallestWindow.width, area?.width ?? size.width),
    height: limit(size.height, smallestWindow.height, area?.height ?? size.height),
  }
}

/** The title bar's strip must lie on the display, not only some lower corner. */
function isGrabbable(place: Rectangle, area: Rectangle): boolean {
  const across = Math.min(place.x + place.width, area.x + area.width) - Math.max(place.x, area.x)
  const below = area.y + area.height - place.y
  return (
    across >= visiblePixels.width && below >= visiblePixels.height && place.y >= area.y - visiblePixels.height
  )
}

export function readWindowState(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

/** Writes the window's place half a second after it last changed, and when it closes. */
export function rememberWindow(window: WindowSlice, path: string, onProblem: (error: unknown) => void): void {
  let timer: NodeJS.Timeout | undefined
  const write = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (window.isDestroyed() || window.isMinimized() || window.isFullScreen()) return
    try {
      replaceFile(path, JSON.stringify({ ...window.getNormalBounds(), isMaximized: window.isMaximized() }))
    } catch (error) {
      onProblem(error)
    }
  }
  const schedule = (): void => {
    clearTimeout(timer)
    timer = setTimeout(write, writeDelayMs)
  }
  for (const event of ['resize', 'move', 'maximize', 'unmaximize'] as const) window.on(event, schedule)
  window.on('close', write)
  window.on('closed', () => clearTimeout(timer))
}

/** The file is either the old or the new one, never half of it. */
function replaceFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
