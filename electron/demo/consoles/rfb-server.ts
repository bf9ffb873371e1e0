// The server's side of RFB 3.8 for one viewer of a demo machine's screen: VNC authentication, whole rows in raw
// encoding, resizing on request, keys, pointer and clipboard. As strict as QEMU: what is not RFB ends the connection.
import { createCipheriv, randomBytes, timingSafeEqual } from 'node:crypto'
import { letterHeight, letterWidth } from './font.ts'
import { drawRows, heightOf, ownFormat, widthOf, type Marked, type PixelFormat } from './pixels.ts'
import type { TextGrid } from './text-grid.ts'

/** The machine behind the screen. */
export interface ScreenMachine {
  readonly name: string
  readonly grid: TextGrid
  /** One key went down (X11 keysym); releases are not told. */
  press(keysym: number, held: ReadonlySet<number>): void
  /** Text for the machine's own clipboard; the middle button puts it in at the cursor. */
  takeClipboard(text: string): void
  pasteClipboard(): void
}

export interface RfbServerOptions {
  machine: ScreenMachine
  password: string
  send(bytes: Buffer): void
  /** Ends the connection. */
  end(): void
}

const version = 'RFB 003.008\n'
const encodings = { raw: 0, desktopSize: -223, extendedDesktopSize: -308 } as const
const vncSecurity = 2
const longestText = 256 * 1024

export class RfbServer {
  private readonly options: RfbServerOptions
  private readonly challenge = randomBytes(16)
  private held: Buffer = Buffer.alloc(0)
  private stage: 'version' | 'security' | 'response' | 'init' | 'running' = 'version'
  private format: PixelFormat = ownFormat
  private accepted = new Set<number>()
  /** The viewer waits for an update; `whole` = it wants everything once more. */
  private request: 'changes' | 'whole' | undefined
  private size: { width: number; height: number }
  private resizeReason: number | undefined
  private readonly keysDown = new Set<number>()
  private marked: Marked | undefined
  private markStart: { column: number; row: number } | undefined
  private buttons = 0
  private stopWatching: (() => void) | undefined
  private isOver = false

  constructor(options: RfbServerOptions) {
    this.options = options
    const { grid } = options.machine
    this.size = { width: widthOf(grid), height: heightOf(grid) }
    options.send(Buffer.from(version))
  }

  feed(bytes: Buffer): void {
    if (this.isOver) return
    this.held = Buffer.concat([this.held, bytes])
    for (let used = this.step(); used > 0 && !this.isOver; used = this.step()) this.held = this.held.subarray(used)
  }

  /** Text was copied in the machine. */
  sendClipboard(text: string): void {
    const body = Buffer.from(text, 'latin1')
    const head = Buffer.alloc(8)
    head[0] = 3
    head.writeUInt32BE(body.length, 4)
    this.options.send(Buffer.concat([head, body]))
  }

  dispose(): void {
    this.isOver = true
    this.stopWatching?.()
  }

  private refuse(): number {
    this.isOver = true
    this.options.end()
    return 0
  }

  /** Handles what begins here. Returns how many bytes it took; 0 = too few are there. */
  private step(): number {
    const { held } = this
    switch (this.stage) {
      case 'version':
        if (held.length < version.length) return 0
        if (held.toString('latin1', 0, version.length) !== version) return this.refuse()
        this.stage = 'security'
        this.options.send(Buffer.of(1, vncSecurity))
        return version.length
      case 'security':
        if (held.length < 1) return 0
        if (held[0] !== vncSecurity) return this.refuse()
        this.stage = 'response'
        this.options.send(this.challenge)
        return 1
      case 'response':
        return held.length < 16 ? 0 : this.judge(held.subarray(0, 16))
      case 'init':
        if (held.length < 1) return 0
        this.stage = 'running'
        this.begin()
        return 1
      case 'running':
        return held.length === 0 ? 0 : this.message(held)
    }
  }

  private judge(response: Buffer): number {
    if (!timingSafeEqual(response, expectedResponse(this.challenge, this.options.password))) {
      const reason = Buffer.from('Authentication failed')
      const head = Buffer.alloc(8)
      head.writeUInt32BE(1)
      head.writeUInt32BE(reason.length, 4)
      this.options.send(Buffer.concat([head, reason]))
      return this.refuse()
    }
    this.stage = 'init'
    this.options.send(Buffer.alloc(4))
    return 16
  }

  private begin(): void {
    const { machine } = this.options
    const name = Buffer.from(machine.name)
    const init = Buffer.alloc(24)
    init.writeUInt16BE(this.size.width, 0)
    init.writeUInt16BE(this.size.height, 2)
    formatBytes(this.format).copy(init, 4)
    init.writeUInt32BE(name.length, 20)
    this.options.send(Buffer.concat([init, name]))
    this.stopWatching = machine.grid.watch(this, () => this.update())
  }

  private message(bytes: Buffer): number {
    const has = (count: number): boolean => bytes.length >= count
    switch (bytes[0]) {
      case 0:
        return has(20) ? this.setFormat(bytes) : 0
      case 2:
        return has(4) && has(4 + 4 * bytes.readUInt16BE(2)) ? this.setEncodings(bytes) : 0
      case 3:
        if (!has(10)) return 0
        this.request = bytes[1] === 0 ? 'whole' : (this.request ?? 'changes')
        this.update()
        return 10
      case 4:
        if (!has(8)) return 0
        this.key(bytes.readUInt32BE(4), bytes[1] !== 0)
        return 8
      case 5:
        if (!has(6)) return 0
        this.point(bytes[1]!, bytes.readUInt16BE(2), bytes.readUInt16BE(4))
        return 6
      case 6:
        return has(8) ? this.takeText(bytes) : 0
      case 251:
        return has(8) && has(8 + 16 * bytes[6]!) ? this.setSize(bytes) : 0
      default:
        return this.refuse()
    }
  }

  private setFormat(bytes: Buffer): number {
    const bitsPerPixel = bytes[4]
    const isTrueColour = bytes[7] !== 0
    if (!isTrueColour || (bitsPerPixel !== 8 && bitsPerPixel !== 16 && bitsPerPixel !== 32)) return this.refuse()
    const channel = (at: number, shiftAt: number) => ({ max: bytes.readUInt16BE(at), shift: bytes[shiftAt]! })
    this.format = {
      bitsPerPixel,
      isBigEndian: bytes[6] !== 0,
      red: channel(8, 14),
      green: channel(10, 15),
      blue: channel(12, 16),
    }
    return 20
  }

  private setEncodings(bytes: Buffer): number {
    const count = bytes.readUInt16BE(2)
    this.accepted = new Set(Array.from({ length: count }, (_, index) => bytes.readInt32BE(4 + 4 * index)))
    // The client learns by a first such rectangle that this server can be resized.
    if (this.accepted.has(encodings.extendedDesktopSize)) this.resizeReason = 0
    return 4 + 4 * count
  }

  private key(keysym: number, isDown: boolean): void {
    if (!isDown) return void this.keysDown.delete(keysym)
    this.keysDown.add(keysym)
    this.options.machine.press(keysym, this.keysDown)
  }

  /** The left button marks text and copies it, as on a text console with a mouse; the middle one pastes. */
  private point(buttons: number, x: number, y: number): void {
    const { machine } = this.options
    const { grid } = machine
    const place = {
      column: Math.min(grid.columns - 1, Math.floor(x / letterWidth)),
      row: Math.min(grid.rows - 1, Math.floor(y / letterHeight)),
    }
    const isLeft = (buttons & 1) !== 0
    if (isLeft && !this.markStart) this.markStart = place
    if (this.markStart && isLeft) this.mark(this.markStart, place)
    if (!isLeft && this.markStart) {
      const text = this.marked ? grid.textBetween(this.marked.from, this.marked.to).trim() : ''
      this.markStart = undefined
      if (text.length > 1) this.sendClipboard(text)
    }
    if ((buttons & 2) !== 0 && (this.buttons & 2) === 0) machine.pasteClipboard()
    this.buttons = buttons
  }

  private mark(start: Marked['from'], end: Marked['to']): void {
    const { grid } = this.options.machine
    const isForward = end.row > start.row || (end.row === start.row && end.column >= start.column)
    const before = this.marked
    this.marked = isForward ? { from: start, to: end } : { from: end, to: start }
    const first = Math.min(before?.from.row ?? this.marked.from.row, this.marked.from.row)
    const last = Math.max(before?.to.row ?? this.marked.to.row, this.marked.to.row)
    for (let row = first; row <= last; row += 1) grid.touch(row)
    grid.tell()
  }

  private takeText(bytes: Buffer): number {
    const length = Math.abs(bytes.readInt32BE(4))
    if (length > longestText) return this.refuse()
    if (bytes.length < 8 + length) return 0
    if (bytes.readInt32BE(4) > 0) this.options.machine.takeClipboard(bytes.toString('latin1', 8, 8 + length))
    return 8 + length
  }

  private setSize(bytes: Buffer): number {
    const columns = Math.floor(bytes.readUInt16BE(2) / letterWidth)
    const rows = Math.floor(bytes.readUInt16BE(4) / letterHeight)
    if (columns >= 20 && rows >= 8 && columns <= 400 && rows <= 200) {
      this.resizeReason = 1
      this.options.machine.grid.resize(columns, rows)
    }
    return 8 + 16 * bytes[6]!
  }

  /** Sends what the viewer waits for, when there is something. */
  private update(): void {
    const { machine } = this.options
    const { grid } = machine
    if (this.request === undefined || this.isOver) return
    const rectangles: Buffer[] = []
    const size = { width: widthOf(grid), height: heightOf(grid) }
    const isResized = size.width !== this.size.width || size.height !== this.size.height
    if (isResized || this.resizeReason !== undefined) {
      const resize = this.resizeRectangle(size)
      // A viewer that cannot follow a new size would draw nonsense.
      if (!resize) return isResized ? void this.refuse() : undefined
      rectangles.push(resize)
      if (isResized) this.request = 'whole'
      this.size = size
    }
    const isWhole = this.request === 'whole'
    const rows = isWhole ? Array.from({ length: grid.rows }, (_, row) => row) : grid.takeChanged(this)
    if (isWhole) grid.takeChanged(this)
    for (const { first, last } of runsOf(rows.filter((row) => row < grid.rows)))
      rectangles.push(
        Buffer.concat([
          rectangle(0, first * letterHeight, size.width, (last - first + 1) * letterHeight, encodings.raw),
          drawRows(grid, { first, last }, this.format, this.marked),
        ]),
      )
    if (rectangles.length === 0) return
    this.request = undefined
    const head = Buffer.alloc(4)
    head.writeUInt16BE(rectangles.length, 2)
    this.options.send(Buffer.concat([head, ...rectangles]))
  }

  private resizeRectangle(size: { width: number; height: number }): Buffer | undefined {
    const reason = this.resizeReason ?? 0
    this.resizeReason = undefined
    if (this.accepted.has(encodings.extendedDesktopSize)) {
      const screens = Buffer.alloc(20)
      screens[0] = 1
      screens.writeUInt16BE(size.width, 12)
      screens.writeUInt16BE(size.height, 14)
      return Buffer.concat([rectangle(reason, 0, size.width, size.height, encodings.extendedDesktopSize), screens])
    }
    if (this.accepted.has(encodings.desktopSize)) return rectangle(0, 0, size.width, size.height, encodings.desktopSize)
    return undefined
  }
}

function rectangle(x: number, y: number, width: number, height: number, encoding: number): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(x, 0)
  head.writeUInt16BE(y, 2)
  head.writeUInt16BE(width, 4)
  head.writeUInt16BE(height, 6)
  head.writeInt32BE(encoding, 8)
  return head
}

/** Neighbouring rows as one piece. */
function runsOf(rows: readonly number[]): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = []
  for (const row of rows) {
    const current = runs.at(-1)
    if (current && row === current.last + 1) current.last = row
    else runs.push({ first: row, last: row })
  }
  return runs
}

function formatBytes(format: PixelFormat): Buffer {
  const bytes = Buffer.alloc(16)
  bytes[0] = format.bitsPerPixel
  bytes[1] = 24
  bytes[2] = format.isBigEndian ? 1 : 0
  bytes[3] = 1
  bytes.writeUInt16BE(format.red.max, 4)
  bytes.writeUInt16BE(format.green.max, 6)
  bytes.writeUInt16BE(format.blue.max, 8)
  bytes[10] = format.red.shift
  bytes[11] = format.green.shift
  bytes[12] = format.blue.shift
  return bytes
}

/** DES of the challenge under the password's first eight bytes, each read from its lowest bit. */
function expectedResponse(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8)
  key.write(password.slice(0, 8), 'latin1')
  const mirrored = Buffer.from(key.map((byte) => parseInt(byte.toString(2).padStart(8, '0').split('').reverse().join(''), 2)))
  // Triple DES with one key thrice is DES, which OpenSSL has put away.
  const key3 = Buffer.concat([mirrored, mirrored, mirrored])
  const blocks = [challenge.subarray(0, 8), challenge.subarray(8, 16)]
  return Buffer.concat(
    blocks.map((block) => createCipheriv('des-ede3-cbc', key3, Buffer.alloc(8)).setAutoPadding(false).update(block)),
  )
}
