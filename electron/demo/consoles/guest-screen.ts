// What the screen of a demo guest shows: boot messages while it comes up, then a text login that works, or the lock
// screen of a Windows server. One screen a guest, the same for all its viewers; it begins anew when the guest boots.
import type { Machine } from '../ssh/shell/machine.ts'
import { consolePassword, LoginTerminal, type TerminalProgram } from './login-terminal.ts'
import type { ScreenMachine } from './rfb-server.ts'
import { TextGrid } from './text-grid.ts'

export interface GuestFacts {
  name: string
  osName: string
  isWindows: boolean
  vcpu: number
  memoryBytes: number
  kernel: string
  bootMs: number
}

export interface GuestScreenOptions {
  guest: GuestFacts
  machineOf(user: string): Machine | undefined
  nowMs(): number
}

const columns = 100
const rows = 40
const blinkMs = 530
/** How long a boot is on the screen. */
const bootSeconds = 14

const keysyms: Readonly<Record<number, string>> = {
  0xff08: '\u007f',
  0xff09: '\t',
  0xff0d: '\r',
  0xff8d: '\r',
  0xff1b: '\u001b',
  0xff50: '\u001b[H',
  0xff51: '\u001b[D',
  0xff52: '\u001b[A',
  0xff53: '\u001b[C',
  0xff54: '\u001b[B',
  0xff57: '\u001b[F',
  0xffff: '\u001b[3~',
}
const control = { left: 0xffe3, right: 0xffe4 }
const alt = { left: 0xffe9, right: 0xffea }
const shift = { left: 0xffe1, right: 0xffe2 }
const deleteKey = 0xffff

export class GuestScreen implements ScreenMachine {
  readonly grid = new TextGrid(columns, rows)
  readonly name: string
  private readonly options: GuestScreenOptions
  private readonly blink: NodeJS.Timeout
  private program: TerminalProgram | undefined
  private bootTimer: NodeJS.Timeout | undefined
  private clipboard = ''
  private size = { columns, rows }

  constructor(options: GuestScreenOptions) {
    this.options = options
    this.name = `QEMU (${options.guest.name})`
    this.blink = setInterval(() => this.tick(), blinkMs)
    this.blink.unref()
    if (options.guest.isWindows) this.showLock()
    else this.showBoot(0)
  }

  get bootMs(): number {
    return this.options.guest.bootMs
  }

  press(keysym: number, held: ReadonlySet<number>): void {
    const isHeld = (key: { left: number; right: number }): boolean => held.has(key.left) || held.has(key.right)
    if (keysym === deleteKey && isHeld(control) && isHeld(alt)) return this.secureAttention()
    if (keysym >= 0xffe1 && keysym <= 0xffee) return
    const letter = keysyms[keysym] ?? letterOf(keysym, isHeld(shift))
    if (letter === undefined) return
    if (this.options.guest.isWindows) return this.lockKey(letter)
    const typed = isHeld(control) && /^[a-z]$/i.test(letter) ? String.fromCharCode(letter.toUpperCase().charCodeAt(0) - 64) : letter
    this.program?.feed(Buffer.from(typed))
  }

  takeClipboard(text: string): void {
    this.clipboard = text
  }

  pasteClipboard(): void {
    this.program?.feed(Buffer.from(this.clipboard.replace(/\r?\n/g, '\r')))
  }

  dispose(): void {
    clearInterval(this.blink)
    clearTimeout(this.bootTimer)
    this.program?.dispose()
  }

  private tick(): void {
    const { grid } = this
    if (grid.columns !== this.size.columns || grid.rows !== this.size.rows) {
      this.size = { columns: grid.columns, rows: grid.rows }
      this.program?.resize(grid.columns, grid.rows)
      if (this.options.guest.isWindows) this.showLock()
    }
    grid.isCursorShown = !grid.isCursorShown && !this.options.guest.isWindows
    grid.touch(grid.cursor.row)
    grid.tell()
  }

  /** Writes the boot lines that are due, and goes on until the login is there. */
  private showBoot(from: number): void {
    const lines = bootLines(this.options.guest)
    const age = (this.options.nowMs() - this.bootMs) / 1000
    let next = from
    while (next < lines.length && (next / lines.length) * bootSeconds <= age) {
      this.grid.write(`${lines[next]}\r\n`)
      next += 1
    }
    if (next >= lines.length) return this.startLogin()
    this.bootTimer = setTimeout(() => this.showBoot(next), 200)
    this.bootTimer.unref()
  }

  private startLogin(): void {
    const { guest, machineOf } = this.options
    this.grid.clear()
    this.program = new LoginTerminal({
      machineOf,
      hostname: guest.name,
      issue: `${guest.osName} ${guest.name} tty1\r\n\r\nMeridian demo lab: log in as astro or root, password "${consolePassword}".`,
      columns: this.grid.columns,
      rows: this.grid.rows,
      write: (text) => this.grid.write(text),
    })
  }

  /** Ctrl-Alt-Del: a Linux console reboots, which the lab only announces; Windows asks for the password. */
  private secureAttention(): void {
    if (this.options.guest.isWindows) return this.showPassword('')
    this.grid.write('\r\n[ demo lab ] Ctrl-Alt-Del was pressed: a real guest would restart now.\r\n')
    this.program?.feed(Buffer.from('\r'))
  }

  private password: string | undefined

  private showLock(note = 'Press Ctrl+Alt+Delete to unlock.'): void {
    const { grid } = this
    this.password = undefined
    grid.write('\u001b[44;97m')
    grid.clear(4)
    const { guest, nowMs } = this.options
    const clock = new Date(nowMs()).toISOString().slice(11, 16)
    this.centre(Math.floor(grid.rows / 3), clock)
    this.centre(Math.floor(grid.rows / 3) + 2, guest.osName)
    this.centre(Math.floor(grid.rows / 3) + 3, guest.name)
    this.centre(grid.rows - 6, note)
  }

  private showPassword(typed: string): void {
    const { grid } = this
    this.showLock('Enter signs in, Escape goes back.')
    this.password = typed
    const field = '*'.repeat(typed.length).padEnd(24)
    this.centre(Math.floor(grid.rows / 2), 'Administrator')
    grid.write('\u001b[47;30m')
    this.centre(Math.floor(grid.rows / 2) + 2, ` ${field} `)
    grid.write('\u001b[44;97m')
  }

  private lockKey(letter: string): void {
    if (this.password === undefined) return
    if (letter === '\u001b') return this.showLock()
    if (letter === '\r') return this.showLock('The demo lab has no desktop behind this screen.')
    this.showPassword(letter === '\u007f' ? this.password.slice(0, -1) : (this.password + letter).slice(0, 24))
  }

  private centre(row: number, text: string): void {
    const column = Math.max(1, Math.floor((this.grid.columns - text.length) / 2) + 1)
    this.grid.write(`\u001b[${row + 1};${column}H${text}`)
  }
}

/** A viewer that sends the bare key and holds Shift means the shifted letter of a US keyboard. */
function letterOf(keysym: number, isShifted: boolean): string | undefined {
  const code = keysym >= 0x0100_0000 ? keysym - 0x0100_0000 : keysym
  if (code < 0x20 || (code > 0xff && keysym < 0x0100_0000)) return undefined
  const letter = String.fromCodePoint(code)
  return isShifted && /^[a-z]$/.test(letter) ? letter.toUpperCase() : letter
}

function bootLines({ name, osName, vcpu, memoryBytes, kernel }: GuestFacts): string[] {
  const gibibytes = Math.round(memoryBytes / 2 ** 30)
  const ok = '[\u001b[32m  OK  \u001b[0m]'
  const units = [
    'Created slice Slice /system/modprobe.',
    'Reached target Local Encrypted Volumes.',
    'Mounted Kernel Debug File System.',
    'Started Journal Service.',
    'Finished Load Kernel Modules.',
    'Started Rule-based Manager for Device Events.',
    'Found device Virtio network device.',
    'Reached target Local File Systems.',
    'Started Network Configuration.',
    'Reached target Network is Online.',
    'Started System Logging Service.',
    'Started QEMU Guest Agent.',
    'Started OpenBSD Secure Shell server.',
    'Reached target Multi-User System.',
  ]
  return [
    'SeaBIOS (version rel-1.16.3)',
    `Machine: q35, ${vcpu} processors, ${gibibytes} GiB memory`,
    'Booting from Hard Disk...',
    'GRUB loading.',
    '',
    `[    0.000000] Linux version ${kernel} (buildd@lcy02) #66-Ubuntu SMP PREEMPT_DYNAMIC`,
    '[    0.000000] Command line: BOOT_IMAGE=/vmlinuz root=/dev/sda2 ro console=tty1 console=ttyS0',
    '[    0.004113] kvm-clock: Using msrs 4b564d01 and 4b564d00',
    `[    0.121877] smp: Brought up 1 node, ${vcpu} CPUs`,
    `[    0.412004] Memory: ${gibibytes * 1024 * 1024 - 90112}K available`,
    '[    1.020313] virtio_blk virtio1: [vda] logical blocks',
    '[    1.336720] EXT4-fs (sda2): mounted filesystem with ordered data mode',
    `[    1.902211] systemd[1]: Hostname set to <${name}>.`,
    `Welcome to ${osName}!`,
    '',
    ...units.map((unit) => `${ok} ${unit}`),
  ]
}
