// The least of HTTPS clients, for tests of the demo servers: one request, one answer, the status line kept. Not for
// the product, whose connectors have their own.
import { request } from 'node:https'

export interface PlainAnswer {
  status: number
  reason: string
  headers: Record<string, string | string[] | undefined>
  text: string
  /** Parsed body; undefined when it is no JSON. */
  json: unknown
  /** `data` of the body, when there is one. */
  data: unknown
}

export interface PlainRequest {
  headers?: Record<string, string>
  body?: string
  timeoutMs?: number
}

/** Rejects on connection faults, a body cut short, and after `timeoutMs` (10 s). */
export function call(
  url: string,
  caPem: string,
  method: string,
  options: PlainRequest = {},
): Promise<PlainAnswer> {
  const body = options.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(options.body)) }
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        ca: caPem,
        agent: false,
        headers: { ...options.headers, ...body },
        timeout: options.timeoutMs ?? 10_000,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          const json = parse(text)
          const data = typeof json === 'object' && json !== null && 'data' in json ? json.data : undefined
          const { statusCode = 0, statusMessage = '', headers } = response
          resolve({ status: statusCode, reason: statusMessage, headers, text, json, data })
        })
      },
    )
    sent.on('timeout', () => sent.destroy(new Error(`No answer from ${url} in time.`)))
    sent.on('error', reject)
    sent.end(options.body)
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Query or form text of plain values; arrays repeat their key. */
export function formOf(parameters: Readonly<Record<string, unknown>>): string {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) form.append(name, String(one))
  }
  return form.toString()
}
