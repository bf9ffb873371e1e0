// The built page as a table of exact paths, read once at the start: what is not in the table does not exist, however
// its name is spelt, so no request can leave the folder. Knows nothing of sessions.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { AppError } from '#shared/errors.ts'
import { carrierPlaceholder } from '#shared/wire/content-security-policy.ts'

export interface PageFile {
  body: Buffer
  headers: Record<string, string>
}

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
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

/** Throws when the page has not been built. Files of a type that is not in the list are left out. */
export function readPageFiles(pageRoot: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>()
  for (const path of listFiles(pageRoot)) {
    const contentType = contentTypes[extname(path).toLowerCase()]
    if (!contentType) continue
    const name = `/${relative(pageRoot, path).split(sep).join('/')}`
    files.set(name, toPageFile(name, contentType, readFileSync(path)))
  }
  const index = files.get('/index.html')
  if (!index)
    throw new AppError('not-found', `Meridian's page is not in ${pageRoot}.`, {
      remedy: 'Build it: npm run build.',
    })
  return files.set('/', index)
}

function toPageFile(name: string, contentType: string, bytes: Buffer): PageFile {
  const isPage = name.endsWith('.html')
  const body = isPage ? Buffer.from(bytes.toString('utf8').replaceAll(carrierPlaceholder, 'socket')) : bytes
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  // The bundler names what is in assets/ by its content.
  const isNamedByContent = name.startsWith('/assets/')
  const cacheControl = isPage
    ? 'no-store'
    : isNamedByContent
      ? 'private, max-age=31536000, immutable'
      : 'private, no-cache'
  return { body, headers: { 'content-type': contentType, 'cache-control': cacheControl, etag } }
}

function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  } catch {
    return []
  }
}
