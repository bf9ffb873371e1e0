// The WebSocket carrier: calls on /rpc, a binary socket of its own per byte channel. A lost socket is dialled
// again with growing pauses; calls that were under way fail as `unreachable`, and screens re-read what they show.
import type { FramePipe } from '#shared/wire/byte-channel.ts'
import { createSocketPipe } from '#shared/wire/socket-pipe.ts'
import type { Carrier, CarrierState } from './carrier.ts'

const firstPauseMs = 250
const longestPauseMs = 8000

const address = (path: string): string => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`

export function createSocketCarrier(): Carrier {
  const pipeListeners: Array<(pipe: FramePipe) => void> = []
  const stateListeners: Array<(state: CarrierState) => void> = []
  let pipe: FramePipe | undefined
  let state: CarrierState = 'connecting'
  let pauseMs = firstPauseMs
  const setState = (next: CarrierState): void => {
    state = next
    for (const listener of stateListeners) listener(next)
  }
  const dial = (): void => {
    const socket = new WebSocket(address('/rpc'))
    pipe = createSocketPipe(socket)
    socket.addEventListener('open', () => {
      pauseMs = firstPauseMs
      setState('connected')
    })
    pipe.onClose(() => {
      setState('lost')
      setTimeout(dial, pauseMs)
      pauseMs = Math.min(longestPauseMs, pauseMs * 2)
    })
    for (const listener of pipeListeners) listener(pipe)
  }
  dial()
  return {
    onPipe(listener) {
      pipeListeners.push(listener)
      if (pipe) listener(pipe)
    },
    onState(listener) {
      stateListeners.push(listener)
      listener(state)
    },
    openChannel: (channelId) => createSocketPipe(new WebSocket(address(`/channel/${channelId}`))),
  }
}
