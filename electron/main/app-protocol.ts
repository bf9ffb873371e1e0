// Answers app://meridian/: the renderer's built files, and /stream/<id> from the core's stream desk. Called by
// Electron for every request of the page. It must never read outside the page's folder, never answer another
// origin, and never send an answer without the security headers.
import { readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { carrierPlaceholder, securityHeaders } from '#shared/wire/content-security-policy.ts'
import { appHost, appOrigin, appScheme } from './app-address.ts'
import type { ElectronSlice } from './electron-slice.ts'

/** What the handler needs of the host: one claim of one stream. */
export interface StreamSource {
  claim(
    streamId: string,
    signal?: AbortSignal,
  ): { headers: Record<string, string>; body: ReadableStream<Uint8Array> } | undefined
}

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
}

/** Must run before the app is ready: Chromium fixes its schemes then. */
export function registerAppScheme(protocol: ElectronSlice['protocol']): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: appScheme,
      privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
    },
  ])
}

/** The handler for `protocol.handle('app', …)`. `pageRoot` is the absolute folder of the built renderer. */
export function createAppHandler(options: { pageRoot: string; streams: StreamSource }) {
  return async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    if (url.host !== appHost) return refuse(404, 'There is nothing at this address.')
    if (isForeign(request)) return refuse(403, 'Only the application itself may ask for this.')
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refuse(405, 'Only reading is possible here.')
    const stream = /^\/stream\/([0-9a-f]{32})$/.exec(url.pathname)
    if (stream) return answerStream(options.streams, stream[1]!, request)
    return answerFile(options.pageRoot, url.pathname, request.method)
  }
}

/** Electron tells who asked; requests that the shell itself starts (the first load) carry no initiator. */
function isForeign(request: Request): boolean {
  const initiator = (request as Request & { initiatorOrigin?: string | null }).initiatorOrigin
  return initiator !== undefined && initiator !== appOrigin
}

function answerStream(streams: StreamSource, streamId: string, request: Request): Response {
  if (request.method !== 'GET') return refuse(405, 'A stream can only be fetched.')
  const claimed = streams.claim(streamId, request.signal)
  if (!claimed) return refuse(404, 'This stream was already read, has expired, or never was.')
  return new Response(claimed.body, { status: 200, headers: { ...securityHeaders(), ...claimed.headers } })
}

async function answerFile(pageRoot: string, pathname: string, method: string): Promise<Response> {
  const path = resolvePageFile(pageRoot, pathname)
  const contentType = path && contentTypes[extname(path).toLowerCase()]
  if (!path || !contentType) return refuse(404, 'There is no such file in the application.')
  const bytes = await readFile(path).catch(() => undefined)
  if (!bytes) return refuse(404, 'There is no such file in the application.')
  const isPage = extname(path) === '.html'
  const body = isPage ? bytes.toString('utf8').replaceAll(carrierPlaceholder, 'port') : new Uint8Array(bytes)
  const headers = {
    ...securityHeaders(),
    'content-type': contentType,
    'cache-control': isPage ? 'no-store' : 'no-cache',
  }
  return new Response(method === 'HEAD' ? null : body, { status: 200, headers })
}

/** The file behind a path of the page, or undefined where it would leave the folder or is no plain name. */
export function resolvePageFile(pageRoot: string, pathname: string): string | undefined {
  let decoded: string
  try {
    decoded = decodeURIComponent(pathname)
  } catch {
    return undefined
  }
  const parts = (decoded === '/' ? '/index.html' : decoded).slice(1).split('/')
  // Each part is a plain file name: no dot files, no parent, no drive, no separator of another system, no NUL.
  if (!parts.every((part) => /^[A-Za-z0-9_][A-Za-z0-9._@+-]*$/.test(part) && !part.endsWith('.')))
    return undefined
  const path = join(pageRoot, ...parts)
  return path.startsWith(pageRoot.endsWith(sep) ? pageRoot : pageRoot + sep) ? path : undefined
}

const refuse = (status: number, sentence: string): Response =>
  new Response(sentence, {
    status,
    headers: {
      ...securityHeaders(),
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
    },
  })
