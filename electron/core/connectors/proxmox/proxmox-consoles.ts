// The two console protocols of Proxmox VE on the wire: a proxy is asked for by a POST, its port and ticket open a
// WebSocket, and inside it runs either the framing of termproxy or RFB. Tickets live for seconds and stay in here.
import { z } from 'zod'
import { AppError, isAppError } from '#shared/errors.ts'
import { readSocket, type SocketMessages } from '../https/socket-messages.ts'
import type { ProxmoxConnector } from './proxmox-connector.ts'

type Proxmox = Pick<ProxmoxConnector, 'call' | 'socket' | 'identity'>

const proxyAnswer = z.object({
  port: z.union([z.string(), z.number()]).transform(String),
  ticket: z.string().min(1),
  user: z.string(),
  /** Of the screen; absent from old servers, where the ticket itself is the password. */
  password: z.string().optional(),
})

/** `/nodes/{node}`, or a guest's path below it. */
export const nodePath = (node: string): string => `/nodes/${encodeURIComponent(node)}`
export const guestPath = (node: string, type: 'qemu' | 'lxc', vmid: number): string => `${nodePath(node)}/${type}/${vmid}`

export interface Termproxy {
  readonly output: AsyncIterable<Uint8Array>
  write(bytes: Uint8Array): Promise<void>
  resize(size: { columns: number; rows: number }): void
  readonly closed: SocketMessages['closed']
  close(): void
}

/** The stock client's own pace. */
const keepAliveMs = 30_000
/** The server waits ten seconds for its client; it answers the login line at once. */
const loginTimeoutMs = 12_000

/** Opens a text console below `path`. Rejects when the server refuses it at any of the three steps. */
export async function openTermproxy(
  proxmox: Proxmox,
  path: string,
  options: { body?: Record<string, string>; signal: AbortSignal },
): Promise<Termproxy> {
  const { signal, body } = options
  const proxy = await proxmox.call(proxyAnswer, { method: 'POST', path: `${path}/termproxy`, body: body ?? {}, signal })
  const messages = await openProxySocket(proxmox, path, proxy, signal)
  const reader = messages.incoming[Symbol.asyncIterator]()
  const first = await logIn(proxmox, messages, reader, `${proxy.user}:${proxy.ticket}\n`, signal)
  const keepAlive = setInterval(() => void messages.send(Buffer.from('2')).catch(() => undefined), keepAliveMs)
  keepAlive.unref()
  void messages.closed.then(() => clearInterval(keepAlive))

  async function* output(): AsyncGenerator<Uint8Array, void, void> {
    if (first.byteLength > 0) yield first
    for (let next = await reader.next(); !next.done; next = await reader.next()) yield next.value
  }
  return {
    output: output(),
    write: (bytes) => messages.send(inputFrame(bytes)),
    resize: (size) => void messages.send(resizeFrame(size)).catch(() => undefined),
    closed: messages.closed,
    close: () => messages.close(),
  }
}

/** `0:{bytes}:{data}` */
export const inputFrame = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`0:${bytes.byteLength}:`), bytes])

/** `1:{columns}:{rows}:` */
export const resizeFrame = ({ columns, rows }: { columns: number; rows: number }): Uint8Array =>
  Buffer.from(`1:${columns}:${rows}:`)

/** Says the login line and waits for `OK`. Returns what came behind it. */
async function logIn(
  proxmox: Proxmox,
  messages: SocketMessages,
  reader: AsyncIterator<Uint8Array>,
  line: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const timer = setTimeout(() => messages.close(), loginTimeoutMs)
  const abort = (): void => messages.close()
  signal.addEventListener('abort', abort, { once: true })
  try {
    await messages.send(Buffer.from(line))
    let heard: Buffer = Buffer.alloc(0)
    while (heard.length < 2) {
      const next = await reader.next()
      if (next.done) break
      heard = Buffer.concat([heard, next.value])
    }
    if (heard.toString('latin1', 0, 2) === 'OK') return heard.subarray(2)
  } catch {
    // The socket broke under the login: the same refusal.
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
  messages.close()
  throw refusedTerminal(proxmox.identity)
}

/** Servers before libpve-access-control 8.2.3 cannot check a ticket that a token was given. */
const refusedTerminal = (identity: string): AppError =>
  identity.includes('!')
    ? new AppError('forbidden', `Proxmox VE did not accept the API token ${identity} for a text console.`, {
        remedy:
          'Before version 8.4.7 it gives them to users only: edit the connection and log in with user and password. Screens work with the token.',
        detail: { kind: 'console', reason: 'needs-login' },
      })
    : new AppError('upstream', 'Proxmox VE closed the text console before it began.', {
        remedy: 'What it stands on must be running. If it is, its ticket may have run out on a slow way: try again.',
        detail: { kind: 'console', reason: 'refused' },
        retryable: true,
      })

export interface VncSocket {
  messages: SocketMessages
  /** For VNC authentication; only its first eight bytes count. */
  password: string
}

/** Opens the way to a virtual machine's screen; RFB begins with the first message. */
export async function openVncSocket(
  proxmox: Proxmox,
  path: string,
  signal: AbortSignal,
): Promise<VncSocket> {
  const body = { websocket: '1', 'generate-password': '1' }
  const proxy = await proxmox.call(proxyAnswer, { method: 'POST', path: `${path}/vncproxy`, body, signal })
  const messages = await openProxySocket(proxmox, path, proxy, signal)
  return { messages, password: proxy.password ?? proxy.ticket }
}

async function openProxySocket(
  proxmox: Proxmox,
  path: string,
  { port, ticket }: z.infer<typeof proxyAnswer>,
  signal: AbortSignal,
): Promise<SocketMessages> {
  try {
    const socket = await proxmox.socket({
      path: `${path}/vncwebsocket`,
      query: { port, vncticket: ticket },
      protocols: ['binary'],
      signal,
    })
    return readSocket(socket)
  } catch (error) {
    if (isAppError(error) && error.code === 'unauthenticated')
      throw new AppError('upstream', 'Proxmox VE did not take its own console ticket.', {
        remedy: 'The ticket lives for seconds only: try again. If it stays, compare the clocks of the nodes.',
        detail: { kind: 'console', reason: 'refused' },
        retryable: true,
        cause: error,
      })
    throw error
  }
}
