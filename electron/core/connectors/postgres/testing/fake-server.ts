// A scripted PostgreSQL server that may lie: it logs anybody in, answers Describe with the given columns, and answers
// Execute with whatever bytes the test wants, in whatever pieces. Cancel requests are counted.
import { createServer, type Socket } from 'node:net'
import {
  authenticationOk,
  backendKeyData,
  concat,
  readyForQuery,
  rowDescription,
  serverMessage,
  textZ,
  type FakeColumn,
} from './server-messages.ts'

export interface FakeScript {
  columns: FakeColumn[]
  /** Called when Execute has arrived; writes the answer, and may end the socket. */
  execute(socket: Socket): void
  /** Bytes sent instead of a correct log-in. */
  greeting?: Uint8Array
  /** Bytes sent instead of a correct description. */
  description?: Uint8Array
}

export interface FakeServer {
  host: string
  port: number
  readonly cancels: number
  dispose(): Promise<void>
}

export async function startFakeServer(script: FakeScript): Promise<FakeServer> {
  let cancels = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    let isStarted = false
    let pending = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk])
      for (;;) {
        const headLength = isStarted ? 5 : 4
        if (pending.length < headLength) return
        const size = pending.readInt32BE(headLength - 4) + (isStarted ? 1 : 0)
        if (pending.length < size) return
        const message = pending.subarray(0, size)
        pending = pending.subarray(size)
        if (!isStarted) {
          if (message.readInt32BE(4) === 80_877_102) {
            cancels += 1
            socket.destroy()
            return
          }
          isStarted = true
          socket.write(script.greeting ?? concat(authenticationOk(), backendKeyData(), readyForQuery()))
        } else answer(script, socket, String.fromCharCode(message[0]!), message)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    host: '127.0.0.1',
    port: typeof address === 'object' && address ? address.port : 0,
    get cancels() {
      return cancels
    },
    async dispose() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answer(script: FakeScript, socket: Socket, letter: string, message: Buffer): void {
  if (letter === 'D' && message[5] === 'S'.charCodeAt(0)) {
    socket.write(
      script.description ??
        concat(
          serverMessage('1'),
          serverMessage('t', Uint8Array.from([0, 0])),
          rowDescription(script.columns),
          readyForQuery(),
        ),
    )
  } else if (letter === 'E') script.execute(socket)
  else if (letter === 'Q') socket.write(concat(serverMessage('C', textZ('SET')), readyForQuery()))
}
