// The rows of one result, as Arrow record batches outside reactive state. The reader appends, the grid asks for
// single cells of the visible rectangle, plots ask for whole numeric columns. Nothing here copies rows into objects.
import { RecordBatchReader, type Field, type RecordBatch, type Schema, type Vector } from 'apache-arrow'

const announceEveryMs = 100

export class ResultTable {
  schema: Schema | null = null
  rowCount = 0
  /** Bumped when listeners are told: the one thing components subscribe to. */
  revision = 0
  private toldAtMs = -Infinity
  private telling: ReturnType<typeof setTimeout> | undefined
  private readonly batches: RecordBatch[] = []
  /** First row of each batch, for finding a row by bisection. */
  private readonly starts: number[] = []
  private readonly listeners = new Set<() => void>()

  get fields(): readonly Field[] {
    return this.schema?.fields ?? []
  }

  append(batch: RecordBatch): void {
    this.starts.push(this.rowCount)
    this.batches.push(batch)
    this.rowCount += batch.numRows
    this.announceSoon()
  }

  setSchema(schema: Schema): void {
    this.schema = schema
    this.announce()
  }

  /** The value as Arrow gives it (bigint for int8, Vector for a list), or null. */
  value(row: number, column: number): unknown {
    const index = this.batchOf(row)
    const batch = this.batches[index]
    const start = this.starts[index]
    if (!batch || start === undefined) return null
    return batch.getChildAt(column)?.get(row - start) ?? null
  }

  /** One column's pieces in order, for plots that go through all of it. */
  *columnChunks(column: number): Generator<{ vector: Vector; startRow: number }> {
    for (const [index, batch] of this.batches.entries()) {
      const vector = batch.getChildAt(column)
      if (vector) yield { vector, startRow: this.starts[index]! }
    }
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
  getRevision = (): number => this.revision

  /** Batches may come by the hundred a second; the screen follows ten times a second. */
  private announceSoon(): void {
    if (this.telling !== undefined) return
    const waitMs = this.toldAtMs + announceEveryMs - performance.now()
    if (waitMs <= 0) return this.announce()
    this.telling = setTimeout(() => this.announce(), waitMs)
  }

  /** Tells everybody now; called by the reader when nothing more will come. */
  announce(): void {
    clearTimeout(this.telling)
    this.telling = undefined
    this.toldAtMs = performance.now()
    this.revision += 1
    for (const listener of this.listeners) listener()
  }

  private batchOf(row: number): number {
    let low = 0
    let high = this.starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.starts[middle]! <= row) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** How long one slice of reading may keep the page busy before it lets input through. */
const sliceMs = 12

/**
 * Reads a streamed body into `table`. Rejects when the body breaks off; what has arrived stays. Yields to the page
 * between batches, so that scrolling goes on while rows pour in.
 */
export async function readArrowStream(response: Response, table: ResultTable, signal: AbortSignal): Promise<void> {
  const body = watchedBody(response)
  const reader = await RecordBatchReader.from(body.stream)
  try {
    await reader.open({ autoDestroy: true })
    if (reader.schema) table.setSchema(reader.schema)
    let sliceStartedAt = performance.now()
    for await (const batch of reader) {
      if (signal.aborted) break
      if (batch.numRows > 0) table.append(batch)
      if (performance.now() - sliceStartedAt < sliceMs) continue
      await new Promise<void>((resolve) => setTimeout(resolve))
      sliceStartedAt = performance.now()
    }
  } finally {
    table.announce()
    if (signal.aborted) await reader.cancel()
  }
  if (body.failure !== undefined && !signal.aborted) throw body.failure
}

/** The body. Arrow's reader takes a failing source for a finished one, so the failure is kept beside it. */
function watchedBody(response: Response): { stream: ReadableStream<Uint8Array>; failure: unknown } {
  const reader = response.body?.getReader()
  let isLeft = false
  const watched = {
    failure: undefined as unknown,
    stream: new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const { done, value } = (await reader?.read()) ?? { done: true }
          // Arrow leaves the stream at its end mark, while the next read is still under way.
          if (isLeft) return
          if (value) controller.enqueue(value)
          if (done) controller.close()
        } catch (thrown) {
          if (isLeft) return
          watched.failure = thrown
          controller.close()
        }
      },
      cancel(reason) {
        isLeft = true
        return reader?.cancel(reason).catch(() => undefined)
      },
    }),
  }
  return watched
}
