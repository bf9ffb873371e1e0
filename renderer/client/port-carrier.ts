// The MessagePort carrier. The page asks its preload script for ports by a message to itself, and gets two: one
// for calls, one on which byte channels are opened. Nothing else of the preload's world is reachable.
import type { FramePipe } from '#shared/wire/byte-channel.ts'
import type { Carrier, CarrierEnd, CarrierState } from './carrier.ts'

export function createPortCarrier(): Carrier {
  const endListeners: Array<(end: CarrierEnd) => void> = []
  const stateListeners: Array<(state: CarrierState) => void> = []
  let doors: MessagePort | undefined
  let latest: CarrierEnd | undefined

  window.addEventListener('message', (event) => {
    if (event.source !== window || event.origin !== location.origin) return
    if ((event.data as { type?: unknown } | null)?.type !== 'meridian:ports') return
    const [rpc, channelDoors] = event.ports
    if (!rpc || !channelDoors) return
    doors = channelDoors
    rpc.addEventListener('close', () => stateListeners.forEach((listener) => listener('lost')))
    latest = { kind: 'port', port: rpc }
    for (const listener of endListeners) listener(latest)
    rpc.start()
    channelDoors.start()
    for (const listener of stateListeners) listener('connected')
  })
  window.postMessage({ type: 'meridian:connect' }, location.origin)

  return {
    onEnd(listener) {
      endListeners.push(listener)
      if (latest) listener(latest)
    },
    onState: (listener) => void stateListeners.push(listener),
    openChannel(channelId) {
      const { port1, port2 } = new MessageChannel()
      doors?.postMessage({ channelId }, [port2])
      return portPipe(port1)
    },
  }
}

function portPipe(port: MessagePort): FramePipe {
  return {
    send: (frame) => port.postMessage(frame),
    onFrame(listener) {
      port.addEventListener('message', (event) => listener(event.data as Uint8Array | string))
      port.start()
    },
    onClose: (listener) => port.addEventListener('close', () => listener('The core closed the channel.')),
    close: () => port.close(),
  }
}
