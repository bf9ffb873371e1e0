// As much of SPDY/3.1 as kubectl's tunnels need, on the server's side: streams that the client opens, data both ways,
// pings, windows. One frame after the other; header blocks share one zlib stream with the protocol's dictionary.
import { constants, createInflate, type Inflate } from 'node:zlib'
import type { WebSocket } from 'ws'
import { spdyDictionary } from './spdy-dictionary.ts'

const control = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7, windowUpdate: 9 } as const
const finFlag = 1
const largestFrame = 2 ** 24

export interface SpdyStream {
  readonly headers: Record<string, string>
  onData: (bytes: Buffer) => void
  onEnd: () => void
  write(bytes: Uint8Array, done?: () => void): void
  end(): void
}

/** `onStream` is called for each stream that the client opens. A frame that cannot be understood ends the connection. */
export function serveSpdy(connection: WebSocket, onStream: (stream: SpdyStream) => void): void {
  const streams = new Map<number, SpdyStream>()
  const inflate = createInflate({ dictionary: spdyDictionary, finishFlush: constants.Z_SYNC_FLUSH })
  let buffered = Buffer.alloc(0)
  let work = Promise.resolve()
  let hasReplied = false
  /** No headers, as a stored block and a flush of the zlib stream that all replies share. */
  const replyHeaders = (): Buffer => {
    const block = Buffer.from([0x00, 0x04, 0x00, 0xfb, 0xff, 0, 0, 0, 0, 0x00, 0x00, 0x00, 0xff, 0xff])
    const bytes = hasReplied ? block : Buffer.concat([Uint8Array.of(0x78, 0x01), block])
    hasReplied = true
    return bytes
  }
  const send = (bytes: Uint8Array, done?: () => void): void => {
    if (connection.readyState === connection.OPEN) connection.send(bytes, done)
    else done?.()
  }

  function open(id: number, headers: Record<string, string>): void {
    let isEnded = false
    const stream: SpdyStream = {
      headers,
      onData: () => undefined,
      onEnd: () => undefined,
      write: (bytes, done) => (isEnded ? done?.() : send(dataFrame(id, bytes, 0), done)),
      end() {
        if (isEnded) return
        isEnded = true
        send(dataFrame(id, new Uint8Array(0), finFlag))
      },
    }
    streams.set(id, stream)
    send(controlFrame(control.synReply, 0, Buffer.concat([uint32(id), replyHeaders()])))
    onStream(stream)
  }

  async function take(frame: Buffer): Promise<void> {
    const flags = frame[4] ?? 0
    const body = frame.subarray(8)
    if (frame.readUInt32BE(0) >>> 31 === 0) {
      const id = frame.readUInt32BE(0)
      const stream = streams.get(id)
      if (body.length > 0) {
        stream?.onData(Buffer.from(body))
        // Given back at once: the pod's side reads without end.
        send(controlFrame(control.windowUpdate, 0, Buffer.concat([uint32(id), uint32(body.length)])))
        send(controlFrame(control.windowUpdate, 0, Buffer.concat([uint32(0), uint32(body.length)])))
      }
      if (flags & finFlag) stream?.onEnd()
      return
    }
    switch (frame.readUInt16BE(2)) {
      case control.synStream: {
        const id = body.readUInt32BE(0)
        open(id, await readHeaders(inflate, body.subarray(10)))
        if (flags & finFlag) streams.get(id)?.onEnd()
        return
      }
      case control.rstStream:
        streams.get(body.readUInt32BE(0))?.onEnd()
        streams.delete(body.readUInt32BE(0))
        return
      case control.ping:
        return send(controlFrame(control.ping, 0, body))
      case control.goAway:
        return connection.close(1000)
    }
  }

  connection.on('message', (data: Buffer) => {
    buffered = Buffer.concat([buffered, data])
    while (buffered.length >= 8) {
      const length = 8 + (buffered.readUInt32BE(4) & (largestFrame - 1))
      if (buffered.length < length) return
      const frame = buffered.subarray(0, length)
      buffered = buffered.subarray(length)
      work = work.then(() => take(frame)).catch(() => connection.terminate())
    }
  })
  connection.on('close', () => {
    inflate.close()
    for (const stream of streams.values()) stream.onEnd()
    streams.clear()
  })
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function controlFrame(type: number, flags: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt16BE(0x8003, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt32BE(body.length, 4)
  head[4] = flags
  return Buffer.concat([head, body])
}

function dataFrame(id: number, bytes: Uint8Array, flags: number): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(id, 0)
  head.writeUInt32BE(bytes.length, 4)
  head[4] = flags
  return Buffer.concat([head, bytes])
}

/** Blocks end in a sync flush, so that each gives all of its bytes at once. */
async function readHeaders(inflate: Inflate, block: Buffer): Promise<Record<string, string>> {
  const chunks: Buffer[] = []
  const collect = (chunk: Buffer): void => void chunks.push(chunk)
  inflate.on('data', collect)
  await new Promise<void>((resolve, reject) => {
    inflate.once('error', reject)
    inflate.write(block, () => inflate.flush(constants.Z_SYNC_FLUSH, () => {
      inflate.off('error', reject)
      resolve()
    }))
  })
  inflate.off('data', collect)
  const bytes = Buffer.concat(chunks)
  const headers: Record<string, string> = {}
  let at = 4
  const next = (): string => {
    const length = bytes.readUInt32BE(at)
    at += 4 + length
    return bytes.toString('utf8', at - length, at)
  }
  for (let left = bytes.readUInt32BE(0); left > 0; left -= 1) {
    const name = next()
    headers[name.toLowerCase()] = next()
  }
  return headers
}
