// Systems that misbehave in the one way that matters here: they say back what they were told. HTTPS servers that put
// credentials of the request into status lines, bodies and headers of their refusals, an SSH server that names what
// it was given, and a PostgreSQL server that asks for the password in clear text and repeats it.
import { createServer, type Server as HttpsServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import tls from 'node:tls'
import ssh2 from 'ssh2'
import type { TestLeaf } from '../../../connectors/tls/test-certificates.ts'
import { fingerprintOf } from '../../../connectors/ssh/ssh-connection.ts'

export interface EchoSystem {
  port: number
  /** What clients told it, as far as it is text: proof that the secrets did arrive. */
  heard: string[]
  dispose(): Promise<void>
}

async function listen(server: Server | HttpsServer): Promise<{ port: number; dispose(): Promise<void> }> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    dispose() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** `answerTicket` lets a login succeed with that ticket; everything after it is refused with an echo. */
export async function startEchoHttps(
  leaf: TestLeaf,
  answerTicket?: { ticket: string; csrf: string },
): Promise<EchoSystem> {
  const heard: string[] = []
  const server = createServer({ key: leaf.key, cert: leaf.cert }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      const told = `${Object.entries(request.headers)
        .map(([name, value]) => `${name}: ${String(value)}`)
        .join('; ')} ${body}`
      heard.push(told)
      if (answerTicket && request.method === 'POST' && request.url?.includes('/access/ticket'))
        return respond(
          response,
          200,
          JSON.stringify({
            data: {
              username: 'root@pam',
              ticket: answerTicket.ticket,
              CSRFPreventionToken: answerTicket.csrf,
            },
          }),
        )
      refuse(request, response, told, heard.length)
    })
  })
  server.on('tlsClientError', () => undefined)
  return { ...(await listen(server)), heard }
}

const statuses = [401, 403, 500, 400]

function refuse(request: IncomingMessage, response: ServerResponse, told: string, count: number): void {
  const { authorization = '', cookie = '' } = request.headers
  response.statusMessage = `refused ${authorization} ${cookie}`.replace(/[^\x20-\x7e]/g, '').slice(0, 500)
  const words = `You said: ${told} or plainly ${decode(authorization)} ${decode(cookie)} ${decode(told)}`
  const body = JSON.stringify({
    data: null,
    kind: 'Status',
    status: 'Failure',
    message: words,
    reason: words,
    errors: { password: words },
    details: { causes: [{ message: words }] },
  })
  respond(response, statuses[count % statuses.length]!, body)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return ''
  }
}

function respond(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

/** Asks for the password in clear text (inside TLS) and repeats it in its refusal, as message, detail and hint. */
export async function startEchoPostgres(leaf: TestLeaf): Promise<EchoSystem> {
  const heard: string[] = []
  const serve = (socket: Socket): void => {
    let isStarted = false
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      if (!isStarted) {
        isStarted = true
        return void socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]))
      }
      if (chunk[0] !== 0x70) return
      const password = chunk.toString('utf8', 5).replaceAll('\0', '')
      heard.push(password)
      const fields = `SFATAL\0VFATAL\0C28P01\0Mwrong password ${password}\0Dyou sent ${password}\0Htry another than ${password}\0\0`
      const head = Buffer.alloc(5)
      head.write('E')
      head.writeInt32BE(4 + Buffer.byteLength(fields), 1)
      socket.end(Buffer.concat([head, Buffer.from(fields)]))
    })
  }
  const server = createTcpServer((socket) =>
    socket.once('data', (first: Buffer) => {
      if (first.length === 8 && first.readInt32BE(4) === 80877103) {
        socket.write('S')
        serve(new tls.TLSSocket(socket, { isServer: true, key: leaf.key, cert: leaf.cert }))
      } else socket.destroy()
    }),
  )
  return { ...(await listen(server)), heard }
}

/** Refuses every login; its banner repeats nothing, but it remembers what it was given. */
export async function startEchoSsh(): Promise<EchoSystem & { hostKeySha256: string }> {
  const heard: string[] = []
  const hostKey = ssh2.utils.generateKeyPairSync('ed25519').private
  const parsed = ssh2.utils.parseKey(hostKey)
  if (parsed instanceof Error) throw parsed
  const hostKeySha256 = fingerprintOf((Array.isArray(parsed) ? parsed[0]! : parsed).getPublicSSH())
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (connection) => {
    connection.on('error', () => undefined)
    connection.on('authentication', (context) => {
      if (context.method === 'password') heard.push(context.password)
      if (context.method === 'publickey') heard.push('publickey')
      context.reject(['password', 'publickey'])
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  return {
    port,
    heard,
    hostKeySha256,
    dispose: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
