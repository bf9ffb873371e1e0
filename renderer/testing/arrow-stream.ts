// A run's body as the core streams it: Arrow IPC frames that a test releases one by one.
import { tableFromArrays, tableToIPC, Table, type RecordBatch } from 'apache-arrow'
import { arrowEndOfStream, readArrowFrame } from '#shared/wire/arrow-frames.ts'

export interface ArrowBody {
  response: Response
  /** Lets the next batch through. */
  next(): void
  /** Lets all through and ends as a complete body does. */
  finish(): void
  /** Breaks off in the middle, as a lost connection does. */
  breakOff(): void
}

/** The schema is sent at once, each array of columns as a batch of its own. */
export function arrowBody(...batches: Array<Record<string, unknown[] | Float64Array | BigInt64Array>>): ArrowBody {
  const tables = batches.map((columns) => tableFromArrays(columns as Record<string, Float64Array>))
  const whole = new Table(tables[0]!.schema, tables.flatMap((table) => table.batches as RecordBatch[]))
  const [schema, ...waiting] = framesOf(tableToIPC(whole, 'stream'))
  let controller!: ReadableStreamDefaultController<Uint8Array>
  const body = new ReadableStream<Uint8Array>({
    start(made) {
      controller = made
      controller.enqueue(schema!)
    },
  })
  const next = (): void => {
    const frame = waiting.shift()
    if (frame) controller.enqueue(frame)
  }
  return {
    response: new Response(body),
    next,
    finish() {
      while (waiting.length > 0) next()
      controller.enqueue(arrowEndOfStream)
      controller.close()
    },
    breakOff: () => controller.error(new TypeError('network error')),
  }
}

function framesOf(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = []
  let at = 0
  for (;;) {
    const frame = readArrowFrame(bytes.subarray(at))
    if (frame.kind === 'end' || frame.kind === 'partial') return frames
    const length = 8 + frame.metadataLength + frame.bodyLength
    frames.push(bytes.slice(at, at + length))
    at += length
  }
}
