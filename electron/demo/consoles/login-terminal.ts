// A getty: asks for user and password, gives a shell, and asks again when that has ended. What a serial port, a text
// console or a node's shell shows to somebody the server does not log in by itself.
import { StringDecoder } from 'node:string_decoder'
import { createSession, type Machine } from '../ssh/shell/machine.ts'
import { ShellTerminal } from '../ssh/shell/terminal.ts'

/** The one password of the lab's text consoles; good nowhere else. Each console says so above its prompt. */
export const consolePassword = 'meridian'

/** What runs behind a terminal's bytes. */
export interface TerminalProgram {
  feed(bytes: Buffer): void
  resize(columns: number, rows: number): void
  dispose(): void
}

export interface LoginOptions {
  /** The machine as one of its users sees it; undefined = there is no such user. */
  machineOf(user: string): Machine | undefined
  hostname: string
  /** Printed above the prompt, like /etc/issue. */
  issue: string
  columns: number
  rows: number
  write(text: string): void
  /** After the shell has ended; absent: the login begins anew. */
  onExit?: (code: number) => void
}

const longestName = 64

export class LoginTerminal implements TerminalProgram {
  private readonly options: LoginOptions
  private readonly decoder = new StringDecoder('utf8')
  private size: { columns: number; rows: number }
  private user: string | undefined
  private typed = ''
  private shell: ShellTerminal | undefined
  private isOver = false

  constructor(options: LoginOptions) {
    this.options = options
    this.size = { columns: options.columns, rows: options.rows }
    this.ask(true)
  }

  feed(bytes: Buffer): void {
    if (this.isOver) return
    if (this.shell) return this.shell.feed(bytes)
    for (const letter of this.decoder.write(bytes)) this.press(letter)
  }

  resize(columns: number, rows: number): void {
    this.size = { columns, rows }
    this.shell?.resize(columns, rows)
  }

  dispose(): void {
    this.isOver = true
    this.shell?.dispose()
  }

  private ask(withIssue: boolean): void {
    const { issue, hostname, write } = this.options
    this.user = undefined
    this.typed = ''
    write(`${withIssue ? `${issue}\r\n\r\n` : ''}${hostname} login: `)
  }

  private press(letter: string): void {
    const { write } = this.options
    if (letter === '\r' || letter === '\n') return this.enter()
    if (letter === '\u007f' || letter === '\b') {
      if (this.typed === '') return
      this.typed = this.typed.slice(0, -1)
      if (this.user === undefined) write('\b \b')
    } else if (letter === '\u0003' || letter === '\u0004') {
      write('\r\n')
      this.ask(false)
    } else if (letter >= ' ' && this.typed.length < longestName) {
      this.typed += letter
      if (this.user === undefined) write(letter)
    }
  }

  private enter(): void {
    const { write, machineOf } = this.options
    write('\r\n')
    if (this.user === undefined) {
      if (this.typed === '') return this.ask(false)
      this.user = this.typed
      this.typed = ''
      return write('Password: ')
    }
    const machine = machineOf(this.user)
    if (!machine || this.typed !== consolePassword) {
      write('\r\nLogin incorrect\r\n')
      return this.ask(false)
    }
    this.start(machine)
  }

  private start(machine: Machine): void {
    const { write, onExit } = this.options
    this.shell = new ShellTerminal({
      session: createSession(machine, { isTerminal: true, ...this.size }),
      banner: `Welcome to ${machine.osName} (GNU/Linux ${machine.kernel} x86_64)\r\n\r\n`,
      write,
      onExit: (code) => {
        this.shell = undefined
        if (onExit) {
          this.isOver = true
          return onExit(code)
        }
        write('\r\n')
        this.ask(true)
      },
    })
  }
}
