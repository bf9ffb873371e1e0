// What the keyboard's modifier is called on this machine; Mantine and CodeMirror both call it `mod`.

const isApple = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? '')

export const modName = isApple ? '⌘' : 'Ctrl'

/** `mod+Enter` → `['Ctrl', 'Enter']`. */
export const keysOf = (shortcut: string): string[] =>
  shortcut.split('+').map((key) => (key === 'mod' ? modName : key.charAt(0).toUpperCase() + key.slice(1)))
