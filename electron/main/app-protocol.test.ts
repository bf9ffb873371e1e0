// The handler of app://meridian/: what it serves, what it refuses, and how streams come and go.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StreamDesk } from '#core/router/stream-desk.ts'
import type { Peer } from '#core/router/call-context.ts'
import { createAppHandler, resolvePageFile } from './app-protocol.ts'

let root: string
let pageRoot: string
const desk = new StreamDesk()
const peer: Peer = { id: 'p', label: 'test', signal: new AbortController().signal }

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'meridian-page-'))
  pageRoot = join(root, 'renderer')
  mkdirSync(join(pageRoot, 'assets'), { recursive: true })
  mkdirSync(join(root, 'renderer-secret'))
  writeFileSync(join(pageRoot, 'index.html'), '<meta name="meridian-carrier" content="__CARRIER__">')
  writeFileSync(join(pageRoot, 'assets/app-1a2b.js'), 'export {}')
  writeFileSync(join(pageRoot, 'assets/strange.xyz'), 'unknown kind')
  writeFileSync(join(root, 'secret.txt'), 'secret')
  writeFileSync(join(root, 'renderer-secret/a.txt'), 'secret')
  symlinkSync(join(root, 'secret.txt'), join(pageRoot, '.hidden.txt'))
})
afterAll(() => {
  desk.dispose()
  rmSync(root, { recursive: true })
})

const get = (
  address: string,
  init: RequestInit & { initiatorOrigin?: string | null } = {},
): Promise<Response> => {
  const request = new Request(new URL(address, 'app://meridian/'), init)
  if (init.initiatorOrigin !== undefined) Object.assign(request, { initiatorOrigin: init.initiatorOrigin })
  return createAppHandler({ pageRoot, streams: desk })(request)
}

describe('files of the page', () => {
  it('serves the page with its carrier named, never from a cache', async () => {
    const answer = await get('/')
    expect(answer.status).toBe(200)
    expect(await answer.text()).toBe('<meta name="meridian-carrier" content="port">')
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it('serves assets with their type and the security headers', async () => {
    const answer = await get('/assets/app-1a2b.js')
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    expect(await (await get('/assets/app-1a2b.js', { method: 'HEAD' })).text()).toBe('')
  })

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/..%2frenderer-secret/a.txt',
    '/%2fetc/passwd',
    '/.hidden.txt',
    '/assets/',
    '/assets',
    '/assets/strange.xyz',
    '/assets/app-1a2b.js%00.html',
    '/assets/app-1a2b.js.',
    '/C:/windows/win.ini',
    '/%zz',
  ])('answers %s with 404 and no file', async (path) => {
    const answer = await get(`app://meridian${path}`)
    expect(answer.status).toBe(404)
    expect(await answer.text()).not.toContain('secret')
  })

  it('keeps every path inside the folder, whatever the text', () => {
    for (const path of ['/..', '//etc/passwd', '/a/../b.js', '/a\\..\\b.js', '/~root/x.js', '/a//b.js'])
      expect(resolvePageFile('/srv/page', path), path).toBeUndefined()
    expect(resolvePageFile('/srv/page', '/assets/a-b_c.1@2+3.js')).toBe(
      join('/srv/page', 'assets/a-b_c.1@2+3.js'),
    )
  })

  it('answers only reading, only its own host, only its own page', async () => {
    expect((await get('/', { method: 'POST', body: 'x' })).status).toBe(405)
    expect((await get('app://elsewhere/')).status).toBe(404)
    expect((await get('/', { initiatorOrigin: 'https://example.com' })).status).toBe(403)
    expect((await get('/', { initiatorOrigin: null })).status).toBe(403)
    expect((await get('/', { initiatorOrigin: 'app://meridian' })).status).toBe(200)
  })
})

describe('streams', () => {
  it('gives a stream once, as it is pulled, with its own headers and ours', async () => {
    let pulled = 0
    const ticket = desk.offer(peer, {
      contentType: 'application/vnd.apache.arrow.stream',
      filename: 'zpix.arrow',
      async *open() {
        for (; pulled < 1000; pulled += 1) yield new Uint8Array([pulled & 255])
      },
    })
    const answer = await get(ticket.url)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/vnd.apache.arrow.stream')
    expect(answer.headers.get('content-disposition')).toContain('zpix.arrow')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    const reader = answer.body!.getReader()
    expect((await reader.read()).value).toEqual(new Uint8Array([0]))
    expect(pulled).toBeLessThan(10)
    await reader.cancel()
    expect((await get(ticket.url)).status).toBe(404)
  })

  it('ends the source when the page goes away', async () => {
    let wasAborted = false
    const ticket = desk.offer(peer, {
      contentType: 'text/csv',
      async *open(signal) {
        signal.addEventListener('abort', () => (wasAborted = true))
        for (;;) yield new Uint8Array(10)
      },
    })
    const answer = await get(ticket.url)
    await answer.body!.cancel()
    expect(wasAborted).toBe(true)
  })

  it('refuses ids of another shape and other methods', async () => {
    for (const id of ['x', '0'.repeat(31), '0'.repeat(33), 'G'.repeat(32)])
      expect((await get(`/stream/${id}`)).status, id).toBe(404)
    expect((await get(`/stream/${'0'.repeat(32)}`, { method: 'HEAD' })).status).toBe(405)
  })
})
