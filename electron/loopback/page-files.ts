// The built page, read from out/renderer. It never reads outside that folder and serves only kinds of files it knows.
import { readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { carrierPlaceholder } from '#shared/wire/content-security-policy.ts'

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
}

export interface PageFile {
  body: Buffer | string
  contentType: string
  isPage: boolean
}

/** The file for a request's path, or undefined where there is none to be served. */
export async function readPageFile(pageRoot: string, pathname: string): Promise<PageFile | undefined> {
  const path = resolveInside(pageRoot, pathname)
  const contentType = path && contentTypes[extname(path)]
  if (!path || !contentType) return undefined
  const bytes = await readFile(path).catch(() => undefined)
  if (!bytes) return undefined
  const isPage = path.endsWith('.html')
  return { body: isPage ? bytes.toString('utf8').replaceAll(carrierPlaceholder, 'socket') : bytes, contentType, isPage }
}

/** Every part must be a plain file name: no dot files, no parents, no separators in disguise. */
export function resolveInside(pageRoot: string, pathname: string): string | undefined {
  let decoded: string
  try {
    decoded = decodeURIComponent(pathname)
  } catch {
    return undefined
  }
  const parts = (decoded === '/' ? '/index.html' : decoded).slice(1).split('/')
  if (!parts.every((part) => /^[A-Za-z0-9_][A-Za-z0-9._@+-]*$/.test(part))) return undefined
  const path = join(pageRoot, ...parts)
  return path.startsWith(pageRoot + sep) ? path : undefined
}
