// The WebSocket of a console: the route's own checks first, then the port that waits behind it. With the real proxy's
// rules: whatever subprotocol is asked for is echoed, no compression, no frame above 128 KiB.
import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { ApiFault } from '../api2/api-fault.ts'
import type { ConsoleDesk } from './console-desk.ts'

const largestFrame = 128 * 1024

/** `answer` runs the GET route of the same address: login, rights, parameters, ticket. */
export function createConsoleUpgrade(
  answer: (request: IncomingMessage) => Promise<Record<string, unknown>>,
  consoles: ConsoleDesk,
  basePath: string,
) {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: largestFrame,
    handleProtocols: (offered) => [...offered][0] ?? false,
  })

  async function accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'https://127.0.0.1')
    const [, node] = /^\/nodes\/([^/]+)\/(?:.+\/)?vncwebsocket$/.exec(pathname.slice(basePath.length)) ?? []
    const { data } = await answer(request)
    if (node === undefined) throw new ApiFault(501, `no upgrade of ${pathname}`)
    const { port } = data as { port: string }
    const proxy = consoles.claim(decodeURIComponent(node), Number(port))
    server.handleUpgrade(request, socket, head, (connection) => proxy.serve(connection))
  }

  return {
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      accept(request, socket, head).catch((error: unknown) => {
        const fault = error instanceof ApiFault ? error : new ApiFault(500, 'upgrade failed')
        const reason = fault.message.replaceAll(/[^\x20-\x7e]/g, '?') || STATUS_CODES[fault.status]
        socket.end(`HTTP/1.1 ${fault.status} ${reason}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
      })
    },
    dispose(): void {
      for (const connection of server.clients) connection.terminate()
      server.close()
    },
  }
}
