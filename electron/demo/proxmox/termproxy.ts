// The server's side of termproxy on one socket: the login line, then framed input one way and plain output the other.
// As strict as the real one: a wrong login or frame ends the session without a word.
import type { WebSocket } from 'ws'
import type { TerminalProgram } from '../consoles/login-terminal.ts'
import type { ServeConsole } from './console-desk.ts'

export interface TerminalStart {
  write(text: string): void
  onExit(): void
  columns: number
  rows: number
}

const loginMs = 10_000
const longestLine = 1024
const largestFrame = 256 * 1024

/** `start` makes what runs in the terminal, once the client has shown who it is. */
export const serveTermproxy =
  (start: (options: TerminalStart) => TerminalProgram): ServeConsole =>
  (socket, login) => {
    const session = new TermproxySession(socket, login, start)
    return () => session.dispose()
  }

class TermproxySession {
  private readonly socket: WebSocket
  private readonly login: Parameters<ServeConsole>[1]
  private readonly start: (options: TerminalStart) => TerminalProgram
  private readonly timer: NodeJS.Timeout
  private held: Buffer = Buffer.alloc(0)
  private program: TerminalProgram | undefined

  constructor(
    socket: WebSocket,
    login: Parameters<ServeConsole>[1],
    start: (options: TerminalStart) => TerminalProgram,
  ) {
    this.socket = socket
    this.login = login
    this.start = start
    this.timer = setTimeout(() => socket.close(), loginMs)
    this.timer.unref()
    socket.on('message', (data) => this.feed(data as Buffer))
    socket.on('error', () => socket.terminate())
  }

  dispose(): void {
    clearTimeout(this.timer)
    this.program?.dispose()
  }

  private feed(bytes: Buffer): void {
    this.held = Buffer.concat([this.held, bytes])
    if (!this.program && !this.admit()) return
    for (let used = this.step(); used > 0; used = this.step()) this.held = this.held.subarray(used)
  }

  /** True once the login line was right. Tokens are refused here: this version cannot check their tickets. */
  private admit(): boolean {
    const end = this.held.indexOf('\n')
    if (end < 0) {
      if (this.held.length > longestLine) this.socket.close()
      return false
    }
    const line = this.held.toString('utf8', 0, end)
    this.held = this.held.subarray(end + 1)
    if (this.login.isToken || line !== `${this.login.user}:${this.login.ticket}`) {
      this.socket.close()
      return false
    }
    clearTimeout(this.timer)
    this.send('OK')
    this.program = this.start({
      columns: 80,
      rows: 20,
      write: (text) => this.send(text),
      onExit: () => this.socket.close(1000),
    })
    return true
  }

  /** Obeys the frame that begins here. Returns its length; 0 = it is not whole yet. */
  private step(): number {
    const { held } = this
    const head = held.toString('latin1', 0, 32)
    if (head === '') return 0
    if (head.startsWith('2')) return 1
    const input = /^0:(\d+):/.exec(head)
    if (input) {
      const length = Number(input[1])
      if (length > largestFrame) return this.refuse()
      if (held.length < input[0].length + length) return 0
      this.program?.feed(held.subarray(input[0].length, input[0].length + length))
      return input[0].length + length
    }
    const resize = /^1:(\d+):(\d+):/.exec(head)
    if (resize) {
      this.program?.resize(Number(resize[1]), Number(resize[2]))
      return resize[0].length
    }
    return /^[01](:\d*){0,2}$/.test(head) ? 0 : this.refuse()
  }

  private refuse(): number {
    this.socket.close()
    return 0
  }

  private send(text: string): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(Buffer.from(text))
  }
}
