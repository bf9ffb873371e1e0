// A kept result as CSV (RFC 4180, UTF-8, CRLF, a header line). NULL is an empty field, an empty text is `""`. Numbers are
// exact, floats the shortest that read back; dates and times as PostgreSQL prints them, arrays as its literals.
import type { DataType, RecordBatch } from 'apache-arrow'
import { shortestFloat4, shortestFloat8 } from '#shared/model/sql-number.ts'
import { bytesText, dateText, timestampText, timeText } from '#shared/model/sql-value-text.ts'
import { cellKindOf, cellReader, itemTypeOf, openBatches, type Bytes, type Cell } from './result-batches.ts'

const chunkChars = 256 * 1024

export async function* exportCsv(bytes: Bytes): AsyncGenerator<Uint8Array, void, void> {
  const encoder = new TextEncoder()
  const { schema, batches } = await openBatches(bytes)
  yield encoder.encode(`${schema.fields.map((field) => quoteAlways(field.name)).join(',')}\r\n`)
  const printers = schema.fields.map((field) => fieldPrinter(field.type))
  for await (const batch of batches) for (const text of batchText(batch, printers)) yield encoder.encode(text)
}

type Print = (cell: Exclude<Cell, null>) => string

function* batchText(batch: RecordBatch, printers: readonly Print[]): Generator<string, void, void> {
  const readers = batch.data.children.map(cellReader)
  let text = ''
  for (let row = 0; row < batch.numRows; row += 1) {
    for (let column = 0; column < readers.length; column += 1) {
      const cell = readers[column]!(row)
      if (column > 0) text += ','
      if (cell !== null) text += printers[column]!(cell)
    }
    text += '\r\n'
    if (text.length > chunkChars) {
      yield text
      text = ''
    }
  }
  if (text !== '') yield text
}

const quoteAlways = (text: string): string => `"${text.replaceAll('"', '""')}"`
/** An empty text is quoted so that it differs from NULL. */
const quoteText = (text: string): string =>
  text === '' || /[",\r\n]/.test(text) || text.trim() !== text ? quoteAlways(text) : text

/** Only what can hold a comma or a quote is looked through for one. */
function fieldPrinter(type: DataType): Print {
  const print = cellPrinter(type)
  const kind = cellKindOf(type)
  return kind === 'text' || kind === 'list' ? (cell) => quoteText(print(cell)) : print
}

/** A value without CSV's quotes. */
function cellPrinter(type: DataType): Print {
  switch (cellKindOf(type)) {
    case 'float32':
      return (cell) => shortestFloat4(cell as number)
    case 'float64':
      return (cell) => shortestFloat8(cell as number)
    case 'bytes':
      return (cell) => bytesText(cell as Uint8Array)
    case 'date':
      return (cell) => dateText(cell as number)
    case 'time':
      return (cell) => timeText(cell as bigint)
    case 'timestamp':
      return (cell) => timestampText(cell as bigint)
    case 'timestamptz':
      return (cell) => timestampText(cell as bigint, '+00')
    case 'list': {
      const isText = cellKindOf(itemTypeOf(type)) === 'text'
      const item = cellPrinter(itemTypeOf(type))
      const printItem = (cell: Cell): string =>
        cell === null ? 'NULL' : isText ? quoteItem(item(cell)) : item(cell)
      return (cell) => `{${(cell as Cell[]).map(printItem).join(',')}}`
    }
    default:
      return String
  }
}

/** A text inside of an array literal. */
const quoteItem = (text: string): string =>
  text === '' || /^null$/i.test(text) || /[{},"\\\s]/.test(text)
    ? `"${text.replace(/["\\]/g, '\\$&')}"`
    : text
