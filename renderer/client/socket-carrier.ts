// The WebSocket carrier: calls on /rpc, a binary socket of its own per byte channel. A lost socket is dialled
// again with growing pauses; calls that were under way fail as `unreachable`, and screens re-read what they show.
import type { FramePipe } from '#shared/wire/byte-channel.ts'
import type { Carrier, CarrierEnd, CarrierState } from './carrier.ts'

const firstPauseMs = 250
const longestPauseMs = 8000

const address = (path: string): string => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`

export function createSocketCarrier(): Carrier {
  const endListeners: Array<(end: CarrierEnd) => void> = []
  const stateListeners: Array<(state: CarrierState) => void> = []
  let latest: CarrierEnd | undefined
  let state: CarrierState = 'connecting'
  let pauseMs = firstPauseMs
  const setState = (next: CarrierState): void => {
    state = next
    for (const listener of stateListeners) listener(next)
  }
  const dial = (): void => {
    const socket = new WebSocket(address('/rpc'))
    socket.binaryType = 'arraybuffer'
    latest = { kind: 'socket', socket }
    for (const listener of endListeners) listener(latest)
    socket.addEventListener('open', () => {
      pauseMs = firstPauseMs
      setState('connected')
    })
    socket.addEventListener('close', () => {
      setState('lost')
      setTimeout(dial, pauseMs)
      pauseMs = Math.min(longestPauseMs, pauseMs * 2)
    })
  }
  dial()
  return {
    onEnd(listener) {
      endListeners.push(listener)
      if (latest) listener(latest)
    },
    onState(listener) {
      stateListeners.push(listener)
      listener(state)
    },
    openChannel: (channelId) => socketPipe(new WebSocket(address(`/channel/${channelId}`))),
  }
}

function socketPipe(socket: WebSocket): FramePipe {
  socket.binaryType = 'arraybuffer'
  const early: Array<Uint8Array | string> = []
  socket.addEventListener('open', () => {
    for (const frame of early.splice(0)) socket.send(frame as Uint8Array<ArrayBuffer> | string)
  })
  return {
    send(frame) {
      if (socket.readyState === WebSocket.CONNECTING) early.push(frame)
      else if (socket.readyState === WebSocket.OPEN) socket.send(frame as Uint8Array<ArrayBuffer> | string)
    },
    onFrame: (listener) =>
      socket.addEventListener('message', (event: MessageEvent<ArrayBuffer | string>) =>
        listener(typeof event.data === 'string' ? event.data : new Uint8Array(event.data)),
      ),
    onClose: (listener) => socket.addEventListener('close', () => listener('The connection to the core was lost.')),
    close: () => socket.close(),
  }
}
