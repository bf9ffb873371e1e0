// The server's half of SOCKS5 (RFC 1928) on an accepted socket: no authentication, CONNECT only. Answers where the
// program wants to go; whoever opens that way tells it by `accept` or `refuse`. Anything else is refused and closed.
import type { Socket } from 'node:net'
import { AppError } from '#shared/errors.ts'

export interface SocksRequest {
  host: string
  port: number
  accept(): void
  refuse(): void
}

const handshakeMs = 10_000
const version = 5
const noAuthentication = 0
const connectCommand = 1
const reply = (code: number): Buffer => Buffer.from([version, code, 0, 1, 0, 0, 0, 0, 0, 0])
const refused = 5
const notSupported = 7

/** Rejects when the peer speaks something else or says nothing; the socket is closed then. */
export async function readSocksRequest(socket: Socket): Promise<SocksRequest> {
  const late = setTimeout(() => socket.destroy(), handshakeMs)
  const take = createTaker(socket)
  try {
    const [seen, methodCount] = await take(2)
    if (seen !== version) throw unreadable()
    const methods = await take(methodCount!)
    if (!methods.includes(noAuthentication)) {
      socket.end(Buffer.from([version, 0xff]))
      throw unreadable()
    }
    socket.write(Buffer.from([version, noAuthentication]))
    const [, command, , addressKind] = await take(4)
    const host = await readHost(take, addressKind!)
    const port = (await take(2)).readUInt16BE(0)
    if (command !== connectCommand) {
      socket.end(reply(notSupported))
      throw unreadable()
    }
    return {
      host,
      port,
      accept: () => void socket.write(reply(0)),
      refuse: () => void socket.end(reply(refused)),
    }
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    clearTimeout(late)
    take.end()
  }
}

type Take = ((count: number) => Promise<Buffer>) & { end(): void }

async function readHost(take: Take, kind: number): Promise<string> {
  switch (kind) {
    case 1:
      return [...(await take(4))].join('.')
    case 3: {
      const [length] = await take(1)
      return (await take(length!)).toString('latin1')
    }
    case 4: {
      const bytes = await take(16)
      return Array.from({ length: 8 }, (_unused, index) => bytes.readUInt16BE(2 * index).toString(16)).join(':')
    }
    default:
      throw unreadable()
  }
}

/** Exactly so many bytes, in turn. What came beyond them is put back when it ends. */
function createTaker(socket: Socket): Take {
  let held = Buffer.alloc(0)
  let waiting: { count: number; resolve(bytes: Buffer): void; reject(error: Error): void } | undefined
  const serve = (): void => {
    if (!waiting || held.length < waiting.count) return
    const { count, resolve } = waiting
    waiting = undefined
    const taken = held.subarray(0, count)
    held = held.subarray(count)
    resolve(taken)
  }
  const onData = (chunk: Buffer): void => {
    held = Buffer.concat([held, chunk])
    serve()
  }
  const onEnd = (): void => waiting?.reject(unreadable())
  // An accepted socket is paused until somebody is ready for it.
  socket.on('data', onData).on('end', onEnd).on('close', onEnd).resume()
  const take = (count: number): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      if (socket.destroyed) return reject(unreadable())
      waiting = { count, resolve, reject }
      serve()
    })
  return Object.assign(take, {
    end() {
      socket.pause()
      socket.off('data', onData).off('end', onEnd).off('close', onEnd)
      if (held.length > 0) socket.unshift(held)
    },
  })
}

const unreadable = (): AppError => new AppError('invalid-input', 'This was not a SOCKS5 request to connect.')
