// How the page reaches the core: one MessagePort handed over by the preload script, or one WebSocket to the
// server the page came from. The document says which in a meta tag; only this file and its two carriers know.
import type { FramePipe } from '#shared/wire/byte-channel.ts'

export type CarrierState = 'connecting' | 'connected' | 'lost'

export interface Carrier {
  /** Called with the pipe for calls, and with a fresh one after each reconnect. */
  onPipe(listener: (pipe: FramePipe) => void): void
  onState(listener: (state: CarrierState) => void): void
  /** The page's side of a byte channel that a call has opened. */
  openChannel(channelId: string): FramePipe
}

/** Picks the carrier the document names. */
export async function createCarrier(): Promise<Carrier> {
  const named = document.querySelector('meta[name="meridian-carrier"]')?.getAttribute('content')
  if (named === 'port') return (await import('./port-carrier.ts')).createPortCarrier()
  return (await import('./socket-carrier.ts')).createSocketCarrier()
}
