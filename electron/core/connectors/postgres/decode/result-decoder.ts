// The server's answer to one Execute, from raw socket chunks to reports: Arrow messages, notices, how it ended. Pure
// and synchronous: bytes in, reports out. Runs inside the decode worker; tests drive it directly. It never trusts a
// length: memory grows only with bytes that have really arrived. Protocol: PostgreSQL 3.0, extended query.
import { encodeRecordBatch, encodeSchema, type ArrowNode } from '#shared/wire/arrow-frames.ts'
import { ProtocolFault } from './binary-values.ts'
import { arrowTypeOf, type DecodeColumn } from './decode-plan.ts'
import { compileRowDecoder, MultiDimensionalArrayIn, type RowDecoder } from './row-decoder.ts'
import { readFields, type ServerFields } from './server-fields.ts'

export interface DecodeRequest {
  columns: DecodeColumn[]
  /** Rows after which the rest is thrown away and `cut` is reported. */
  maxRows: number
}

export type DecodeReport =
  | { kind: 'schema'; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'batch'; bytes: Uint8Array<ArrayBuffer>; rows: number }
  /** Rows beyond the limit are arriving and being dropped. Reported once. */
  | { kind: 'cut' }
  | { kind: 'notice'; fields: ServerFields }
  | { kind: 'failed'; fields: ServerFields }
  | { kind: 'complete'; commandTag: string }
  /** The statement is a COPY; its data cannot be shown. */
  | { kind: 'copy'; direction: 'in' | 'out' }
  /** The server waits for the next statement. Always the last. */
  | { kind: 'ready' }
  /**
   * Decoding cannot go on and the connection cannot be used any more: the server broke the protocol (`protocol`), or an
   * array cannot be shown as promised (`array`; the message is a sentence for the user).
   */
  | { kind: 'fault'; reason: 'protocol' | 'array'; message: string }

/** PostgreSQL refuses to send a row of more than a gibibyte. */
const maxMessageBytes = 0x40000000
const firstFlushMs = 30
const laterFlushMs = 250
const shortRestBytes = 8 * 1024
const type = (letter: string): number => letter.charCodeAt(0)
const dataRow = type('D')
/** Messages that say nothing a run needs: ParseComplete, BindComplete, CloseComplete, NoData, parameters, notifications. */
const isSilent = new Set(['1', '2', '3', 'n', 't', 'S', 'A', 's', 'K', 'd', 'c'].map(type))

export class ResultDecoder {
  private readonly columns: DecodeColumn[]
  private readonly maxRows: number
  private readonly report: (report: DecodeReport) => void
  private readonly now: () => number
  private decoder: RowDecoder
  /** Pieces of one message that has not arrived whole. */
  private pieces: Uint8Array[] = []
  private piecesBytes = 0
  /** Row messages of the batch in hand while no schema was sent: an array may still turn out to need text. */
  private held: Uint8Array[] = []
  private readonly mayFallBack: boolean
  private hasSchema = false
  private isCut = false
  private isEnded = false
  private flushedRows = 0
  private oldestRowAt = 0

  constructor(
    request: DecodeRequest,
    report: (report: DecodeReport) => void,
    now: () => number = () => performance.now(),
  ) {
    this.columns = request.columns.map((column) => ({ ...column }))
    this.mayFallBack = this.columns.some((column) => column.kind.startsWith('list-'))
    this.maxRows = request.maxRows
    this.report = report
    this.now = now
    this.decoder = compileRowDecoder(this.columns.map((column) => column.kind))
  }

  /** Milliseconds until rows in hand should be shown; undefined when there are none. */
  get flushDueMs(): number | undefined {
    if (this.decoder.rows === 0 || this.isEnded) return undefined
    const wait = this.flushedRows === 0 ? firstFlushMs : laterFlushMs
    return Math.max(0, this.oldestRowAt + wait - this.now())
  }

  /** Answers whether the chunk's memory is still needed: when not, the caller may free it at once. */
  feed(chunk: Uint8Array): boolean {
    if (this.isEnded) return false
    try {
      let from = 0
      while (this.pieces.length > 0) {
        const taken = this.completePiece(chunk, from)
        if (taken === undefined) return this.needs(chunk)
        from = taken
      }
      this.keep(chunk, this.process(chunk, from))
      if (this.flushDueMs === 0) this.flush()
    } catch (error) {
      this.fail(error)
    }
    return this.needs(chunk)
  }

  private needs(chunk: Uint8Array): boolean {
    return this.held.length > 0 || this.pieces.some((piece) => piece.buffer === chunk.buffer)
  }

  /** Sends on what is in hand: the clock says so, or the connection has ended. */
  flush(): void {
    if (this.isEnded) return
    const { rows } = this.decoder
    this.sendSchema()
    if (rows === 0) return
    const nodes: ArrowNode[] = []
    const buffers: (Uint8Array | undefined)[] = []
    this.decoder.collect(nodes, buffers)
    const bytes = encodeRecordBatch(rows, nodes, buffers)
    this.decoder.reset()
    this.flushedRows += rows
    this.report({ kind: 'batch', bytes, rows })
  }

  private sendSchema(): void {
    if (this.hasSchema) return
    this.hasSchema = true
    this.held = []
    const fields = this.columns.map(({ name, kind, metadata }) => ({
      name,
      type: arrowTypeOf(kind),
      metadata,
    }))
    this.report({ kind: 'schema', bytes: encodeSchema(fields) as Uint8Array<ArrayBuffer> })
  }

  /** Adds what the first piece's message still lacks; answers where the chunk goes on, or undefined when it was too short. */
  private completePiece(chunk: Uint8Array, from: number): number | undefined {
    const head =
      this.pieces.length === 1 && this.piecesBytes >= 5 ? this.pieces[0]! : this.joinHead(chunk, from)
    const available = this.piecesBytes + chunk.length - from
    const needed = head.length < 5 ? Number.POSITIVE_INFINITY : 1 + messageSize(head, 0)
    if (available < needed) {
      this.keep(chunk, from)
      return undefined
    }
    const message = new Uint8Array(needed)
    let at = 0
    for (const piece of this.pieces) {
      message.set(piece, at)
      at += piece.length
    }
    const missing = needed - at
    message.set(chunk.subarray(from, from + missing), at)
    this.pieces = []
    this.piecesBytes = 0
    const processed = this.process(message, 0)
    if (processed !== message.length && !this.isEnded)
      throw new ProtocolFault('A message was cut in an unexpected place.')
    return from + missing
  }

  /** The first five bytes of what is kept together with what follows. */
  private joinHead(chunk: Uint8Array, from: number): Uint8Array {
    const first = this.pieces[0]!
    if (first.length >= 5) return first
    const head: number[] = []
    for (const piece of [...this.pieces.slice(0, 5), chunk.subarray(from, from + 5)])
      for (let index = 0; index < piece.length && head.length < 5; index += 1) head.push(piece[index]!)
    return Uint8Array.from(head)
  }

  private keep(chunk: Uint8Array, from: number): void {
    if (from >= chunk.length) return
    // A short rest is copied, so that the chunk can be given back; a piece of a huge value stays where it is.
    const rest = chunk.length - from <= shortRestBytes ? chunk.slice(from) : chunk.subarray(from)
    this.pieces.push(rest)
    this.piecesBytes += rest.length
  }

  /** Handles every whole message from `from` on; answers where the first incomplete one begins. */
  private process(bytes: Uint8Array, from: number): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const end = bytes.length
    let position = from
    while (end - position >= 5 && !this.isEnded) {
      const size = messageSize(bytes, position)
      if (bytes[position] === dataRow && !this.isCut && !this.reachesLimit()) {
        const stopped = this.decodeRows(bytes, view, position, end)
        if (stopped === position) break
        position = stopped
        if (this.decoder.isFull) this.flush()
        continue
      }
      if (position + 1 + size > end) break
      this.handle(bytes[position]!, bytes.subarray(position + 5, position + 1 + size))
      position += 1 + size
    }
    return this.isEnded ? end : position
  }

  private reachesLimit(): boolean {
    if (this.flushedRows + this.decoder.rows < this.maxRows) return false
    this.isCut = true
    this.flush()
    this.report({ kind: 'cut' })
    return true
  }

  private decodeRows(bytes: Uint8Array, view: DataView, from: number, end: number): number {
    const limit = this.maxRows - this.flushedRows
    const isFirst = this.decoder.rows === 0
    const stopped = this.decodeOrFallBack(bytes, view, from, end, limit)
    if (isFirst && this.decoder.rows > 0) this.oldestRowAt = this.now()
    if (!this.hasSchema && this.mayFallBack && stopped > from) this.held.push(bytes.subarray(from, stopped))
    return stopped
  }

  private decodeOrFallBack(
    bytes: Uint8Array,
    view: DataView,
    from: number,
    end: number,
    limit: number,
  ): number {
    for (;;) {
      try {
        return this.decoder.decode(bytes, view, from, end, limit)
      } catch (error) {
        if (!(error instanceof MultiDimensionalArrayIn)) throw error
        this.fallBackToText(error.column)
      }
    }
  }

  /** Before the schema went out a column may still become text; the rows in hand are then decoded again. */
  private fallBackToText(index: number): void {
    const column = this.columns[index]!
    if (this.hasSchema)
      throw new UnevenArrays(
        `Column “${column.name}” holds an array of several dimensions after rows with simple ones. Select it as “${column.name}::text”.`,
      )
    column.kind = 'array-text'
    column.metadata = {
      ...column.metadata,
      'meridian.note': 'Arrays of several dimensions, as PostgreSQL prints them.',
    }
    this.decoder = compileRowDecoder(this.columns.map((item) => item.kind))
    const { held } = this
    this.held = []
    for (const rows of held)
      this.decodeRows(rows, new DataView(rows.buffer, rows.byteOffset, rows.byteLength), 0, rows.length)
  }

  private handle(letter: number, body: Uint8Array): void {
    switch (String.fromCharCode(letter)) {
      case 'D':
        return
      case 'C':
        this.flush()
        return this.report({ kind: 'complete', commandTag: readFields.text(body, 0) })
      case 'I':
        return this.report({ kind: 'complete', commandTag: '' })
      case 'T':
        return this.checkDescription(body)
      case 'N':
        return this.report({ kind: 'notice', fields: readFields(body) })
      case 'E':
        this.flush()
        return this.report({ kind: 'failed', fields: readFields(body) })
      case 'G':
      case 'W':
        return this.report({ kind: 'copy', direction: 'in' })
      case 'H':
        return this.report({ kind: 'copy', direction: 'out' })
      case 'Z':
        this.flush()
        this.isEnded = true
        return this.report({ kind: 'ready' })
      default:
        if (!isSilent.has(letter)) throw new ProtocolFault(`An unknown message (type ${letter}) arrived.`)
    }
  }

  /** The portal's columns must be those that were planned, or every later byte would be misread. */
  private checkDescription(body: Uint8Array): void {
    const described = readFields.rowDescription(body)
    const isSame =
      described.length === this.columns.length &&
      described.every((column, index) => {
        const planned = this.columns[index]!
        return column.typeOid === planned.typeOid && column.format === planned.format
      })
    if (!isSame)
      throw new ProtocolFault(
        'The columns of the result changed while the statement was being started. Run it again.',
      )
  }

  private fail(error: unknown): void {
    this.isEnded = true
    if (!(error instanceof ProtocolFault) && !(error instanceof RangeError)) throw error
    this.report({
      kind: 'fault',
      reason: error instanceof UnevenArrays ? 'array' : 'protocol',
      message: error.message,
    })
  }
}

class UnevenArrays extends ProtocolFault {}

function messageSize(bytes: Uint8Array, at: number): number {
  const size = (bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!
  if (size < 4 || size > maxMessageBytes) throw new ProtocolFault(`A message says it has ${size} bytes.`)
  return size
}
