// One SSH machine of the demo lab: a listener on 127.0.0.1, its sessions, forwards to loopback, and the lab's faults
// in SSH's own ways. Started by ssh-server.ts, one per machine.
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import ssh2 from 'ssh2'
import type { Connection, ServerChannel, TcpipRequestInfo } from 'ssh2'
import type { DemoContext } from '../context.ts'
import type { SshCredentials } from './authentication.ts'
import { authenticateConnection } from './authentication.ts'
import type { SshKeyPair } from './host-keys.ts'
import { serveRemoteForwards } from './remote-forwards.ts'
import { serveSession } from './session-service.ts'
import type { Machine } from './shell/machine.ts'

export interface SshHostOptions {
  context: Pick<DemoContext, 'faults' | 'log'>
  machine: Machine
  hostKey: SshKeyPair
  credentials: SshCredentials
  /** 0 or absent: any free port. */
  port?: number
  /** How long the `slow` fault holds things back; milliseconds. */
  slowMs?: number
  /** Addresses of the lab's network that this machine reaches, `10.25.60.11:22`, and the loopback port of each. */
  routes?: ReadonlyMap<string, number>
}

export interface SshHost {
  port: number
  dispose(): Promise<void>
}

const loopback = ['127.0.0.1', '::1', 'localhost']
/** The `cut` fault lets this much of the server's side through: the greeting and a part of the key exchange. */
const cutAfterBytes = 600
const handshakeMs = 60_000

/** Starts listening; rejects when the port is taken. */
export async function startSshHost(options: SshHostOptions): Promise<SshHost> {
  const { context, machine, hostKey } = options
  const server = new ssh2.Server(
    { hostKeys: [hostKey.privateKey], ident: 'OpenSSH_9.6p1 Ubuntu-3ubuntu13.12', keepaliveInterval: 0 },
    (connection) => serveConnection(connection, options),
  )
  const sockets = new Set<Socket>()
  const listener = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    greet(socket, server, options)
  })
  const stopWatching = context.faults.onChange((service) => {
    if (service !== 'ssh') return
    for (const socket of sockets) socket.destroy()
  })
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  context.log(`ssh: ${machine.hostname} listens`)
  return {
    port: (listener.address() as AddressInfo).port,
    async dispose() {
      stopWatching()
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function greet(socket: Socket, server: ssh2.Server, { context }: SshHostOptions): void {
  switch (context.faults.get('ssh')) {
    case 'garbage':
      socket.end('HTTP/1.1 400 Bad Request\r\ncontent-type: text/html\r\n\r\n<html>Bad Request</html>\r\n')
      return
    case 'cut':
      cutEarly(socket)
      break
    default:
      break
  }
  // The listener is ours, so that faults can act before the protocol begins.
  ;(server as ssh2.Server & { injectSocket(socket: Socket): void }).injectSocket(socket)
}

function cutEarly(socket: Socket): void {
  const write = socket.write.bind(socket)
  let left = cutAfterBytes
  socket.write = ((chunk: Buffer | string) => {
    const bytes = Buffer.from(chunk)
    const part = bytes.subarray(0, left)
    left -= part.length
    write(part, () => {
      if (left <= 0) socket.destroy()
    })
    return true
  }) as typeof socket.write
}

function serveConnection(connection: Connection, options: SshHostOptions): void {
  const { context, machine, credentials } = options
  const fault = () => context.faults.get('ssh')
  const delayMs = (): number => (fault() === 'slow' ? (options.slowMs ?? 3_000) : 0)
  const tooLate = setTimeout(() => connection.end(), handshakeMs)
  tooLate.unref()
  connection.on('error', () => connection.end())
  connection.on('close', () => clearTimeout(tooLate))
  authenticateConnection(connection, { credentials, isRefusing: () => fault() === 'unauthorized', delayMs })
  connection.on('ready', () => {
    clearTimeout(tooLate)
    connection.on('session', (accept, reject) => {
      if (fault() === 'server-error') reject()
      else serveSession(accept(), machine, delayMs)
    })
    connection.on('tcpip', (accept, reject, info) => forward(accept, reject, routed(info, options.routes)))
    serveRemoteForwards(connection)
  })
}

/** A machine of the lab's network stands on a port of its own here. */
function routed(info: TcpipRequestInfo, routes: SshHostOptions['routes']): TcpipRequestInfo {
  const port = routes?.get(`${info.destIP}:${info.destPort}`)
  return port === undefined ? info : { ...info, destIP: '127.0.0.1', destPort: port }
}

/** direct-tcpip, to this computer only: the lab never becomes a way into other networks. */
function forward(accept: () => ServerChannel, reject: () => void, info: TcpipRequestInfo): void {
  if (!loopback.includes(info.destIP)) return reject()
  const target = connect({ host: info.destIP, port: info.destPort, timeout: 10_000 })
  target.once('error', () => reject())
  target.once('timeout', () => target.destroy(new Error('timeout')))
  target.once('connect', () => {
    target.removeAllListeners('error').setTimeout(0)
    const channel = accept()
    target.on('error', () => channel.destroy())
    channel.on('error', () => target.destroy())
    channel.on('close', () => target.destroy())
    target.on('close', () => channel.end())
    target.pipe(channel).pipe(target)
  })
}
