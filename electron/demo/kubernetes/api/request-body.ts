// Reads the body of a request: bounded, JSON or YAML by content type. The router calls it; refusals are Status errors.
import type { IncomingMessage } from 'node:http'
import { parse as parseYaml } from 'yaml'
import { badRequest, KubeError, unsupportedMedia } from '../storage/kube-status.ts'
import { patchTypes } from './object-writes.ts'

/** The limit of the real server for one object. */
const bodyLimitBytes = 3 * 2 ** 20

export const contentTypeOf = (request: IncomingMessage): string =>
  (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''

/** The raw text; throws 413 beyond the limit. */
export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bodyLimitBytes)
      throw new KubeError(
        413,
        'RequestEntityTooLarge',
        `Request entity too large: limit is ${bodyLimitBytes}`,
      )
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const patchContentTypes: string[] = Object.values(patchTypes)

/** The parsed body. An empty one is undefined; an unknown content type is 415. */
export function parseBody(text: string, contentType: string, isPatch: boolean): unknown {
  if (text.trim() === '' && !isPatch) return undefined
  if (isPatch) {
    if (!patchContentTypes.includes(contentType)) throw unsupportedMedia(contentType)
  } else if (!['application/json', 'application/yaml', ''].includes(contentType))
    throw unsupportedMedia(contentType)
  try {
    const isYaml = contentType === 'application/yaml' || contentType === patchTypes.apply
    return isYaml ? (parseYaml(text, { maxAliasCount: 50 }) as unknown) : (JSON.parse(text) as unknown)
  } catch (error) {
    throw badRequest(
      `couldn't get version/kind; parse error: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
