// One console as it runs: connects, carries bytes between the core's channel and the terminal or screen that shows it,
// and says how it ended. It outlives the components that show it. The store owns it and is told of every change.
import type { Client } from '#client/client.ts'
import { toAppError } from '#client/client.ts'
import { withHostKey } from '#client/host-key.store.ts'
import type { ConsoleEnd, OpenedConsole } from '#shared/contracts/consoles.ts'
import type { AppError } from '#shared/errors.ts'
import { movedReason, type ConsoleAddress } from '#shared/model/console.ts'
import type { ByteChannel } from '#shared/wire/byte-channel.ts'
import { createScreen, type ScreenHandle, type ScreenOptions } from '#ui/screen.ts'
import { createTerminal, type TerminalHandle, type TerminalOptions } from '#ui/terminal.ts'

/** What is drawn on; replaced in tests, where nothing is laid out. */
export interface ConsoleParts {
  createTerminal(options: TerminalOptions): TerminalHandle
  createScreen(options: ScreenOptions): ScreenHandle
}
export const realParts: ConsoleParts = { createTerminal, createScreen }

export type ConsolePhase = 'connecting' | 'open' | 'ended'

export interface RunState {
  phase: ConsolePhase
  opened: OpenedConsole | null
  /** Why it could not be opened. */
  failure: AppError | null
  /** How it ended after it was open. */
  end: ConsoleEnd | null
  /** What was last copied on a screen's machine. */
  clipboard: string | null
}

export interface RunOptions {
  client: Client
  address: ConsoleAddress
  parts: ConsoleParts
  fontSize: number
  isDark: boolean
  onChange(state: RunState): void
  /** Output has come; the tab shows it when it is not in sight. */
  onActivity(): void
  onMultilinePaste(text: string): void
  onLink(url: string): void
  isForeignKey(event: KeyboardEvent): boolean
  /** Another window shows it now. */
  onMoved(): void
}

const firstSize = { columns: 100, rows: 30 }
const resizePauseMs = 80
/** Output that the terminal may have before it. */
const waitingLimitBytes = 512 * 1024
/** Programs that were cut may have left the terminal in any mode: alternate screen, mouse, no cursor. */
const calmDown = '\x1b[!p\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?25h\x1b[0m'

export class ConsoleRun {
  terminal: TerminalHandle | null = null
  screen: ScreenHandle | null = null
  state: RunState = { phase: 'connecting', opened: null, failure: null, end: null, clipboard: null }
  private readonly options: RunOptions
  private channel: ByteChannel | null = null
  private attempt = new AbortController()
  private resizeTimer: ReturnType<typeof setTimeout> | undefined
  private isDisposed = false

  constructor(options: RunOptions) {
    this.options = options
  }

  /** Opens it, anew after it has ended. `takeId` moves a console from another window instead. */
  async connect(takeId?: string): Promise<void> {
    const { client, address } = this.options
    this.attempt = new AbortController()
    const { signal } = this.attempt
    this.set({ phase: 'connecting', failure: null, end: null })
    const size = this.terminal?.size ?? firstSize
    try {
      const opened = takeId
        ? await client.consoles.take({ consoleId: takeId, size }, { signal })
        : await withHostKey(client, () => client.consoles.open({ ...address, size }, { signal }))
      if (this.isDisposed || signal.aborted) return client.openChannel(opened.channel).close()
      this.show(opened, client.openChannel(opened.channel))
    } catch (thrown) {
      const failure = toAppError(thrown)
      if (!this.isDisposed) this.set({ phase: 'ended', failure })
    }
  }

  cancel(): void {
    this.attempt.abort()
  }

  /** Ends it, and frees what shows it. */
  dispose(): void {
    this.isDisposed = true
    this.attempt.abort()
    clearTimeout(this.resizeTimer)
    this.screen?.dispose()
    this.channel?.close('The console was closed.')
    this.terminal?.dispose()
  }

  private set(change: Partial<RunState>): void {
    this.state = { ...this.state, ...change }
    this.options.onChange(this.state)
  }

  private show(opened: OpenedConsole, channel: ByteChannel): void {
    this.channel = channel
    if (opened.kind === 'terminal') this.showTerminal(opened, channel)
    else this.showScreen(opened, channel)
    this.set({ phase: 'open', opened })
    void channel.closed.then((reason) => this.finish(opened, channel, reason))
  }

  private showTerminal(opened: OpenedConsole, channel: ByteChannel): void {
    const isAgain = this.terminal !== null
    const { fontSize, isDark, parts, onMultilinePaste, onLink, isForeignKey } = this.options
    this.terminal ??= parts.createTerminal({
      label: `Terminal of ${opened.title}`,
      fontSize,
      isDark,
      onMultilinePaste,
      onLink,
      isForeignKey,
      onInput: (bytes) => this.type(bytes),
      onResize: () => this.tellSize(),
    })
    if (isAgain) void this.terminal.write(calmDown)
    void this.carry(channel, this.terminal)
    this.tellSize()
  }

  private showScreen(opened: OpenedConsole, channel: ByteChannel): void {
    this.screen?.dispose()
    this.screen = this.options.parts.createScreen({
      channel,
      label: `Screen of ${opened.title}`,
      onConnected: () => this.options.onActivity(),
      onDisconnected: () => channel.close('The screen was closed.'),
      onClipboard: (clipboard) => this.set({ clipboard }),
    })
    if (opened.isViewOnly) this.screen.setViewOnly(true)
  }

  private async carry(channel: ByteChannel, terminal: TerminalHandle): Promise<void> {
    let waitingBytes = 0
    for await (const bytes of channel.incoming) {
      this.options.onActivity()
      waitingBytes += bytes.byteLength
      const written = terminal.write(bytes).then(() => void (waitingBytes -= bytes.byteLength))
      // The terminal parses in slices of its own: waiting for each chunk would leave it idle between two of them.
      if (waitingBytes > waitingLimitBytes) await written
    }
  }

  private type(bytes: Uint8Array): void {
    if (this.state.phase === 'open') return void this.channel?.write(bytes).catch(() => undefined)
    // Enter connects again, as the line that told the end says.
    if (this.state.phase === 'ended' && bytes.length === 1 && bytes[0] === 13) void this.connect()
  }

  private tellSize(): void {
    clearTimeout(this.resizeTimer)
    this.resizeTimer = setTimeout(() => {
      const { phase, opened } = this.state
      if (phase !== 'open' || !opened || !this.terminal) return
      const { size } = this.terminal
      // A console that has ended meanwhile has no size.
      void this.options.client.consoles.resize({ consoleId: opened.consoleId, size }).catch(() => undefined)
    }, resizePauseMs)
  }

  private async finish(opened: OpenedConsole, channel: ByteChannel, reason: string): Promise<void> {
    if (this.isDisposed || this.channel !== channel) return
    if (reason === movedReason) return this.options.onMoved()
    const end = await this.options.client.consoles
      .outcome({ consoleId: opened.consoleId }, { signal: AbortSignal.timeout(5_000) })
      .catch((): ConsoleEnd => ({ how: 'lost', exitCode: null, message: reason, error: null }))
    if (this.isDisposed || this.channel !== channel) return
    await this.terminal?.write(`${calmDown}\r\n\x1b[2m── ${end.message} Enter connects again. ──\x1b[0m\r\n`)
    this.set({ phase: 'ended', end })
  }
}
