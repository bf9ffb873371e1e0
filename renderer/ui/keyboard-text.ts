// Text as the key presses of a US keyboard, for machines that have no clipboard: login prompts, boot menus. Also the
// combinations that a browser or the system would keep for itself. Pure: nothing is sent from here.

export interface KeyPress {
  /** X11 keysym. */
  keysym: number
  /** The physical key, as browsers name it; null where the US keyboard has none. */
  code: string | null
  isShifted: boolean
}

export const keysyms = {
  backspace: 0xff08,
  tab: 0xff09,
  enter: 0xff0d,
  escape: 0xff1b,
  shift: 0xffe1,
  control: 0xffe3,
  alt: 0xffe9,
  meta: 0xffeb,
  delete: 0xffff,
  print: 0xff61,
} as const

const plain = new Map<string, string>([
  ...Array.from('abcdefghijklmnopqrstuvwxyz', (letter) => [letter, `Key${letter.toUpperCase()}`] as const),
  ...Array.from('0123456789', (digit) => [digit, `Digit${digit}`] as const),
  [' ', 'Space'],
  ['-', 'Minus'],
  ['=', 'Equal'],
  ['[', 'BracketLeft'],
  [']', 'BracketRight'],
  ['\\', 'Backslash'],
  [';', 'Semicolon'],
  ["'", 'Quote'],
  ['`', 'Backquote'],
  [',', 'Comma'],
  ['.', 'Period'],
  ['/', 'Slash'],
])
const shiftedOf = new Map(Array.from('!@#$%^&*()_+{}|:"~<>?', (sign, at) => [sign, '1234567890-=[]\\;\'`,./'.charAt(at)] as const))

/** The presses that type `text`; a line break becomes Enter, however it is written. */
export function pressesOf(text: string): KeyPress[] {
  return Array.from(text.replace(/\r\n?/g, '\n'), (letter) => {
    if (letter === '\n') return { keysym: keysyms.enter, code: 'Enter', isShifted: false }
    if (letter === '\t') return { keysym: keysyms.tab, code: 'Tab', isShifted: false }
    const keysym = keysymOf(letter.codePointAt(0)!)
    const base = plain.has(letter) ? letter : (shiftedOf.get(letter) ?? letter.toLowerCase())
    return { keysym, code: plain.get(base) ?? null, isShifted: base !== letter && plain.has(base) }
  })
}

/** Letters that a US keyboard cannot type: the guest gets them by name only, and may not know them. */
export const untypable = (text: string): string[] => [
  ...new Set(Array.from(text.replace(/[\r\n\t]/g, '')).filter((letter) => pressesOf(letter)[0]?.code === null)),
]

/** Latin-1 letters are their own keysyms; X11 gives the rest of Unicode a range of its own. */
const keysymOf = (codePoint: number): number => (codePoint <= 0xff ? codePoint : 0x0100_0000 | codePoint)

export interface KeyCombination {
  label: string
  /** Pressed in this order, released in the reverse. */
  keys: ReadonlyArray<{ keysym: number; code: string }>
}

const control = { keysym: keysyms.control, code: 'ControlLeft' }
const alt = { keysym: keysyms.alt, code: 'AltLeft' }
const functionKey = (number: number) => ({ keysym: 0xffbd + number, code: `F${number}` })

/** What the page’s own browser or system would take for itself. */
export const keyCombinations: readonly KeyCombination[] = [
  { label: 'Ctrl-Alt-Del', keys: [control, alt, { keysym: keysyms.delete, code: 'Delete' }] },
  { label: 'Ctrl-Alt-Backspace', keys: [control, alt, { keysym: keysyms.backspace, code: 'Backspace' }] },
  ...[1, 2, 3, 7].map((number) => ({ label: `Ctrl-Alt-F${number}`, keys: [control, alt, functionKey(number)] })),
  { label: 'Alt-Tab', keys: [alt, { keysym: keysyms.tab, code: 'Tab' }] },
  { label: 'Alt-F4', keys: [alt, functionKey(4)] },
  { label: 'Super', keys: [{ keysym: keysyms.meta, code: 'MetaLeft' }] },
  { label: 'Escape', keys: [{ keysym: keysyms.escape, code: 'Escape' }] },
  { label: 'Print Screen', keys: [{ keysym: keysyms.print, code: 'PrintScreen' }] },
]
