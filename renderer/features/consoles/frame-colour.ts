// The colour around a console, so that nobody types into the wrong machine: red for the nodes that carry everything,
// one of the calm colours for the rest, always the same for the same target, unless the user has chosen another.
import type { CSSProperties } from 'react'
import type { Settings } from '#shared/contracts/app.ts'
import { consoleKey, type ConsoleAddress } from '#shared/model/console.ts'

export const frameColours = ['red', 'orange', 'yellow', 'lime', 'teal', 'cyan', 'blue', 'indigo', 'violet', 'grape', 'gray'] as const
export type FrameColour = (typeof frameColours)[number]

const calm = ['teal', 'cyan', 'blue', 'indigo', 'violet', 'grape', 'lime'] as const satisfies readonly FrameColour[]

export function frameColourOf(address: ConsoleAddress, settings: Settings | null): FrameColour {
  const key = consoleKey(address)
  const chosen = settings?.consoleFrames[key]
  return frameColours.find((colour) => colour === chosen) ?? derivedColour(address, key)
}

const derivedColour = ({ target }: ConsoleAddress, key: string): FrameColour =>
  target.kind === 'node' ? 'red' : calm[hashOf(key) % calm.length]!

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0
  return hash
}

export const colourValue = (colour: FrameColour): string => `var(--mantine-color-${colour}-6)`

/** The colour as the variable that the style sheet draws frames with. */
export const frameStyle = (colour: FrameColour): CSSProperties => ({ '--frame': colourValue(colour) }) as CSSProperties
