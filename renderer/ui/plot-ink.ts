// Theme colours for canvases, which cannot use CSS variables.

export interface PlotInk {
  text: string
  grid: string
  accent: string
}

export function inkOf(): PlotInk {
  const style = getComputedStyle(document.documentElement)
  const read = (name: string, otherwise: string): string => style.getPropertyValue(name).trim() || otherwise
  return {
    text: read('--text-dim', '#888'),
    grid: read('--line', '#ccc'),
    accent: read('--mantine-primary-color-filled', '#5664df'),
  }
}

/** Colours of several lines in one chart, apart for colour-blind readers (after Okabe and Ito), by theme. */
export const seriesColors: Record<'light' | 'dark', readonly string[]> = {
  light: ['#3b4ac4', '#b35900', '#00795a', '#a8327d', '#6a5a00', '#00688b'],
  dark: ['#8e98ea', '#ffb454', '#3fcf8e', '#f08cc8', '#e5d85c', '#6cc6ee'],
}
