// Opening the system's browser, by the system's own opener and without a shell in between.
import { spawn } from 'node:child_process'

const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}
/** An opener that fails does so at once; one that runs on has handed the address over. */
const settleMs = 1500

/** False when there is no opener or it refused; the address is in the terminal then. */
export function openBrowser(
  url: string,
  opener = openers[process.platform] ?? ['xdg-open'],
): Promise<boolean> {
  const [command = 'xdg-open', ...args] = opener
  return new Promise((resolve) => {
    const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true })
    const timer = setTimeout(() => resolve(true), settleMs)
    const settle = (isOpen: boolean): void => {
      clearTimeout(timer)
      resolve(isOpen)
    }
    child.once('error', () => settle(false))
    child.once('exit', (code) => settle(code === 0))
    child.unref()
  })
}
