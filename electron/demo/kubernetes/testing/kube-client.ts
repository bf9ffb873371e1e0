// A bare HTTPS client for the tests of the demo API server: one request, the whole answer; or a stream of lines.
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { parse } from 'yaml'
import { z } from 'zod'
import type { TestContext } from '../../testing/demo-context.ts'
import { createTestContext } from '../../testing/demo-context.ts'
import type { KubernetesDemo } from '../kubernetes-server.ts'
import { startKubernetesDemo } from '../kubernetes-server.ts'
import type { KubeObject } from '../storage/kube-object.ts'

const kubeconfig = z.looseObject({
  clusters: z.array(
    z.looseObject({
      cluster: z.looseObject({ server: z.string(), 'certificate-authority-data': z.string() }),
    }),
  ),
  users: z.array(
    z.looseObject({
      name: z.string(),
      user: z.looseObject({
        token: z.string().optional(),
        'client-certificate-data': z.string().optional(),
        'client-key-data': z.string().optional(),
      }),
    }),
  ),
})

export interface Answer {
  code: number
  text: string
  headers: IncomingMessage['headers']
  /** The body as JSON; throws when it is none. */
  json<T = KubeObject>(): T
}

export interface RequestOptions {
  body?: unknown
  contentType?: string
  accept?: string
  /** One of the kubeconfig's users, or none at all. */
  user?: 'lab-admin' | 'lab-researcher' | 'system-admin' | 'nobody'
}

export interface ListAnswer {
  kind: string
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number }
  items: KubeObject[]
}

export interface WatchEvent {
  type: string
  object: KubeObject & { code?: number; reason?: string }
}

export interface KubeLab {
  context: TestContext
  demo: KubernetesDemo
  caPem: string
  server: string
  token(user: string): string
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>
  get<T = KubeObject>(path: string): Promise<T>
  /** The answer as soon as its head is there; the caller reads the body. */
  open(method: string, path: string, options: RequestOptions): Promise<IncomingMessage>
  /** Reads JSON lines until `isEnough` says so or the server ends the answer. */
  watch(path: string, isEnough: (events: WatchEvent[]) => boolean, begin?: () => void): Promise<WatchEvent[]>
  dispose(): Promise<void>
}

/** Starts a demo API server of its own for one test file. */
export async function openKubeLab(options: { startMs?: number; bookmarkMs?: number } = {}): Promise<KubeLab> {
  const context = await createTestContext(options.startMs === undefined ? {} : { startMs: options.startMs })
  const demo = await startKubernetesDemo(
    context,
    options.bookmarkMs === undefined ? {} : { bookmarkMs: options.bookmarkMs },
  )
  const config = kubeconfig.parse(parse(demo.kubeconfig))
  const [entry] = config.clusters
  const server = entry?.cluster.server ?? ''
  const decoded = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString('utf8')
  const caPem = decoded(entry?.cluster['certificate-authority-data'])
  const userOf = (name: string) => config.users.find((one) => one.name === name)?.user

  const open = (method: string, path: string, request: RequestOptions): Promise<IncomingMessage> => {
    const { body, user = 'lab-admin' } = request
    const credentials = userOf(user)
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    const headers: Record<string, string> = {
      ...(credentials?.token === undefined ? {} : { authorization: `Bearer ${credentials.token}` }),
      ...(request.accept === undefined ? {} : { accept: request.accept }),
      ...(text === undefined
        ? {}
        : {
            'content-type': request.contentType ?? 'application/json',
            'content-length': String(Buffer.byteLength(text)),
          }),
    }
    const certificate =
      credentials?.['client-certificate-data'] === undefined
        ? {}
        : {
            cert: decoded(credentials['client-certificate-data']),
            key: decoded(credentials['client-key-data']),
          }
    return new Promise((resolve, reject) => {
      const sent = httpsRequest(
        `${server}${path}`,
        { method, headers, ca: caPem, agent: false, timeout: 15_000, ...certificate },
        resolve,
      )
      sent.on('error', reject)
      sent.on('timeout', () => sent.destroy(new Error(`${method} ${path} took too long`)))
      sent.end(text)
    })
  }

  const request = async (method: string, path: string, wanted: RequestOptions = {}): Promise<Answer> => {
    const message = await open(method, path, wanted)
    const chunks: Buffer[] = []
    for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString('utf8')
    return {
      code: message.statusCode ?? 0,
      text,
      headers: message.headers,
      json: <T>() => JSON.parse(text) as T,
    }
  }

  return {
    context,
    demo,
    caPem,
    server,
    token: (user) => userOf(user)?.token ?? '',
    request,
    open,
    async get<T>(path: string): Promise<T> {
      const answer = await request('GET', path)
      if (answer.code !== 200)
        throw new Error(`GET ${path} answered ${answer.code}: ${answer.text.slice(0, 300)}`)
      return answer.json<T>()
    },
    async watch(path, isEnough, begin) {
      const message = await open('GET', path, {})
      const events: WatchEvent[] = []
      begin?.()
      let rest = ''
      for await (const chunk of message as AsyncIterable<Buffer>) {
        const lines = (rest + chunk.toString('utf8')).split('\n')
        rest = lines.pop() ?? ''
        events.push(...lines.map((line) => JSON.parse(line) as WatchEvent))
        if (isEnough(events)) break
      }
      message.destroy()
      return events
    },
    async dispose() {
      await demo.dispose()
      await context.dispose()
    },
  }
}

/** Waits until a condition holds; rejects after six seconds. */
export async function until<T>(read: () => Promise<T | undefined> | T | undefined, what: string): Promise<T> {
  const endMs = Date.now() + 6_000
  for (;;) {
    const value = await read()
    if (value !== undefined && value !== false) return value
    if (Date.now() > endMs) throw new Error(`${what} never came`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
