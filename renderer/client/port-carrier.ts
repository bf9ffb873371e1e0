// The MessagePort carrier. The page asks its preload script for ports by a message to itself, and gets two: one
// for calls, one on which byte channels are opened. Nothing else of the preload's world is reachable.
import type { FramePipe } from '#shared/wire/byte-channel.ts'
import { connectRequest, portsAnswer } from '#shared/wire/port-handshake.ts'
import { createPortPipe, type PortLike } from '#shared/wire/port-pipe.ts'
import type { Carrier, CarrierState } from './carrier.ts'

export function createPortCarrier(): Carrier {
  const pipeListeners: Array<(pipe: FramePipe) => void> = []
  const stateListeners: Array<(state: CarrierState) => void> = []
  let doors: MessagePort | undefined
  let pipe: FramePipe | undefined
  let state: CarrierState = 'connecting'
  const setState = (next: CarrierState): void => {
    state = next
    for (const listener of stateListeners) listener(next)
  }

  window.addEventListener('message', (event) => {
    if (event.source !== window || event.origin !== location.origin) return
    if ((event.data as { type?: unknown } | null)?.type !== portsAnswer) return
    const [rpc, channelDoors] = event.ports
    if (!rpc || !channelDoors) return
    doors = channelDoors
    pipe = createPortPipe(rpc as unknown as PortLike)
    pipe.onClose(() => setState('lost'))
    for (const listener of pipeListeners) listener(pipe)
    setState('connected')
  })
  window.postMessage({ type: connectRequest }, location.origin)

  return {
    onPipe(listener) {
      pipeListeners.push(listener)
      if (pipe) listener(pipe)
    },
    onState(listener) {
      stateListeners.push(listener)
      listener(state)
    },
    openChannel(channelId) {
      const { port1, port2 } = new MessageChannel()
      doors?.postMessage({ channelId }, [port2])
      return createPortPipe(port1 as unknown as PortLike)
    },
  }
}
