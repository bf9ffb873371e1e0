// The keys of the console host. They are few, and none of them is one that shells or editors live by.

export type ConsoleCommand =
  | 'split-right'
  | 'split-down'
  | 'focus-left'
  | 'focus-right'
  | 'focus-up'
  | 'focus-down'
  | 'next-tab'
  | 'previous-tab'
  | 'close'
  | 'find'
  | 'larger'
  | 'smaller'
  | 'full-screen'

interface Key {
  code: string
  alt?: boolean
  shift?: boolean
  mod?: boolean
}

export const consoleKeys: Readonly<Record<ConsoleCommand, Key & { shown: string }>> = {
  'split-right': { code: 'Equal', alt: true, shift: true, shown: 'Alt Shift +' },
  'split-down': { code: 'Minus', alt: true, shift: true, shown: 'Alt Shift -' },
  'focus-left': { code: 'ArrowLeft', alt: true, shift: true, shown: 'Alt Shift ←' },
  'focus-right': { code: 'ArrowRight', alt: true, shift: true, shown: 'Alt Shift →' },
  'focus-up': { code: 'ArrowUp', alt: true, shift: true, shown: 'Alt Shift ↑' },
  'focus-down': { code: 'ArrowDown', alt: true, shift: true, shown: 'Alt Shift ↓' },
  'next-tab': { code: 'PageDown', alt: true, shown: 'Alt PgDn' },
  'previous-tab': { code: 'PageUp', alt: true, shown: 'Alt PgUp' },
  close: { code: 'KeyQ', alt: true, shift: true, shown: 'Alt Shift Q' },
  find: { code: 'KeyF', mod: true, shift: true, shown: 'Ctrl Shift F' },
  larger: { code: 'Equal', mod: true, shown: 'Ctrl +' },
  smaller: { code: 'Minus', mod: true, shown: 'Ctrl -' },
  'full-screen': { code: 'Enter', alt: true, shift: true, shown: 'Alt Shift Enter' },
}

type Pressed = Pick<KeyboardEvent, 'code' | 'altKey' | 'shiftKey' | 'ctrlKey' | 'metaKey'>

export function consoleCommandOf(event: Pressed): ConsoleCommand | undefined {
  const found = Object.entries(consoleKeys).find(
    ([, key]) =>
      key.code === event.code &&
      (key.alt ?? false) === event.altKey &&
      (key.shift ?? false) === event.shiftKey &&
      (key.mod ?? false) === (event.ctrlKey || event.metaKey),
  )
  return found?.[0] as ConsoleCommand | undefined
}

/** True for a key that the terminal must leave to the host: its own, and the screens' shortcuts (Ctrl 1 to 9). */
export const isConsoleKey = (event: Pressed): boolean =>
  consoleCommandOf(event) !== undefined || ((event.ctrlKey || event.metaKey) && !event.altKey && /^Digit\d$/.test(event.code))
