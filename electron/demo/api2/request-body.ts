// Reads the parameters of an API2 request off the wire: query, form body or JSON body, with the limits that the
// real proxies have. Called by the Proxmox VE and PBS servers before anything else looks at a call.
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { ApiFault } from './api-fault.ts'
import type { RawValue } from './parameters.ts'

/** The proxies refuse larger bodies of plain calls. */
const bodyLimitBytes = 512 * 1024

const scalar = z.union([z.string(), z.number(), z.boolean()])
const jsonBody = z.record(z.string(), z.union([scalar, z.array(scalar), z.null()]))

export interface CallParameters {
  path: string
  raw: Map<string, RawValue>
}

/** Path and raw parameters of a request; query values win over body ones. Throws ApiFault on a refused body. */
export async function readParameters(request: IncomingMessage): Promise<CallParameters> {
  const url = new URL(request.url ?? '/', 'https://127.0.0.1')
  const raw = await readBody(request)
  for (const [name, value] of fromForm(url.searchParams)) raw.set(name, value)
  return { path: url.pathname, raw }
}

async function readBody(request: IncomingMessage): Promise<Map<string, RawValue>> {
  const hasBody = Number(request.headers['content-length'] ?? 0) > 0 || 'transfer-encoding' in request.headers
  if (request.method !== 'POST' && request.method !== 'PUT') {
    if (hasBody) throw new ApiFault(501, `Unexpected content for method '${request.method}'`)
    return new Map()
  }
  if (!hasBody) return new Map()
  const body = await collect(request)
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') return fromForm(new URLSearchParams(body))
  if (type === 'application/json') return fromJson(body)
  throw new ApiFault(506, `unsupported content type '${type ?? ''}'`)
}

async function collect(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const piece = Buffer.from(chunk)
    size += piece.length
    if (size > bodyLimitBytes) throw new ApiFault(501, 'for data too large')
    chunks.push(piece)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function fromForm(form: URLSearchParams): Map<string, RawValue> {
  const raw = new Map<string, RawValue>()
  for (const [name, value] of form) {
    const before = raw.get(name)
    if (before === undefined || before === null) raw.set(name, value)
    else raw.set(name, Array.isArray(before) ? [...before, value] : [before, value])
  }
  return raw
}

function fromJson(body: string): Map<string, RawValue> {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw new ApiFault(400, 'malformed JSON string in the request body')
  }
  const parsed = jsonBody.safeParse(value)
  if (!parsed.success) throw new ApiFault(400, 'the request body is not a JSON object of plain values')
  return new Map(Object.entries(parsed.data))
}
