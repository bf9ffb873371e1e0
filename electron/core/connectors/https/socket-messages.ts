// An open WebSocket as messages that are pulled: nothing more is read from the network while the reader is busy, and a
// peer that has silently gone is noticed by its missing pongs. Used by everything that speaks over upgraded connections.
import type { WebSocket } from 'ws'

export interface SocketMessages {
  /** Messages as they come; ends when the socket has closed. One reader only. */
  readonly incoming: AsyncIterable<Uint8Array>
  /** Resolves when the message has left this process; rejects when the socket is closed. */
  send(message: Uint8Array): Promise<void>
  /** Resolves once when the socket has closed, whoever closed it; before the last messages may have been read. */
  readonly closed: Promise<SocketClose>
  close(): void
}

export interface SocketClose {
  /** 1000 = ended as agreed; 1006 = cut without a word. */
  code: number
  reason: string
  /** True when the peer stopped answering pings. */
  isSilent: boolean
}

/** Messages that may wait for the reader before the network is no longer read. */
const highWater = 16
const pingEveryMs = 15_000
const silentAfterMs = 45_000
/** How long a peer may take to answer our closing before the connection is cut. */
const closeGraceMs = 2_000

/** Takes the socket over; call it in the same turn in which the socket was got, so that no message is missed. */
export function readSocket(socket: WebSocket): SocketMessages {
  const queue: Uint8Array[] = []
  let reader: ((result: IteratorResult<Uint8Array>) => void) | undefined
  let end: SocketClose | undefined
  let heardAtMs = performance.now()
  let isSilent = false
  const { promise: closed, resolve } = Promise.withResolvers<SocketClose>()

  socket.on('message', (data) => {
    const message = data as Buffer
    if (reader) {
      const take = reader
      reader = undefined
      return take({ done: false, value: message })
    }
    queue.push(message)
    if (queue.length >= highWater) socket.pause()
  })
  socket.on('pong', () => (heardAtMs = performance.now()))
  const pinging = setInterval(() => {
    if (socket.isPaused) return void (heardAtMs = performance.now())
    isSilent = performance.now() - heardAtMs > silentAfterMs
    if (isSilent) return socket.terminate()
    socket.ping()
  }, pingEveryMs)
  pinging.unref()
  socket.on('close', (code, reason) => {
    clearInterval(pinging)
    end = { code, reason: reason.toString('utf8').slice(0, 200), isSilent }
    resolve(end)
    reader?.({ done: true, value: undefined })
  })

  const next = (): Promise<IteratorResult<Uint8Array>> => {
    const message = queue.shift()
    if (message) {
      if (queue.length < highWater / 2 && socket.isPaused) socket.resume()
      return Promise.resolve({ done: false, value: message })
    }
    if (end) return Promise.resolve({ done: true, value: undefined })
    return new Promise((take) => (reader = take))
  }
  return {
    incoming: { [Symbol.asyncIterator]: () => ({ next }) },
    send: (message) =>
      new Promise((done, reject) => {
        if (end) return reject(new Error('The socket is closed.'))
        socket.send(message, { binary: true }, (error) => (error ? reject(error) : done()))
      }),
    closed,
    close() {
      if (end) return
      // A paused socket would never see the peer's closing.
      if (socket.isPaused) socket.resume()
      socket.close(1000)
      setTimeout(() => socket.terminate(), closeGraceMs).unref()
    },
  }
}
