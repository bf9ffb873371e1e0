// The sixteen colours of terminals in both themes, chosen to be read on the application's own grounds.
import type { ITheme } from '@xterm/xterm'

const dark: ITheme = {
  background: '#0a0d17',
  foreground: '#dfe3f0',
  cursor: '#8e98ea',
  cursorAccent: '#0a0d17',
  selectionBackground: '#3b4a7a',
  black: '#1b2135',
  red: '#ff6b76',
  green: '#3fcf8e',
  yellow: '#ffb454',
  blue: '#7aa2ff',
  magenta: '#c792ea',
  cyan: '#5fd7e0',
  white: '#d5d9e6',
  brightBlack: '#7d86a3',
  brightRed: '#ff9aa2',
  brightGreen: '#7fe3b4',
  brightYellow: '#ffd479',
  brightBlue: '#a8c3ff',
  brightMagenta: '#e0b8f5',
  brightCyan: '#9aeaf0',
  brightWhite: '#ffffff',
}

const light: ITheme = {
  background: '#fdfdff',
  foreground: '#20263a',
  cursor: '#3b4ac4',
  cursorAccent: '#ffffff',
  selectionBackground: '#c5ccf5',
  black: '#20263a',
  red: '#b3202d',
  green: '#1a6b41',
  yellow: '#845400',
  blue: '#2747b8',
  magenta: '#8a2c9b',
  cyan: '#0f6a75',
  white: '#5a6280',
  brightBlack: '#5a6280',
  brightRed: '#c62f3b',
  brightGreen: '#1a7f4b',
  brightYellow: '#9a6200',
  brightBlue: '#3b5bd6',
  brightMagenta: '#a23bb5',
  brightCyan: '#147f8c',
  brightWhite: '#20263a',
}

export const terminalColours = (isDark: boolean): ITheme => (isDark ? dark : light)
