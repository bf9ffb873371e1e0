// The TCP door in front of one demo database server, where faults happen: slow, cut, garbage, refused logins, a
// server that is not ready. With no fault it only carries bytes, a quarter megabyte at a time, TLS untouched. An
// expired certificate is the server's own doing and not made here. Must never read what it carries.
import { connect, createServer, type Server, type Socket } from 'node:net'
import { TLSSocket, createSecureContext } from 'node:tls'
import type { FaultKind, ServerCertificate } from '../context.ts'

const carryBytes = 256 * 1024
/** A link over a bad line: bytes per second towards the client, and the wait before each piece. */
const slowBytesPerSecond = 24_000
const slowLatencyMs = 350
const slowPieceBytes = 8 * 1024
/** A client that never says hello is dropped. */
const helloTimeoutMs = 10_000

const sslRequestCode = 80_877_103
const gssRequestCode = 80_877_104
const protocolThree = 196_608

interface Pair {
  client: Socket
  upstream: Socket
}

export class FaultGate {
  readonly #upstreamPort: () => number
  readonly #certificate: ServerCertificate
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  readonly #strangers = new Set<Socket>()
  #fault: FaultKind | undefined

  constructor(upstreamPort: () => number, certificate: ServerCertificate) {
    this.#upstreamPort = upstreamPort
    this.#certificate = certificate
    this.#server = createServer({ noDelay: true, pauseOnConnect: true }, (client) => this.#welcome(client))
  }

  /** Opens the door on a free port of 127.0.0.1 and returns it. */
  async listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address()
        resolve(typeof address === 'object' && address ? address.port : 0)
      })
    })
  }

  /** Takes effect on open connections too, where the fault is one that a running session can suffer. */
  apply(fault: FaultKind | undefined): void {
    this.#fault = fault
    for (const socket of this.#strangers) socket.destroy()
    if (fault !== 'cut' && fault !== 'garbage' && fault !== 'server-error') return
    for (const { client, upstream } of this.#pairs) {
      upstream.destroy()
      if (fault === 'garbage') client.end(garbage())
      else client.resetAndDestroy()
    }
  }

  async dispose(): Promise<void> {
    for (const { client, upstream } of this.#pairs) {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of this.#strangers) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #welcome(client: Socket): void {
    client.on('error', () => client.destroy())
    if (this.#fault === 'cut') {
      client.resetAndDestroy()
    } else if (
      this.#fault === 'unauthorized' ||
      this.#fault === 'server-error' ||
      this.#fault === 'garbage'
    ) {
      this.#strangers.add(client)
      client.once('close', () => this.#strangers.delete(client))
      answerFalsely(client, this.#fault, this.#certificate)
    } else this.#carry(client)
  }

  /** Both ways, with back-pressure. Towards the client one buffer is used again and again: tables come that way. */
  #carry(client: Socket): void {
    const buffer = Buffer.allocUnsafe(carryBytes)
    const upstream: Socket = connect({
      host: '127.0.0.1',
      port: this.#upstreamPort(),
      noDelay: true,
      onread: {
        buffer,
        callback: (size) => {
          if (client.destroyed) return true
          const piece = buffer.subarray(0, size)
          return this.#fault === 'slow' ? this.#drip(piece, client, upstream) : pour(piece, client, upstream)
        },
      },
    })
    const pair = { client, upstream }
    this.#pairs.add(pair)
    client.once('close', () => {
      this.#pairs.delete(pair)
      upstream.destroy()
    })
    upstream.on('error', () => client.destroy())
    upstream.once('end', () => client.end())
    upstream.once('close', () => client.destroySoon())
    client.on('data', (bytes) => {
      if (!upstream.write(bytes)) client.pause()
    })
    upstream.on('drain', () => client.resume())
    client.once('end', () => upstream.end())
    client.resume()
  }

  #drip(piece: Buffer, client: Socket, upstream: Socket): boolean {
    let sent = 0
    const sendNext = (): void => {
      if (client.destroyed) return
      const isOver = this.#fault !== 'slow'
      const part = piece.subarray(sent, isOver ? undefined : sent + slowPieceBytes)
      sent += part.length
      client.write(part, () => {
        if (sent >= piece.length) upstream.resume()
        else schedule(part.length)
      })
    }
    const schedule = (bytes: number): void => {
      const waitMs = this.#fault === 'slow' ? slowLatencyMs + (1000 * bytes) / slowBytesPerSecond : 0
      setTimeout(sendNext, waitMs).unref()
    }
    schedule(0)
    return false
  }
}

/** False pauses the source: the kernel did not take all, and the buffer must rest until it has. */
function pour(piece: Buffer, client: Socket, upstream: Socket): boolean {
  let isPaused = false
  client.write(piece, () => {
    if (isPaused) upstream.resume()
  })
  isPaused = client.writableLength > 0
  return !isPaused
}

/** Speaks PostgreSQL's start-up (protocol 3, section 55.2 of the manual) far enough to refuse in its own words. */
function answerFalsely(
  socket: Socket,
  fault: 'unauthorized' | 'server-error' | 'garbage',
  certificate: ServerCertificate,
): void {
  socket.setTimeout(helloTimeoutMs, () => socket.destroy())
  let received = Buffer.alloc(0)
  const onData = (bytes: Buffer): void => {
    received = Buffer.concat([received, bytes])
    if (received.length < 8 || received.length < received.readInt32BE(0)) {
      if (received.length > 20_000) socket.destroy()
      return
    }
    const code = received.readInt32BE(4)
    const message = received.subarray(0, received.readInt32BE(0))
    received = Buffer.alloc(0)
    if (code === gssRequestCode) {
      socket.write('N')
    } else if (code === sslRequestCode && !(socket instanceof TLSSocket)) {
      socket.off('data', onData)
      socket.write('S')
      const secureContext = createSecureContext({ key: certificate.keyPem, cert: certificate.certPem })
      const secure = new TLSSocket(socket, { isServer: true, secureContext })
      secure.on('error', () => socket.destroy())
      answerFalsely(secure, fault, certificate)
    } else if (code === protocolThree) {
      socket.end(fault === 'garbage' ? garbage() : refusal(fault, message))
    } else socket.destroy()
  }
  socket.on('data', onData)
  socket.resume()
}

function refusal(fault: 'unauthorized' | 'server-error', startup: Buffer): Buffer {
  const words = startup.subarray(8).toString('utf8').split('\0')
  const user = words[words.indexOf('user') + 1] ?? ''
  const [state, text] =
    fault === 'unauthorized'
      ? ['28P01', `password authentication failed for user "${user}"`]
      : ['57P03', 'the database system is starting up']
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${state}\0M${text}\0\0`, 'utf8')
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}

/** Bytes that are no message of the protocol, the same every time. */
const garbage = (): Buffer =>
  Buffer.from(Array.from({ length: 2048 }, (_, index) => (index * 197 + 13) & 255))
