// A page with its preload script on a fake contents: asks for its ports as the renderer does, and gets them by the
// same way round. What runs in between (servePorts, connectPage) is the real code.
import type { FramePipe } from '#shared/wire/byte-channel.ts'
import { connectRequest, portsAnswer } from '#shared/wire/port-handshake.ts'
import { createPortPipe, type PortLike } from '#shared/wire/port-pipe.ts'
import { connectPage, type PageWindow } from '../../preload/connect-page.ts'
import { appOrigin } from '../app-address.ts'
import type { FakeContents } from './fake-window.ts'
import { pageChannel, type FakePagePort } from './fake-ports.ts'

type PageListener = (event: { source: unknown; origin: string; data: unknown; ports?: unknown[] }) => void

export interface PageConnection {
  rpc: FakePagePort
  doors: FakePagePort
}

/** The page's ports, as they come out of one handshake. */
export async function connectFakePage(contents: FakeContents): Promise<PageConnection> {
  const listeners: PageListener[] = []
  const page: PageWindow = {
    location: { origin: appOrigin },
    addEventListener: (_name, listener) => void listeners.push(listener),
    // As in a browser: the message is delivered to the page itself, later.
    postMessage: (data, origin, transfer) =>
      queueMicrotask(() =>
        listeners.forEach((listener) => listener({ source: page, origin, data, ports: transfer })),
      ),
  }
  connectPage(
    {
      send: () => contents.askForPorts(),
      on: (_channel, listener) =>
        contents.frame.arrivals.on('ports', (arrival: { ports: FakePagePort[] }) =>
          listener(arrival as never),
        ),
    },
    page,
  )
  const arrived = new Promise<PageConnection>((resolve) =>
    page.addEventListener('message', ((event: Parameters<PageListener>[0]) => {
      if ((event.data as { type?: unknown }).type !== portsAnswer) return
      const [rpc, doors] = event.ports as FakePagePort[]
      resolve({ rpc: rpc!, doors: doors! })
    }) as PageListener),
  )
  page.postMessage({ type: connectRequest }, appOrigin, [])
  return arrived
}

/** The page's end of a port, as the renderer's client builds it. */
export const pagePipe = (port: FakePagePort): FramePipe => createPortPipe(port as unknown as PortLike)

/** Opens a byte channel the way the renderer does: one port of a fresh pair goes through the doors. */
export function openDoor(doors: FakePagePort, message: unknown): FramePipe {
  const { port1, port2 } = pageChannel()
  doors.postMessage(message, [port2])
  return pagePipe(port1)
}
