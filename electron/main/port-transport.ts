// Carries one window's calls to the host: one MessagePort for calls, and a second one ("doors") on which the page
// hands over a MessagePort for each byte channel. Called once per window. Ports are given only to our own page in
// the main frame; a reload gets a fresh pair, and the old page's visit ends with its ports.
import type { MessageEvent } from 'electron'
import type { Host } from '#core/host.ts'
import type { Log } from '#core/platform.ts'
import type { FramePipe } from '#shared/wire/byte-channel.ts'
import { connectRequest, portsAnswer } from '#shared/wire/port-handshake.ts'
import { createPortPipe, type PortLike } from '#shared/wire/port-pipe.ts'
import { appOrigin, isAppUrl } from './app-address.ts'
import type { ContentsSlice, ElectronSlice, FrameSlice, PortSlice, SenderSlice } from './electron-slice.ts'

export interface PortServerOptions {
  MessageChannelMain: ElectronSlice['MessageChannelMain']
  contents: ContentsSlice
  host: { connect: Host['connect']; channels: Pick<Host['channels'], 'attach'> }
  log: Log
}

/** Listens for the page's request for its ports. The returned function ends the present visit. */
export function servePorts(options: PortServerOptions): () => void {
  const { contents, log } = options
  let endVisit = (): void => undefined
  contents.ipc.on(connectRequest, (event) => {
    const page = ourPage(event)
    if (!page)
      return log.warn('Refused ports to a frame that is not our page', {
        origin: event.senderFrame?.origin ?? 'gone',
      })
    endVisit()
    endVisit = welcome(options, page)
  })
  contents.on('render-process-gone', () => endVisit())
  contents.on('destroyed', () => endVisit())
  return () => endVisit()
}

function ourPage(event: SenderSlice): FrameSlice | undefined {
  const frame = event.senderFrame
  return frame && frame.parent === null && frame.origin === appOrigin && isAppUrl(frame.url)
    ? frame
    : undefined
}

/** Opens a visit with a fresh pair of ports and sends their other ends to the page. */
function welcome(options: PortServerOptions, page: FrameSlice): () => void {
  const { contents, host, log, MessageChannelMain } = options
  const rpc = new MessageChannelMain()
  const doors = new MessageChannelMain()
  const pipe = pipeOver(rpc.port1)
  host.connect(pipe, `window ${contents.id}`)
  pipe.onClose(() => doors.port1.close())
  doors.port1.on('message', (event) => openDoor(event, host.channels, log))
  doors.port1.start()
  page.postMessage(portsAnswer, null, [rpc.port2, doors.port2])
  return () => pipe.close('The page was loaded anew.')
}

/** Electron types its listeners by event, the shared pipe by any name; the behaviour is the same. */
const pipeOver = (port: PortSlice): FramePipe => createPortPipe(port as unknown as PortLike)

const channelIdShape = /^[0-9a-f]{32}$/

/** A door message is `{ channelId }` with exactly one port; the ports of anything else are closed unheard. */
function openDoor(event: MessageEvent, channels: PortServerOptions['host']['channels'], log: Log): void {
  const ports = event.ports as PortSlice[]
  const message = event.data as { channelId?: unknown } | null
  const channelId = typeof message === 'object' ? message?.channelId : undefined
  const [port] = ports
  if (!port || ports.length !== 1 || typeof channelId !== 'string' || !channelIdShape.test(channelId)) {
    for (const stray of ports) stray.close()
    return log.warn('The window sent an unreadable request for a byte channel')
  }
  const pipe = pipeOver(port)
  if (channels.attach(channelId, pipe)) return
  pipe.send(JSON.stringify({ close: 'This channel is not open any more.' }))
  pipe.close()
}
