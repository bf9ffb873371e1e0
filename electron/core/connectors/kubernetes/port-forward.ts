// One TCP connection through the API server to a port of a pod: a WebSocket of its own with two channels, data and
// error, each opened by the port's number. Both sides are slowed down to the speed of the slower one.
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { AppError } from '#shared/errors.ts'
import type { KubernetesConnector } from './kubernetes-connector.ts'

const protocol = 'v4.channel.k8s.io'
const dataChannel = 0
const errorChannel = 1
/** More than this on its way to the server stops the local side. */
const mostBufferedBytes = 1024 * 1024
const pingMs = 20_000
/** After the local side has said its last word, the answer may take this long. */
const lastAnswerMs = 120_000

export interface ForwardedBytes {
  onReceived(bytes: number): void
  onSent(bytes: number): void
}

/** Resolves when the connection has ended. Rejects when it could not be opened, or the pod refused it. */
export async function forwardConnection(
  connector: Pick<KubernetesConnector, 'socket' | 'party'>,
  target: { namespace: string; pod: string; port: number },
  local: Duplex,
  counted: ForwardedBytes,
  signal: AbortSignal,
): Promise<void> {
  const path = `/api/v1/namespaces/${encodeURIComponent(target.namespace)}/pods/${encodeURIComponent(target.pod)}/portforward`
  const socket = await connector.socket({ path, query: { ports: target.port }, protocols: [protocol], signal })
  const ping = setInterval(() => socket.ping(), pingMs)
  ping.unref()
  try {
    await carry(socket, local, counted, signal, (text) => refusal(connector, target, text))
  } finally {
    clearInterval(ping)
    socket.terminate()
    local.destroy()
  }
}

function carry(
  socket: WebSocket,
  local: Duplex,
  counted: ForwardedBytes,
  signal: AbortSignal,
  refuse: (text: string) => AppError,
): Promise<void> {
  const awaited = new Set([dataChannel, errorChannel])
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const end = (error?: AppError): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      if (error) reject(error)
      else resolve()
    }
    const abort = (): void => end()
    signal.addEventListener('abort', abort, { once: true })
    socket.on('message', (message: Buffer) => {
      const channel = message[0]
      if (channel === undefined) return
      const isOpening = awaited.delete(channel)
      const payload = message.subarray(isOpening ? 3 : 1)
      if (payload.length === 0) return
      if (channel === errorChannel) return end(refuse(payload.toString('utf8')))
      if (channel !== dataChannel) return
      counted.onReceived(payload.length)
      if (local.write(payload)) return
      socket.pause()
      local.once('drain', () => socket.resume())
    })
    socket.on('close', () => {
      // What was written is still delivered before the end.
      local.end(() => end())
      if (local.destroyed) end()
    })
    socket.on('error', () => end())
    local.on('data', (chunk: Buffer) => {
      counted.onSent(chunk.length)
      socket.send(Buffer.concat([Uint8Array.of(dataChannel), chunk]), () => {
        if (local.isPaused() && socket.bufferedAmount < mostBufferedBytes) local.resume()
      })
      if (socket.bufferedAmount > mostBufferedBytes) local.pause()
    })
    // The protocol cannot close one direction: the answer is awaited, then all ends.
    local.on('end', () => (timer = setTimeout(() => end(), lastAnswerMs)))
    local.on('error', () => end())
    local.on('close', () => end())
    // It comes paused: nothing may be read before there is somewhere to send it.
    local.resume()
  })
}

const refusal = (
  { party }: Pick<KubernetesConnector, 'party'>,
  target: { pod: string; port: number },
  text: string,
): AppError =>
  new AppError('upstream', `The pod ${target.pod} does not take connections on port ${target.port}: ${text.slice(0, 300)}`, {
    remedy: 'Check that something listens on this port in the pod.',
    target: party,
  })
