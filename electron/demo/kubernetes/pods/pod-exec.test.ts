// Exec on the wire: subprotocols, channel bytes, half-close, status, and refusals before the upgrade.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { KubeLab, ListAnswer } from '../testing/kube-client.ts'
import { openKubeLab } from '../testing/kube-client.ts'

let lab: KubeLab
let path = ''
beforeAll(async () => {
  lab = await openKubeLab()
  const { items } = await lab.get<ListAnswer>(
    '/api/v1/namespaces/desi-voids/pods?labelSelector=app.kubernetes.io/instance%3Dvoid-notebooks',
  )
  path = `/api/v1/namespaces/desi-voids/pods/${items[0]?.metadata.name ?? ''}/exec`
})
afterAll(() => lab.dispose())

interface Ended {
  protocol: string
  /** Text by channel. */
  said: Record<number, string>
  code: number
}

function exec(
  query: string,
  protocols: string[],
  begin: (socket: WebSocket) => void = () => {},
  user = 'lab-admin',
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${lab.server.replace('https', 'wss')}${path}?${query}`, protocols, {
      ca: lab.caPem,
      headers: { authorization: `Bearer ${lab.token(user)}` },
      handshakeTimeout: 5_000,
    })
    const said: Record<number, string> = {}
    socket.on('open', () => begin(socket))
    socket.on('message', (data: Buffer) => {
      const channel = data[0] ?? 255
      said[channel] = (said[channel] ?? '') + data.subarray(1).toString()
    })
    socket.on('unexpected-response', (_request, response) => {
      let text = ''
      response.on('data', (bytes: Buffer) => (text += bytes.toString()))
      response.on('end', () => reject(new Error(`${response.statusCode ?? 0} ${text}`)))
    })
    socket.on('error', reject)
    socket.on('close', (code) => resolve({ protocol: socket.protocol, said, code }))
  })
}

const both = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
const all = 'stdout=true&stderr=true'

describe('exec', () => {
  it('chooses v5, else v4, and ends with a Status', async () => {
    const ended = await exec(`command=hostname&${all}`, both)
    expect(ended.protocol).toBe('v5.channel.k8s.io')
    expect(ended.said[1]).toMatch(/^void-notebooks-.*\n$/)
    expect(JSON.parse(ended.said[3] ?? '')).toMatchObject({ status: 'Success' })
    expect(ended.code).toBe(1000)
    expect((await exec(`command=true&${all}`, ['v4.channel.k8s.io'])).protocol).toBe('v4.channel.k8s.io')
  })
  it('tells the exit code in the causes', async () => {
    const { said } = await exec(
      `command=sh&command=-c&command=${encodeURIComponent('echo bad >&2; exit 42')}&${all}`,
      both,
    )
    expect(JSON.parse(said[3] ?? '')).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '42' }] },
    })
  })
  it('ends standard input on the close signal of v5', async () => {
    const { said } = await exec(`command=cat&stdin=true&${all}`, both, (socket) => {
      socket.send(Buffer.concat([Buffer.from([0]), Buffer.from('half closed')]))
      socket.send(Buffer.from([255, 0]))
    })
    expect(said[1]).toBe('half closed')
  })
  it('takes resizes and survives nonsense', async () => {
    const { said } = await exec(`command=sh&stdin=true&tty=true&stdout=true`, both, (socket) => {
      socket.send(Buffer.from([4, ...Buffer.from('{"Width":132,"Height":50}')]))
      socket.send(Buffer.from([4, ...Buffer.from('no size')]))
      socket.send(Buffer.from([9, 1, 2]))
      socket.send(Buffer.alloc(0))
      socket.send(Buffer.from([0, ...Buffer.from('stty size; exit 0\r')]))
    })
    expect(said[1]).toContain('50 132')
    expect(said[2]).toBeUndefined()
  })
  it('refuses before the upgrade, with a Status', async () => {
    await expect(exec(`command=ls&container=none&${all}`, both)).rejects.toThrow(/^400 .*not valid for pod/)
    await expect(exec(all, both)).rejects.toThrow(/^400 .*at least 1 command/)
    await expect(exec(`command=ls&${all}`, ['v1.unknown'])).rejects.toThrow(/^400 .*not supported/)
    await expect(exec(`command=ls&${all}`, both, undefined, 'lab-researcher')).rejects.toThrow(/^403 /)
    await expect(exec(`command=ls&${all}`, both, undefined, 'nobody')).rejects.toThrow(/^401 /)
  })
})
