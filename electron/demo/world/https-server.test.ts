import { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { call } from '../testing/api-client.ts'
import { createTestContext, type TestContext } from '../testing/demo-context.ts'
import { loadCertificates } from './certificates.ts'
import { startDemoHttpsServer, type DemoHttpsServer } from './https-server.ts'

let context: TestContext
let server: DemoHttpsServer
beforeEach(async () => {
  context = await createTestContext()
  server = await startDemoHttpsServer({
    service: 'pbs',
    context,
    slowMs: 150,
    handle(request, response) {
      if (request.url === '/throw') throw new Error('broken handler')
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ data: 'x'.repeat(10_000) }))
    },
    faultBody: (status) => ({ contentType: 'text/plain', body: `fault ${status}` }),
  })
})
afterEach(async () => {
  await server?.dispose()
  await context?.dispose()
})

const get = (path = '/') => call(`${server.url}${path}`, context.certificate('pbs').caPem, 'GET')

describe('demo HTTPS server', () => {
  it('listens on loopback with a certificate that the lab CA signed for it', async () => {
    expect((await get()).status).toBe(200)
    await expect(call(server.url, context.certificate('pbs').certPem, 'GET')).rejects.toThrow(/certificate/)
    const { certPem, caPem, fingerprint256 } = context.certificate('pbs')
    const leaf = new X509Certificate(certPem)
    expect(leaf.verify(new X509Certificate(caPem).publicKey)).toBe(true)
    expect([leaf.checkIP('127.0.0.1'), leaf.checkHost('localhost')]).toEqual(['127.0.0.1', 'localhost'])
    expect(leaf.fingerprint256).toBe(fingerprint256)
  })

  it('keeps its certificates between starts', async () => {
    const again = await loadCertificates(context.dataDir)
    expect(again('pbs')).toEqual(context.certificate('pbs'))
    expect(again('proxmox').fingerprint256).not.toBe(again('pbs').fingerprint256)
  })

  it('answers a handler that throws with 500 and one line in the log', async () => {
    expect((await get('/throw')).status).toBe(500)
    expect(context.logLines.join()).toMatch(/GET \/throw failed: Error: broken handler/)
  })
})

describe('faults', () => {
  it('slow answers late', async () => {
    context.faults.set('pbs', 'slow')
    const start = performance.now()
    expect((await get()).status).toBe(200)
    expect(performance.now() - start).toBeGreaterThan(140)
  })

  it('cut ends the connection in the middle of the body', async () => {
    context.faults.set('pbs', 'cut')
    await expect(get()).rejects.toThrow(/aborted|hang up|ECONNRESET/)
  })

  it.each([
    ['unauthorized', 401],
    ['server-error', 500],
  ] as const)('%s answers %i in the form of the API', async (fault, status) => {
    context.faults.set('pbs', fault)
    const answer = await get()
    expect([answer.status, answer.text]).toEqual([status, `fault ${status}`])
  })

  it('garbage answers 200 with what is no JSON', async () => {
    context.faults.set('pbs', 'garbage')
    for (const path of ['/', '/x']) expect(await get(path)).toMatchObject({ status: 200, json: undefined })
  })

  it('an expired certificate is met by the next connection, and gone with the fault', async () => {
    expect((await get()).status).toBe(200)
    context.faults.set('pbs', 'expired-certificate')
    await expect(get()).rejects.toThrow(/expired/)
    context.faults.set('pbs', undefined)
    expect((await get()).status).toBe(200)
  })

  it('touch one service only, and cut what is open', async () => {
    const { caPem: ca } = context.certificate('pbs')
    const open = connect({ host: '127.0.0.1', port: server.port, ca, servername: 'localhost' })
    let isClosed = false
    open.on('close', () => (isClosed = true)).on('error', () => {})
    await vi.waitFor(() => expect(open.authorized).toBe(true), { timeout: 3_000 })
    context.faults.set('proxmox', 'cut')
    expect((await get()).status).toBe(200)
    expect(isClosed).toBe(false)
    context.faults.set('pbs', 'server-error')
    await vi.waitFor(() => expect(isClosed).toBe(true), { timeout: 3_000 })
  })

  it('an upgrade that nobody takes is refused', async () => {
    const { caPem: ca } = context.certificate('pbs')
    const socket = connect({ host: '127.0.0.1', port: server.port, ca, servername: 'localhost' })
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString())).on('error', () => {})
    socket.write('GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    await vi.waitFor(() => expect(text).toMatch(/^HTTP\/1.1 501/), { timeout: 3_000 })
  })
})
