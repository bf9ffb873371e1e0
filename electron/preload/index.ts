// The preload script: runs sandboxed and isolated in every window before the page. It hands the page exactly its
// ports and exposes nothing else; what it does is in connect-page.ts, where it can be tested without Electron.
import { ipcRenderer } from 'electron'
import { connectPage, type PageWindow } from './connect-page.ts'

connectPage(ipcRenderer, globalThis as unknown as PageWindow)
