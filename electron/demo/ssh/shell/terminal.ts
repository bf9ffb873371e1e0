// An interactive demo shell behind a pseudo-terminal: prompt, echo, line editing, history, Ctrl-C and Ctrl-D. SSH
// shells and `kubectl exec -it` feed it bytes and show what it says.
import { StringDecoder } from 'node:string_decoder'
import { runLine } from './interpreter.ts'
import type { ShellSession } from './machine.ts'

export interface TerminalOptions {
  session: ShellSession
  write(text: string): void
  /** The shell has ended; nothing is written after that. */
  onExit(code: number): void
  banner?: string
}

const historyLimit = 200
const lineLimit = 16 * 1024

export class ShellTerminal {
  private readonly options: TerminalOptions
  private readonly decoder = new StringDecoder('utf8')
  private readonly history: string[] = []
  private line = ''
  private cursor = 0
  private historyAt = 0
  /** Bytes that came while a command ran, and the start of an escape sequence whose end is still to come. */
  private waiting = ''
  private running: AbortController | undefined
  private isOver = false

  constructor(options: TerminalOptions) {
    this.options = options
    if (options.banner !== undefined) this.write(options.banner)
    this.prompt()
  }

  /** Takes what the user typed. */
  feed(bytes: Buffer): void {
    if (this.isOver) return
    this.waiting += this.decoder.write(bytes)
    this.consume()
  }

  resize(columns: number, rows: number): void {
    this.options.session.columns = columns
    this.options.session.rows = rows
  }

  /** The other side is gone: a running command is stopped, nothing is written any more. */
  dispose(): void {
    this.isOver = true
    this.running?.abort()
  }

  private consume(): void {
    while (this.waiting !== '' && !this.isOver) {
      if (this.running !== undefined) {
        const at = this.waiting.indexOf('\u0003')
        if (at < 0) return
        this.waiting = this.waiting.slice(at + 1)
        this.write('^C\r\n')
        this.running.abort()
        return
      }
      const key =
        /^(?:\u001b\[[0-9;]*[A-Za-z~]|\u001bO[A-Z]|\u001b\[?[0-9;]*$|\r\n|[\s\S])/u.exec(this.waiting)?.[0] ??
        ''
      if (/^\u001b\[?[0-9;]*$/.test(key)) return
      this.waiting = this.waiting.slice(key.length)
      this.press(key)
    }
  }

  private press(key: string): void {
    switch (key) {
      case '\r':
      case '\n':
      case '\r\n':
        return this.enter()
      case '\u007f':
      case '\b':
        return this.cursor > 0 ? this.replace(this.cursor - 1, this.cursor, '') : undefined
      case '\u001b[3~':
        return this.replace(this.cursor, this.cursor + 1, '')
      case '\u0003':
        this.write('^C\r\n')
        return this.prompt()
      case '\u0004':
        return this.line === '' ? this.end(this.options.session.lastCode, 'exit\r\n') : undefined
      case '\u0015':
        return this.replace(0, this.cursor, '')
      case '\u000b':
        return this.replace(this.cursor, this.line.length, '')
      case '\u0017':
        return this.replace(this.line.slice(0, this.cursor).replace(/\S+\s*$/, '').length, this.cursor, '')
      case '\u000c':
        this.write(`\u001b[H\u001b[2J${this.promptText()}`)
        return this.redraw(0)
      default:
        return this.move(key)
    }
  }

  private move(key: string): void {
    const end = this.line.length
    const places: Record<string, number> = {
      '\u001b[D': this.cursor - 1,
      '\u001b[C': this.cursor + 1,
      '\u001b[H': 0,
      '\u001b[1~': 0,
      '\u0001': 0,
      '\u001b[F': end,
      '\u001b[4~': end,
      '\u0005': end,
    }
    const place = places[key]
    if (place !== undefined) {
      const next = Math.min(Math.max(place, 0), end)
      if (next < this.cursor) this.write(`\u001b[${this.cursor - next}D`)
      if (next > this.cursor) this.write(`\u001b[${next - this.cursor}C`)
      this.cursor = next
    } else if (key === '\u001b[A') this.recall(-1)
    else if (key === '\u001b[B') this.recall(1)
    else if (key >= ' ' && !key.startsWith('\u001b') && end < lineLimit)
      this.replace(this.cursor, this.cursor, key)
  }

  private recall(step: number): void {
    const next = this.historyAt + step
    if (next < 0 || next > this.history.length) return
    this.historyAt = next
    const shown = this.cursor
    this.line = this.history[next] ?? ''
    this.cursor = this.line.length
    this.redraw(shown)
  }

  /** Replaces a part of the line and shows the change. */
  private replace(from: number, to: number, text: string): void {
    const isAppend = from === this.line.length && to === from
    const shown = this.cursor
    this.line = this.line.slice(0, from) + text + this.line.slice(to)
    this.cursor = from + text.length
    if (isAppend) this.write(text)
    else this.redraw(shown)
  }

  /** Writes the line anew, the cursor standing `shown` letters into the old one. */
  private redraw(shown: number): void {
    const back = this.line.length - this.cursor
    this.write(
      `${shown > 0 ? `\u001b[${shown}D` : ''}\u001b[K${this.line}${back > 0 ? `\u001b[${back}D` : ''}`,
    )
  }

  private enter(): void {
    const { line } = this
    this.write('\r\n')
    if (line.trim() === '') return this.prompt()
    if (this.history.at(-1) !== line) this.history.push(line)
    if (this.history.length > historyLimit) this.history.shift()
    const running = new AbortController()
    this.running = running
    const write = (text: string): void => this.write(text.replace(/\r?\n/g, '\r\n'))
    const streams = { readInput: () => Promise.resolve(''), out: write, err: write }
    runLine(this.options.session, line, streams, running.signal)
      .catch((error: unknown) => write(`bash: ${String(error)}\n`))
      .finally(() => {
        this.running = undefined
        const { exitCode } = this.options.session
        if (exitCode !== undefined) return this.end(exitCode, '')
        this.prompt()
        this.consume()
      })
  }

  private promptText(): string {
    const { machine, directory } = this.options.session
    const place =
      directory === machine.home
        ? '~'
        : directory.startsWith(`${machine.home}/`)
          ? `~${directory.slice(machine.home.length)}`
          : directory
    return `${machine.user}@${machine.hostname}:${place}${machine.uid === 0 ? '#' : '$'} `
  }

  private prompt(): void {
    this.line = ''
    this.cursor = 0
    this.historyAt = this.history.length
    this.write(this.promptText())
  }

  private end(code: number, farewell: string): void {
    if (this.isOver) return
    this.write(farewell)
    this.isOver = true
    this.options.onExit(code)
  }

  private write(text: string): void {
    if (!this.isOver && text !== '') this.options.write(text)
  }
}
