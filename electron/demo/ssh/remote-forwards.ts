// `ssh -R` on a demo machine: listens on 127.0.0.1 for the client and hands each connection back through SSH. Ends with
// the client's connection. Other addresses are refused, as sshd does with `GatewayPorts no`.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Connection, ServerChannel } from 'ssh2'

type Answer = ((port?: number) => void) | undefined
interface ForwardRequest {
  bindAddr: string
  bindPort: number
}

const allowed = ['127.0.0.1', 'localhost', '::1', '']

export function serveRemoteForwards(connection: Connection): void {
  const listeners = new Map<number, Server>()
  connection.on('close', () => {
    for (const server of listeners.values()) server.close()
    listeners.clear()
  })
  connection.on('request', (accept, reject, name, info) => {
    const wanted = info as unknown as ForwardRequest
    if (name === 'cancel-tcpip-forward') {
      listeners.get(wanted.bindPort)?.close()
      return listeners.delete(wanted.bindPort) ? accept?.() : reject?.()
    }
    if (name !== 'tcpip-forward' || !allowed.includes(wanted.bindAddr)) return reject?.()
    const server = createServer((socket) => handBack(connection, wanted, server, socket))
    server.once('error', () => reject?.())
    server.listen(wanted.bindPort, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      listeners.set(port, server)
      ;(accept as Answer)?.(port)
    })
  })
}

function handBack(connection: Connection, wanted: ForwardRequest, server: Server, socket: Socket): void {
  const { port } = server.address() as AddressInfo
  socket.on('error', () => socket.destroy())
  connection.forwardOut(wanted.bindAddr, port, '127.0.0.1', socket.remotePort ?? 0, (error, channel: ServerChannel) => {
    if (error) return void socket.destroy()
    channel.on('error', () => socket.destroy())
    channel.on('close', () => socket.destroy())
    socket.on('close', () => channel.end())
    socket.pipe(channel).pipe(socket)
  })
}
