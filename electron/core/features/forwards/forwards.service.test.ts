// Port forwards through the whole core and a real OpenSSH server: bytes get through, ports in use are explained, and a
// running forward comes back after its host was gone.
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Forward, ForwardPlan } from '#shared/contracts/forwards.ts'
import { freePort, noOpenSsh, startOpenSsh } from '../../connectors/ssh/testing/open-ssh-server.ts'
import { createSshSite, type SshSite } from '../../testing/ssh-site.ts'

describe.skipIf(noOpenSsh)('port forwards (skipped where no OpenSSH server is installed)', () => {
  let lab: SshSite
  let target: Server
  let targetPort: number

  beforeAll(async () => {
    lab = await createSshSite()
    target = createServer((socket) => socket.on('error', () => undefined).end('hello from behind'))
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
    targetPort = (target.address() as AddressInfo).port
  })
  afterAll(async () => {
    target.close()
    await lab.dispose()
  })

  const add = (plan: ForwardPlan): Promise<Forward> =>
    lab.client.forwards.add({ connectionId: lab.connection.id, label: '', plan, isAutomatic: false })
  const read = (port: number, greeting?: Buffer): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      const socket = connect(port, '127.0.0.1')
      if (greeting) socket.write(greeting)
      socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject)
      socket.on('close', () => resolve(Buffer.concat(chunks)))
    })
  const current = async (forwardId: string): Promise<Forward | undefined> => {
    for await (const list of await lab.client.forwards.watch({ siteId: lab.site.id })) return list.find((one) => one.forwardId === forwardId)
    return undefined
  }

  it('carries local connections, counts them, and ends them when stopped', async () => {
    const bindPort = await freePort()
    const made = await add({ kind: 'local', bindAddress: '127.0.0.1', bindPort, targetHost: '127.0.0.1', targetPort })
    expect(made.state).toBe('stopped')
    expect(await lab.client.forwards.start({ forwardId: made.forwardId })).toMatchObject({ state: 'running' })
    expect((await read(bindPort)).toString()).toBe('hello from behind')
    await expect.poll(async () => current(made.forwardId)).toMatchObject({ totalConnections: 1, openConnections: 0, receivedBytes: 17 })
    expect(await lab.client.forwards.stop({ forwardId: made.forwardId })).toMatchObject({ state: 'stopped' })
    await expect(read(bindPort)).rejects.toThrow(/ECONNREFUSED/)
    await lab.client.forwards.remove({ forwardId: made.forwardId })
  })

  it('is a SOCKS5 proxy, and refuses what cannot be reached', async () => {
    const bindPort = await freePort()
    const made = await add({ kind: 'dynamic', bindAddress: '127.0.0.1', bindPort })
    await lab.client.forwards.start({ forwardId: made.forwardId })
    const request = (port: number): Buffer =>
      Buffer.concat([Buffer.from([5, 1, 0, 5, 1, 0, 3, 9]), Buffer.from('127.0.0.1'), Buffer.from([port >> 8, port & 255])])
    expect((await read(bindPort, request(targetPort))).subarray(12).toString()).toBe('hello from behind')
    const closedPort = await freePort()
    expect((await read(bindPort, request(closedPort)))[3]).toBe(5)
    await lab.client.forwards.stop({ forwardId: made.forwardId })
  })

  it('lets the host’s side reach a port of this computer', async () => {
    const bindPort = await freePort()
    const made = await add({ kind: 'remote', bindAddress: '127.0.0.1', bindPort, targetHost: '127.0.0.1', targetPort })
    await lab.client.forwards.start({ forwardId: made.forwardId })
    expect((await read(bindPort)).toString()).toBe('hello from behind')
    await lab.client.forwards.stop({ forwardId: made.forwardId })
  })

  it('says that a port is in use, and does not listen then', async () => {
    const made = await add({ kind: 'local', bindAddress: '127.0.0.1', bindPort: targetPort, targetHost: '127.0.0.1', targetPort: 1 })
    await expect(lab.client.forwards.start({ forwardId: made.forwardId })).rejects.toMatchObject({ code: 'conflict' })
    expect(await current(made.forwardId)).toMatchObject({ state: 'failed', error: { code: 'conflict' } })
  })

  it('comes back by itself when its connection was lost', async () => {
    const bindPort = await freePort()
    const made = await add({ kind: 'local', bindAddress: '127.0.0.1', bindPort, targetHost: '127.0.0.1', targetPort })
    await lab.client.forwards.start({ forwardId: made.forwardId })
    await lab.server.kill()
    await expect.poll(async () => (await current(made.forwardId))?.state, { timeout: 9_000 }).toBe('waiting')
    const again = await startOpenSsh({ like: lab.server })
    try {
      await expect.poll(async () => (await current(made.forwardId))?.state, { timeout: 15_000 }).toBe('running')
      expect((await read(bindPort)).toString()).toBe('hello from behind')
    } finally {
      await again.dispose()
    }
  })
})
