// HTTPS for the connectors of Proxmox VE, PBS and Kubernetes: one keep-alive pool per connection, trust decided
// before the first byte of a request leaves, every wait with a limit. Answers that are not what was asked for become
// AppErrors that name the system. Never logs headers or bodies, never follows a redirection.
import { request as startRequest, type Agent, type RequestOptions } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { AppError, cancelled } from '#shared/errors.ts'
import { answerFault, badJson, notJson, statusFault, type ErrorText, type Party } from './https-faults.ts'
import type { WebSocket } from 'ws'
import { readBody, readChunks, readLines } from './https-body.ts'
import { openSocket } from './open-socket.ts'
import { inDoubt } from './outcome.ts'
import { createTrustedAgent, type ClientTls } from './trusted-agent.ts'

export interface HttpsClientOptions {
  /** The product's name as people know it: `Proxmox VE`. */
  system: string
  /** `https://host:port[/prefix]`. Anything else throws `invalid-input`. */
  url: string
  tls: ClientTls
  /** How this system words a failure; default: its status line. */
  errorText?: ErrorText
  maxBodyBytes?: number
  /** DNS, TCP and TLS together. */
  connectTimeoutMs?: number
  /** Calls that may be on the way at once; further ones wait. */
  maxSockets?: number
}

export interface HttpsCall {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH'
  /** Below the base URL, already encoded: `/api2/json/version`. */
  path: string
  /** Undefined values are left out; arrays repeat the key. */
  query?: Record<string, string | number | boolean | readonly string[] | undefined>
  headers?: Record<string, string>
  /** An object goes as a form; a text as it is, with a content-type among `headers`. */
  body?: Record<string, string | number | boolean | undefined> | string
  signal?: AbortSignal | undefined
  /** Everything, from the first byte to the last. */
  timeoutMs?: number
  maxBodyBytes?: number
}

export interface HttpsClient {
  readonly party: Party
  /** The parsed JSON body of a 2xx answer; undefined for an empty body. Throws AppError for everything else. */
  json(call: HttpsCall): Promise<unknown>
  /** Opens a 2xx answer and yields its lines as they come. `idleMs` without a byte ends it as a timeout. */
  lines(call: HttpsCall & { idleMs: number }): AsyncGenerator<string, void, void>
  /** Opens a 2xx answer and yields its body as it comes, byte for byte. `idleMs` without a byte ends it as a timeout. */
  bytes(call: HttpsCall & { idleMs: number }): AsyncGenerator<Uint8Array, void, void>
  /** An open WebSocket under the same trust. Rejects with the AppError of the refused handshake. The caller ends it. */
  socket(call: Omit<HttpsCall, 'method' | 'body'> & { protocols?: readonly string[] }): Promise<WebSocket>
  dispose(): void
}

const mebibyte = 1024 * 1024
const defaultTimeoutMs = 20_000
const defaultConnectTimeoutMs = 10_000

/** A client for one system. Throws `invalid-input` for an address that is not https. */
export function createHttpsClient(options: HttpsClientOptions): HttpsClient {
  const { system, errorText, maxBodyBytes = 64 * mebibyte, maxSockets = 8 } = options
  const base = parseBase(options.url, system)
  const party: Party = { system, endpoint: `${base.hostname}:${base.port || '443'}` }
  const connectTimeoutMs = options.connectTimeoutMs ?? defaultConnectTimeoutMs
  const agentOptions = { tls: options.tls, party, connectTimeoutMs }
  const calls = createTrustedAgent({ ...agentOptions, maxSockets })
  const streams = createTrustedAgent({ ...agentOptions, maxSockets: Infinity })

  function begin(call: HttpsCall, agent: Agent, signal: AbortSignal): Promise<IncomingMessage> {
    const body = encodeBody(call.body)
    const requestOptions: RequestOptions = {
      host: base.hostname.replace(/^\[|\]$/g, ''),
      port: base.port || 443,
      method: call.method ?? 'GET',
      path: base.pathname.replace(/\/$/, '') + call.path + encodeQuery(call.query),
      headers: { accept: 'application/json', 'user-agent': 'Meridian', ...body.headers, ...call.headers },
      agent,
      signal,
    }
    return new Promise((resolve, reject) => {
      const request = startRequest(requestOptions, resolve)
      // Sockets come trusted and connected: from here on the server may act on what it reads.
      let wasSent = false
      request.on('socket', () => (wasSent = true))
      request.on('error', (error) =>
        reject(Object.assign(error, { wasReused: request.reusedSocket, wasSent })),
      )
      request.end(body.text)
    })
  }

  /** A kept-alive connection may have been closed by the server just now: reads are asked once more on a new one. */
  async function beginSafely(call: HttpsCall, agent: Agent, signal: AbortSignal): Promise<IncomingMessage> {
    try {
      return await begin(call, agent, signal)
    } catch (error) {
      const wasReused = (error as { wasReused?: boolean }).wasReused === true
      if (!wasReused || signal.aborted || (call.method ?? 'GET') !== 'GET') throw error
      return begin(call, agent, signal)
    }
  }

  async function checked(
    call: HttpsCall,
    response: IncomingMessage,
    limit: number,
  ): Promise<IncomingMessage> {
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return response
    const text = await readBody(response, Math.min(limit, mebibyte), party, call).catch(() => '')
    throw statusFault({ party, call, response, text, errorText })
  }

  async function json(call: HttpsCall): Promise<unknown> {
    const timeoutMs = call.timeoutMs ?? defaultTimeoutMs
    const limit = call.maxBodyBytes ?? maxBodyBytes
    return withLimit({ party, call, timeoutMs }, async (signal) => {
      const response = await checked(call, await beginSafely(call, calls, signal), limit)
      const text = await readBody(response, limit, party, call)
      if (text === '') return undefined
      const type = response.headers['content-type'] ?? ''
      if ((type !== '' && !/\bjson\b/i.test(type)) || text.startsWith('<'))
        throw notJson(party, call, type, text)
      try {
        return JSON.parse(text) as unknown
      } catch (cause) {
        throw badJson(party, call, cause)
      }
    })
  }

  async function* bytes(call: HttpsCall & { idleMs: number }): AsyncGenerator<Uint8Array, void, void> {
    const controller = new AbortController()
    const signal = call.signal ? AbortSignal.any([call.signal, controller.signal]) : controller.signal
    try {
      yield* readChunks(await openBody(call, signal, controller), { party, call, idleMs: call.idleMs })
    } catch (error) {
      if (call.signal?.aborted) throw cancelled()
      throw answerFault(error, party, call)
    } finally {
      controller.abort()
    }
  }

  /** The head of an answer whose body is read as it comes: the limit is for the head only. */
  function openBody(
    call: HttpsCall,
    signal: AbortSignal,
    controller: AbortController,
  ): Promise<IncomingMessage> {
    const timeoutMs = call.timeoutMs ?? defaultTimeoutMs
    return withLimit({ party, call, timeoutMs }, async (limited) => {
      limited.addEventListener('abort', () => controller.abort(), { once: true })
      return checked(call, await beginSafely(call, streams, signal), mebibyte)
    })
  }

  function socket(call: Parameters<HttpsClient['socket']>[0]): Promise<WebSocket> {
    const timeoutMs = call.timeoutMs ?? defaultTimeoutMs
    return withLimit({ party, call, timeoutMs }, (signal) =>
      openSocket({
        url: `wss://${base.host}${base.pathname.replace(/\/$/, '')}${call.path}${encodeQuery(call.query)}`,
        protocols: [...(call.protocols ?? [])],
        headers: { 'user-agent': 'Meridian', ...call.headers },
        agent: streams,
        signal,
        refuse: async (response) => {
          const text = await readBody(response, mebibyte, party, call).catch(() => '')
          return statusFault({ party, call, response, text, errorText })
        },
      }),
    )
  }

  async function* lines(call: HttpsCall & { idleMs: number }): AsyncGenerator<string, void, void> {
    const controller = new AbortController()
    const signal = call.signal ? AbortSignal.any([call.signal, controller.signal]) : controller.signal
    try {
      const response = await openBody(call, signal, controller)
      yield* readLines(response, { party, call, idleMs: call.idleMs, maxLineBytes: maxBodyBytes })
    } catch (error) {
      if (call.signal?.aborted) throw cancelled()
      throw answerFault(error, party, call)
    } finally {
      controller.abort()
    }
  }

  return {
    party,
    json,
    lines,
    bytes,
    socket,
    dispose() {
      calls.destroy()
      streams.destroy()
    },
  }
}

/** Runs `work` under the caller's signal and a time limit; every failure leaves as an AppError. */
async function withLimit<T>(
  { party, call, timeoutMs }: { party: Party; call: HttpsCall; timeoutMs: number },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  if (call.signal?.aborted) throw cancelled()
  call.signal?.addEventListener('abort', abort, { once: true })
  let isTimeout = false
  const timer = setTimeout(() => {
    isTimeout = true
    abort()
  }, timeoutMs)
  try {
    return await work(controller.signal)
  } catch (error) {
    if (call.signal?.aborted) throw inDoubt(cancelled(), call, error)
    if (isTimeout)
      throw inDoubt(
        new AppError(
          'timeout',
          `${party.system} at ${party.endpoint} did not answer within ${timeoutMs / 1000} s.`,
          {
            remedy:
              'Check that the system is up and not overloaded, and the network in between; then try again.',
            target: party,
          },
        ),
        call,
        error,
      )
    throw inDoubt(answerFault(error, party, call), call, error)
  } finally {
    clearTimeout(timer)
    call.signal?.removeEventListener('abort', abort)
  }
}

function parseBase(url: string, system: string): URL {
  let base: URL | undefined
  try {
    base = new URL(url)
  } catch {
    base = undefined
  }
  if (base?.protocol === 'https:' && base.username === '' && base.password === '') return base
  throw new AppError(
    'invalid-input',
    `The address of ${system} is not one that starts with https:// and a host name.`,
    {
      remedy: 'Correct the address of the connection, for example https://pve.example.org:8006.',
    },
  )
}

function encodeQuery(query: HttpsCall['query']): string {
  const parameters = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue
    for (const item of Array.isArray(value) ? value : [value]) parameters.append(key, String(item))
  }
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}

function encodeBody(body: HttpsCall['body']): {
  text: string | undefined
  headers: Record<string, string | number>
} {
  if (body === undefined) return { text: undefined, headers: {} }
  if (typeof body === 'string') return { text: body, headers: { 'content-length': Buffer.byteLength(body) } }
  const form = new URLSearchParams()
  for (const [key, value] of Object.entries(body)) if (value !== undefined) form.append(key, String(value))
  const text = form.toString()
  return {
    text,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(text),
    },
  }
}
