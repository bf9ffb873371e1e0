// The page's way to its ports: the page asks by a message to itself, the main process is asked once over IPC, and
// the ports it answers with are handed to the page. Nothing is exposed on `window`, no Electron object crosses.
import type { IpcRenderer, IpcRendererEvent } from 'electron'
import { connectRequest, portsAnswer } from '#shared/wire/port-handshake.ts'

export interface IpcSlice extends Pick<IpcRenderer, 'send'> {
  on(channel: string, listener: (event: Pick<IpcRendererEvent, 'ports'>) => void): unknown
}

/** The page's window, as far as this script looks at it. */
export interface PageWindow {
  readonly location: { readonly origin: string }
  addEventListener(
    name: 'message',
    listener: (event: { source: unknown; origin: string; data: unknown }) => void,
  ): void
  postMessage(message: unknown, targetOrigin: string, transfer: unknown[]): void
}

/** `ipc` is ipcRenderer, `page` the window. Called once, before any script of the page runs. */
export function connectPage(ipc: IpcSlice, page: PageWindow): void {
  const { origin } = page.location
  page.addEventListener('message', (event) => {
    // Frames and opened windows can post here too; only the page itself is answered.
    if (event.source !== page || event.origin !== origin) return
    if ((event.data as { type?: unknown } | null)?.type === connectRequest) ipc.send(connectRequest)
  })
  ipc.on(portsAnswer, (event) => page.postMessage({ type: portsAnswer }, origin, [...event.ports]))
}
