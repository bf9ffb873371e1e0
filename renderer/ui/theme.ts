// Colours, radii and type of the whole application, light and dark. Health colours are chosen to stay apart for
// colour-blind users and always come with a shape or a word.
import { createTheme, Menu, Modal, Notification, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core'
import type { Health } from '#shared/model/inventory.ts'

const meridian: MantineColorsTuple = [
  '#eef0ff', '#dcdffb', '#b6bdf2', '#8e98ea', '#6c79e3', '#5664df', '#4a59dd', '#3b4ac4', '#3341b0', '#28379c',
]
const night: MantineColorsTuple = [
  '#d5d9e6', '#b4bacd', '#8d95ae', '#6d7691', '#4a526c', '#363e58', '#272e45', '#1b2135', '#141929', '#0e121f',
]

export const theme = createTheme({
  primaryColor: 'meridian',
  primaryShade: { light: 7, dark: 5 },
  colors: { meridian, dark: night },
  autoContrast: true,
  respectReducedMotion: true,
  defaultRadius: 'md',
  cursorType: 'pointer',
  fontFamily: 'Inter, "Segoe UI", system-ui, -apple-system, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: '"JetBrains Mono", "SF Mono", ui-monospace, "Cascadia Code", "DejaVu Sans Mono", Menlo, monospace',
  headings: { fontWeight: '650' },
  components: {
    Modal: Modal.extend({ defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } }),
    // What a notice says is to be read: Mantine's dimmed grey is too faint on the notice's own ground.
    Notification: Notification.extend({ styles: { description: { color: 'var(--mantine-color-text)' } } }),
    // The placeholder is a focusable child that no menu may have; without it the first item is focused.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }),
  },
})

/** One colour per state, as CSS variables `--health-ok` … so that plain CSS, SVG and canvas can use them. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--health-ok': '#1a7f4b',
    '--health-warning': '#a85d00',
    '--health-error': '#c62f3b',
    '--health-unknown': '#6d7691',
    '--health-off': '#8d95ae',
    '--surface': '#ffffff',
    '--surface-raised': '#f6f7fb',
    '--surface-sunken': '#eceef5',
    '--line': '#dfe2ec',
    '--text-dim': '#5a6280',
    '--mantine-color-error': '#c0262f',
    '--accent-star': '#7a5200',
    // Mantine's light badges and dimmed texts fall short of 4.5 : 1 on their own grounds.
    '--mantine-color-dimmed': '#5a6280',
    '--mantine-color-green-light-color': '#1c6b31',
    '--mantine-color-yellow-light-color': '#7a5200',
    '--mantine-color-red-light-color': '#ad1d2b',
    '--mantine-color-gray-light-color': '#464d63',
  },
  dark: {
    '--health-ok': '#3fcf8e',
    '--health-warning': '#ffb454',
    '--health-error': '#ff6b76',
    '--health-unknown': '#97a0bd',
    '--health-off': '#6d7691',
    '--surface': '#0e121f',
    '--surface-raised': '#141929',
    '--surface-sunken': '#0a0d17',
    '--line': '#272e45',
    '--text-dim': '#a3abc4',
    '--accent-star': '#ffd479',
    // A failure is read, not shouted: Mantine's own ground for it drowns the text.
    '--mantine-color-red-light': 'rgba(255, 107, 118, 0.13)',
    '--mantine-color-red-light-color': '#ff9aa2',
    '--mantine-color-yellow-light': 'rgba(255, 180, 84, 0.13)',
    '--mantine-color-yellow-light-color': '#ffc27a',
    '--mantine-color-green-light': 'rgba(63, 207, 142, 0.13)',
    '--mantine-color-green-light-color': '#6fdcab',
    '--mantine-color-error': '#ff8a93',
  },
})

export const healthColor = (state: Health): string => `var(--health-${state})`

/** The shape that tells the state without colour. */
export const healthSymbol: Record<Health, string> = { ok: '●', warning: '▲', error: '✕', unknown: '?', off: '○' }
export const healthWord: Record<Health, string> = {
  ok: 'OK',
  warning: 'Warning',
  error: 'Error',
  unknown: 'Unknown',
  off: 'Off',
}
