// A terminal as a thing that outlives the component that shows it: it keeps its screen and its scrollback while the user
// is on another page, and is hung into whatever place shows it. Knows bytes only; where they come from is the owner's.
import '@xterm/xterm/css/xterm.css'
import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { Unicode11Addon } from '@xterm/addon-unicode11'
import { WebLinksAddon } from '@xterm/addon-web-links'
import { WebglAddon } from '@xterm/addon-webgl'
import { Terminal } from '@xterm/xterm'
import { terminalColours } from './terminal-colours.ts'

export interface TerminalOptions {
  label: string
  fontSize: number
  isDark: boolean
  /** Keys and pasted text, as the program on the other side expects them. */
  onInput(bytes: Uint8Array): void
  onResize(size: { columns: number; rows: number }): void
  /** Pasted text with line breaks, which would run as commands: the owner asks first, and pastes it by `paste`. */
  onMultilinePaste(text: string): void
  /** A link was clicked; its address is foreign text. */
  onLink(url: string): void
  /** Keys that belong to the surroundings: true = the terminal leaves them alone. */
  isForeignKey(event: KeyboardEvent): boolean
}

export interface TerminalHandle {
  /** To be hung into the place that shows it. */
  readonly element: HTMLElement
  readonly size: { columns: number; rows: number }
  /** Resolves when the terminal can take more. */
  write(bytes: Uint8Array | string): Promise<void>
  /** As if it were typed, in brackets where the program asks for them. */
  paste(text: string): void
  /** Fits rows and columns to the place; does nothing while it is hidden. */
  fit(): void
  focus(): void
  clear(): void
  setFontSize(pixels: number): void
  setDark(isDark: boolean): void
  /** False when nothing was found. An empty text ends the search. */
  find(text: string, direction: 'next' | 'previous', options: FindOptions): boolean
  endFind(): void
  onFindResult(listener: (index: number, count: number) => void): void
  selection(): string
  /** Everything that can still be scrolled to, as plain lines. */
  text(): string
  dispose(): void
}
export interface FindOptions {
  isCaseSensitive: boolean
  isRegex: boolean
}

const scrollbackLines = 10_000
/** Above this the sender waits until the terminal has caught up. */
const highWaterBytes = 256 * 1024

export function createTerminal(options: TerminalOptions): TerminalHandle {
  const element = document.createElement('div')
  element.className = 'terminal-host'
  const terminal = new Terminal({
    allowProposedApi: true,
    cursorBlink: true,
    fontFamily: '"JetBrains Mono", "SF Mono", ui-monospace, "Cascadia Code", "DejaVu Sans Mono", Menlo, monospace',
    fontSize: options.fontSize,
    minimumContrastRatio: 4.5,
    scrollback: scrollbackLines,
    theme: terminalColours(options.isDark),
    linkHandler: { activate: (_event, url) => options.onLink(url) },
  })
  const fit = new FitAddon()
  const search = new SearchAddon()
  terminal.loadAddon(fit)
  terminal.loadAddon(search)
  terminal.loadAddon(new Unicode11Addon())
  terminal.unicode.activeVersion = '11'
  terminal.loadAddon(new WebLinksAddon((_event, url) => options.onLink(url)))
  const encoder = new TextEncoder()
  terminal.onData((text) => options.onInput(encoder.encode(text)))
  terminal.onBinary((text) => options.onInput(Uint8Array.from(text, (letter) => letter.charCodeAt(0))))
  terminal.onResize(({ cols, rows }) => options.onResize({ columns: cols, rows }))
  terminal.attachCustomKeyEventHandler((event) => !options.isForeignKey(event) && !copySelection(terminal, event))
  guardPaste(element, terminal, options.onMultilinePaste)
  let isOpen = false
  let pendingBytes = 0

  return {
    element,
    get size() {
      return { columns: terminal.cols, rows: terminal.rows }
    },
    write(bytes) {
      const length = typeof bytes === 'string' ? bytes.length : bytes.byteLength
      pendingBytes += length
      const taken = new Promise<void>((resolve) =>
        terminal.write(bytes, () => {
          pendingBytes -= length
          resolve()
        }),
      )
      return pendingBytes > highWaterBytes ? taken : Promise.resolve()
    },
    paste: (text) => terminal.paste(text),
    fit() {
      if (element.clientWidth === 0 || element.clientHeight === 0) return
      if (!isOpen) {
        isOpen = true
        terminal.open(element)
        terminal.textarea?.setAttribute('aria-label', options.label)
        drawOnGpu(terminal)
      }
      fit.fit()
    },
    focus: () => terminal.focus(),
    clear: () => terminal.clear(),
    setFontSize(pixels) {
      terminal.options.fontSize = pixels
      this.fit()
    },
    setDark(isDark) {
      terminal.options.theme = terminalColours(isDark)
    },
    find(text, direction, { isCaseSensitive, isRegex }) {
      if (text === '') {
        search.clearDecorations()
        return true
      }
      const decorations = {
        matchBackground: '#5a4a00',
        matchOverviewRuler: '#b38f00',
        activeMatchBackground: '#b36b00',
        activeMatchColorOverviewRuler: '#ffb454',
      }
      const how = { caseSensitive: isCaseSensitive, regex: isRegex, decorations }
      return direction === 'next' ? search.findNext(text, how) : search.findPrevious(text, how)
    },
    endFind() {
      search.clearDecorations()
      terminal.clearSelection()
    },
    onFindResult: (listener) =>
      void search.onDidChangeResults(({ resultIndex, resultCount }) => listener(resultIndex, resultCount)),
    selection: () => terminal.getSelection(),
    text: () => plainText(terminal),
    dispose() {
      terminal.dispose()
      element.remove()
    },
  }
}

/** Drawing by WebGL is several times faster; where it is missing or its context is lost, the DOM draws. */
function drawOnGpu(terminal: Terminal): void {
  try {
    const addon = new WebglAddon()
    addon.onContextLoss(() => addon.dispose())
    terminal.loadAddon(addon)
  } catch {
    // No WebGL 2 here: xterm goes on drawing by itself.
  }
}

/** Ctrl-Shift-C (on a Mac: ⌘C) copies the selection. Plain Ctrl-C stays the program's. */
function copySelection(terminal: Terminal, event: KeyboardEvent): boolean {
  const isCopy = event.type === 'keydown' && event.code === 'KeyC' && ((event.ctrlKey && event.shiftKey) || event.metaKey)
  if (!isCopy) return false
  const text = terminal.getSelection()
  if (text) void navigator.clipboard.writeText(text).catch(() => undefined)
  event.preventDefault()
  return true
}

/** Text with a line break runs as soon as it is pasted, so somebody is asked first. */
function guardPaste(element: HTMLElement, terminal: Terminal, ask: (text: string) => void): void {
  element.addEventListener(
    'paste',
    (event) => {
      const text = event.clipboardData?.getData('text/plain') ?? ''
      event.preventDefault()
      event.stopPropagation()
      if (text === '') return
      if (/[\r\n]/.test(text.replace(/\r?\n$/, '')) || /\n$/.test(text)) ask(text)
      else terminal.paste(text)
    },
    { capture: true },
  )
}

function plainText(terminal: Terminal): string {
  const buffer = terminal.buffer.normal
  const lines: string[] = []
  for (let row = 0; row < buffer.length; row += 1) {
    const line = buffer.getLine(row)
    if (!line) continue
    const text = line.translateToString(true)
    if (line.isWrapped && lines.length > 0) lines[lines.length - 1] += text
    else lines.push(text)
  }
  return `${lines.join('\n').trimEnd()}\n`
}
