// The text console of a demo machine as a grid of letters: obeys the few control sequences that the lab's shell and
// boot messages use, and remembers which rows have changed. Knows no pixels and no protocol.

export interface Cell {
  letter: string
  /** Index into the sixteen colours of a text console. */
  colour: number
  ground: number
}

const grey = 7
const black = 0
const blank = (ground = black): Cell => ({ letter: ' ', colour: grey, ground })

export class TextGrid {
  columns: number
  rows: number
  cursor = { column: 0, row: 0 }
  isCursorShown = true
  private lines: Cell[][]
  private colour = grey
  private ground = black
  private isBold = false
  private held = ''
  private readonly listeners = new Set<() => void>()
  private readonly changed = new Map<object, Set<number>>()

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
    this.lines = Array.from({ length: rows }, () => this.blankLine())
  }

  cell(column: number, row: number): Cell {
    return this.lines[row]?.[column] ?? blank()
  }

  /** Tells `listener` after every change; `viewer` then finds its rows by `takeChanged`. */
  watch(viewer: object, listener: () => void): () => void {
    this.changed.set(viewer, new Set())
    this.listeners.add(listener)
    return () => {
      this.changed.delete(viewer)
      this.listeners.delete(listener)
    }
  }

  /** The rows that changed since this viewer last asked. */
  takeChanged(viewer: object): number[] {
    const rows = this.changed.get(viewer)
    const taken = [...(rows ?? [])].sort((one, other) => one - other)
    rows?.clear()
    return taken
  }

  hasChanged(viewer: object): boolean {
    return (this.changed.get(viewer)?.size ?? 0) > 0
  }

  write(text: string): void {
    let rest = this.held + text
    this.held = ''
    while (rest !== '') {
      const sequence = /^\u001b(?:\[[0-9;?]*[@-~]|[^[])/.exec(rest)
      if (sequence) {
        this.obey(sequence[0])
        rest = rest.slice(sequence[0].length)
      } else if (rest.startsWith('\u001b')) {
        this.held = rest
        break
      } else {
        const letter = Array.from(rest.slice(0, 2))[0] ?? ''
        this.put(letter)
        rest = rest.slice(letter.length)
      }
    }
    this.tell()
  }

  resize(columns: number, rows: number): void {
    const kept = this.lines.slice(Math.max(0, this.cursor.row + 1 - rows))
    this.cursor.row = Math.min(this.cursor.row, rows - 1)
    this.columns = columns
    this.rows = rows
    this.cursor.column = Math.min(this.cursor.column, columns - 1)
    this.lines = Array.from({ length: rows }, (_, row) =>
      Array.from({ length: columns }, (_, column) => kept[row]?.[column] ?? blank()),
    )
    this.touchAll()
    this.tell()
  }

  clear(ground = black): void {
    this.ground = ground
    this.lines = Array.from({ length: this.rows }, () => this.blankLine())
    this.cursor = { column: 0, row: 0 }
    this.touchAll()
    this.tell()
  }

  /** Marks a row as changed without changing it: the blinking cursor, a selection. */
  touch(row: number): void {
    for (const rows of this.changed.values()) rows.add(row)
  }

  tell(): void {
    for (const listener of this.listeners) listener()
  }

  /** The text between two places, line by line. */
  textBetween(from: { column: number; row: number }, to: { column: number; row: number }): string {
    const lines: string[] = []
    for (let row = from.row; row <= to.row; row += 1) {
      const start = row === from.row ? from.column : 0
      const end = row === to.row ? to.column + 1 : this.columns
      lines.push((this.lines[row] ?? []).slice(start, end).map((cell) => cell.letter).join('').trimEnd())
    }
    return lines.join('\n')
  }

  private blankLine(): Cell[] {
    return Array.from({ length: this.columns }, () => blank(this.ground))
  }

  private touchAll(): void {
    for (let row = 0; row < this.rows; row += 1) this.touch(row)
  }

  private put(letter: string): void {
    const { cursor } = this
    this.touch(cursor.row)
    if (letter === '\r') cursor.column = 0
    else if (letter === '\n') this.feedLine()
    else if (letter === '\b') cursor.column = Math.max(0, cursor.column - 1)
    else if (letter === '\t') cursor.column = Math.min(this.columns - 1, (Math.floor(cursor.column / 8) + 1) * 8)
    else if (letter >= ' ') {
      if (cursor.column >= this.columns) {
        cursor.column = 0
        this.feedLine()
      }
      const line = this.lines[cursor.row]
      if (line) line[cursor.column] = { letter, colour: this.colour + (this.isBold ? 8 : 0), ground: this.ground }
      cursor.column += 1
    }
    this.touch(cursor.row)
  }

  private feedLine(): void {
    this.cursor.row += 1
    if (this.cursor.row < this.rows) return
    this.cursor.row = this.rows - 1
    this.lines.shift()
    this.lines.push(this.blankLine())
    this.touchAll()
  }

  private obey(sequence: string): void {
    const [, digits = '', command = ''] = /^\u001b\[([0-9;]*)([A-Za-z])$/.exec(sequence) ?? []
    const numbers = digits.split(';').map(Number)
    const count = Math.max(1, numbers[0] ?? 1)
    const { cursor } = this
    this.touch(cursor.row)
    switch (command) {
      case 'A':
        cursor.row = Math.max(0, cursor.row - count)
        break
      case 'B':
        cursor.row = Math.min(this.rows - 1, cursor.row + count)
        break
      case 'C':
        cursor.column = Math.min(this.columns - 1, cursor.column + count)
        break
      case 'D':
        cursor.column = Math.max(0, cursor.column - count)
        break
      case 'H':
        cursor.row = Math.min(this.rows, Math.max(1, numbers[0] || 1)) - 1
        cursor.column = Math.min(this.columns, Math.max(1, numbers[1] || 1)) - 1
        break
      case 'J':
        this.lines = this.lines.map(() => this.blankLine())
        this.touchAll()
        break
      case 'K':
        this.lines[cursor.row]?.fill(blank(this.ground), cursor.column)
        break
      case 'm':
        this.dress(numbers)
        break
    }
    this.touch(cursor.row)
  }

  private dress(numbers: number[]): void {
    for (const number of numbers) {
      if (number === 0) {
        this.colour = grey
        this.ground = black
        this.isBold = false
      } else if (number === 1) this.isBold = true
      else if (number >= 30 && number <= 37) this.colour = number - 30
      else if (number === 39) this.colour = grey
      else if (number >= 40 && number <= 47) this.ground = number - 40
      else if (number === 49) this.ground = black
      else if (number >= 90 && number <= 97) this.colour = number - 90 + 8
    }
  }
}
