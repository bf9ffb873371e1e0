// `pods/portforward` over WebSocket, both ways that clients speak: `v4.channel.k8s.io` with two channels a port, and
// SPDY inside the WebSocket, which is what kubectl uses since 1.31. A connection ends when its pod goes.
import type { IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { ApiContext } from '../api/api-context.ts'
import { existing } from '../api/object-writes.ts'
import type { ResourceRequest } from '../api/request-info.ts'
import type { Pod } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import { badRequest } from '../storage/kube-status.ts'
import { createPodPorts, type PodPorts } from './pod-ports.ts'
import { serveSpdy, type SpdyStream } from './spdy.ts'

const channels = 'v4.channel.k8s.io'
const tunnel = 'SPDY/3.1+portforward.k8s.io'
/** The library lets no slash into a protocol's name, and this one has one: it travels under another name inside. */
const tunnelInside = 'spdy-tunnel'
const lookMs = 1_000

export interface PortForwardServer {
  /** Takes over the upgrade; throws a Status error while it can still be answered in HTTP. */
  accept(context: ApiContext, request: ResourceRequest, message: IncomingMessage, socket: Duplex, head: Buffer): void
  dispose(): void
}

export function createPortForwardServer(): PortForwardServer {
  let ports: PodPorts | undefined
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: 2 ** 24,
    handleProtocols: (offered) => (offered.has(tunnelInside) ? tunnel : offered.has(channels) ? channels : false),
  })
  return {
    accept(context, request, message, socket, head) {
      const pod = as<Pod>(existing(context, request))
      if (pod.status.phase !== 'Running')
        throw badRequest(`unable to forward port because pod is not running. Current status=${pod.status.phase}`)
      const offered = (message.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
      const isTunnel = offered.includes(tunnel)
      if (!isTunnel && !offered.includes(channels))
        throw badRequest(`unable to upgrade: ${offered.join(', ')} is not supported, use ${channels}`)
      const wanted = request.query.getAll('ports').flatMap((text) => text.split(','))
      if (!isTunnel && (wanted.length === 0 || wanted.some((text) => !isPort(text))))
        throw badRequest(`query parameter "ports" must be a list of ports, not ${JSON.stringify(wanted.join(','))}`)
      if (isTunnel) message.headers['sec-websocket-protocol'] = tunnelInside
      const inside = (ports ??= createPodPorts(context))
      server.handleUpgrade(message, socket, head, (connection) => {
        connection.on('error', () => connection.terminate())
        endWithPod(context, request, pod, connection)
        if (isTunnel) serveTunnel(connection, pod, inside)
        else serveChannels(connection, pod, wanted.map(Number), inside)
      })
    },
    dispose() {
      for (const connection of server.clients) connection.terminate()
      ports?.dispose()
      server.close()
    },
  }
}

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536

function endWithPod({ store }: ApiContext, request: ResourceRequest, pod: Pod, connection: WebSocket): void {
  const timer = setInterval(() => {
    const now = store.get(request.resource.storeKey, request.namespace, request.name ?? '')
    const isSame = now !== undefined && now.metadata.uid === pod.metadata.uid
    if (!isSame || as<Pod>(now).status.phase !== 'Running') connection.terminate()
  }, lookMs)
  timer.unref()
  connection.on('close', () => clearInterval(timer))
}

/** Channel 2n carries the data of the n-th port, 2n+1 its failure; each begins with the port's number. */
function serveChannels(connection: WebSocket, pod: Pod, wanted: number[], ports: PodPorts): void {
  const send = (channel: number, bytes: Uint8Array, done?: () => void): void => {
    if (connection.readyState === connection.OPEN) connection.send(Buffer.concat([Uint8Array.of(channel), bytes]), done)
    else done?.()
  }
  const ends = wanted.map((port, index) => {
    const opening = Buffer.alloc(2)
    opening.writeUInt16LE(port)
    send(2 * index, opening)
    send(2 * index + 1, opening)
    const end = createEnd((bytes, done) => send(2 * index, bytes, done), () => connection.close(1000))
    const refusal = ports.connect(pod, port, end)
    if (refusal !== undefined) {
      send(2 * index + 1, Buffer.from(refusal))
      connection.close(1000)
    }
    return end
  })
  connection.on('message', (data: Buffer) => {
    const message = Buffer.from(data)
    const channel = message[0] ?? 0
    if (channel % 2 === 0) ends[channel / 2]?.push(message.subarray(1))
  })
  connection.on('close', () => {
    for (const end of ends) end.destroy()
  })
}

/** Each connection is a pair of streams of the same request id: error first, then data. */
function serveTunnel(connection: WebSocket, pod: Pod, ports: PodPorts): void {
  const pairs = new Map<string, { error?: SpdyStream; data?: SpdyStream }>()
  serveSpdy(connection, (stream) => {
    const { streamtype = '', port = '', requestid = '' } = stream.headers
    const pair = pairs.get(requestid) ?? {}
    pairs.set(requestid, pair)
    if (streamtype === 'error') pair.error = stream
    else pair.data = stream
    if (!pair.error || !pair.data) return
    const { error, data } = pair
    pairs.delete(requestid)
    const end = createEnd((bytes, done) => data.write(bytes, done), () => {
      data.end()
      error.end()
    })
    data.onData = (bytes) => end.push(bytes)
    data.onEnd = () => end.push(null)
    const refusal = isPort(port) ? ports.connect(pod, Number(port), end) : `"${port}" is not a port`
    if (refusal === undefined) return
    error.write(Buffer.from(refusal))
    error.end()
    data.end()
  })
}

/** The pod's end of a connection, as the stream that its server reads and writes. */
function createEnd(write: (bytes: Uint8Array, done: () => void) => void, finish: () => void): Duplex {
  return new Duplex({
    read: () => undefined,
    write: (chunk: Uint8Array, _encoding, done) => write(chunk, () => done()),
    final(done) {
      finish()
      done()
    },
    destroy(error, done) {
      finish()
      done(error)
    },
  })
}
