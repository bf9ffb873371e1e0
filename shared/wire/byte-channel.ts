// Duplex bytes with credit over any pipe that carries whole frames (MessagePort, WebSocket, memory): terminals
// and screens. Both ends run this same code. Data frames are bare bytes; control frames are short texts.
// A sender may have `credit` unanswered chunks on the way; the receiver grants one more as each is consumed.

/**
 * What a carrier must supply: frames arrive whole and in order, or `onClose` is called once. A closed pipe drops
 * what it is given; `send` and `close` never throw. Calls (`typed-client.ts`) and byte channels ride the same pipe.
 */
export interface FramePipe {
  send(frame: Uint8Array | string): void
  onFrame(listener: (frame: Uint8Array | string) => void): void
  onClose(listener: (reason: string) => void): void
  close(reason?: string): void
  /** Resolves when what was sent has left this process; absent where the carrier cannot tell. */
  drained?(): Promise<void>
}

export interface ByteChannel {
  /** Resolves when the peer has room for more; rejects when the channel has ended. */
  write(chunk: Uint8Array): Promise<void>
  /** Chunks from the peer; taking one grants the credit for another. Ends when the channel closes. */
  readonly incoming: AsyncIterable<Uint8Array>
  /** Ends the channel once, with a reason both sides can show. Later calls do nothing. */
  close(reason?: string): void
  /** Resolves with the reason when the channel has ended, whoever ended it. */
  readonly closed: Promise<string>
}

export const defaultCredit = 4
/** Frames above this are a fault of the peer and end the channel. */
export const maxFrameBytes = 16 * 1024 * 1024
const maxReasonLength = 500

type Waiter<T> = { resolve: (value: T) => void; reject: (error: Error) => void }

/**
 * Builds one end of a channel on `pipe`; both ends must use the same `credit`. Unknown control texts and frames or
 * credit beyond what was agreed end the channel: a lying peer is not obeyed.
 */
export function createByteChannel(pipe: FramePipe, options: { credit?: number } = {}): ByteChannel {
  const window = options.credit ?? defaultCredit
  let sendCredit = window
  let receiveCredit = window
  let endReason: string | undefined
  const queue: Uint8Array[] = []
  const writers: Array<Waiter<void> & { chunk: Uint8Array }> = []
  const readers: Array<(result: IteratorResult<Uint8Array>) => void> = []
  const { promise: closed, resolve: resolveClosed } = Promise.withResolvers<string>()

  const end = (reason: string): void => {
    if (endReason !== undefined) return
    endReason = reason
    for (const writer of writers.splice(0)) writer.reject(new Error(`The channel has ended: ${reason}`))
    if (queue.length === 0) for (const reader of readers.splice(0)) reader({ done: true, value: undefined })
    resolveClosed(reason)
    pipe.close()
  }
  const refuse = (what: string): void => {
    if (endReason !== undefined) return
    pipe.send(closeFrame(what))
    end(what)
  }
  const flush = (): void => {
    while (sendCredit > 0 && writers.length > 0 && endReason === undefined) {
      const writer = writers.shift()!
      sendCredit -= 1
      pipe.send(writer.chunk)
      writer.resolve()
    }
  }
  const grant = (): void => {
    receiveCredit += 1
    if (endReason === undefined) pipe.send(JSON.stringify({ credit: 1 }))
  }
  const onData = (chunk: Uint8Array): void => {
    if (chunk.byteLength > maxFrameBytes) return refuse('A frame was larger than the limit.')
    if (receiveCredit <= 0) return refuse('The peer sent more than it was granted.')
    receiveCredit -= 1
    const reader = readers.shift()
    if (!reader) return void queue.push(chunk)
    reader({ done: false, value: chunk })
    grant()
  }
  const onControl = (text: string): void => {
    const control = parseControl(text)
    if (!control) return refuse('The peer sent an unreadable control message.')
    if ('close' in control) return end(control.close)
    if (sendCredit + control.credit > window) return refuse('The peer granted more than it was sent.')
    sendCredit += control.credit
    flush()
  }
  pipe.onFrame((frame) => {
    if (endReason !== undefined) return
    if (typeof frame === 'string') onControl(frame)
    else onData(frame)
  })
  pipe.onClose((reason) => end(reason))

  const next = (): Promise<IteratorResult<Uint8Array>> => {
    const chunk = queue.shift()
    if (chunk) {
      grant()
      return Promise.resolve({ done: false, value: chunk })
    }
    if (endReason !== undefined) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => readers.push(resolve))
  }
  return {
    write(chunk) {
      if (endReason !== undefined) return Promise.reject(new Error(`The channel has ended: ${endReason}`))
      const parts = splitChunk(chunk).map(
        (part) =>
          new Promise<void>((resolve, reject) => {
            writers.push({ resolve, reject, chunk: part })
          }),
      )
      flush()
      return Promise.all(parts).then(() => undefined)
    },
    incoming: { [Symbol.asyncIterator]: () => ({ next }) },
    close(reason = 'closed') {
      if (endReason !== undefined) return
      pipe.send(closeFrame(reason))
      end(reason)
    },
    closed,
  }
}

const closeFrame = (reason: string): string => JSON.stringify({ close: reason.slice(0, maxReasonLength) })

/** One chunk as frames that the peer accepts; nearly always the chunk itself. */
function splitChunk(chunk: Uint8Array): Uint8Array[] {
  if (chunk.byteLength <= maxFrameBytes) return [chunk]
  const parts: Uint8Array[] = []
  for (let start = 0; start < chunk.byteLength; start += maxFrameBytes)
    parts.push(chunk.subarray(start, start + maxFrameBytes))
  return parts
}

function parseControl(text: string): { credit: number } | { close: string } | undefined {
  if (text.length > 4096) return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return undefined
    if ('credit' in value && Number.isInteger(value.credit)) {
      const credit = value.credit as number
      return credit > 0 && credit <= 1024 ? { credit } : undefined
    }
    if ('close' in value && typeof value.close === 'string') return { close: value.close }
  } catch {
    return undefined
  }
  return undefined
}
