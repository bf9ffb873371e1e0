// What is asked of Proxmox VE for a console, held against the official description; and the framing of termproxy.
import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { checkRequest, loadApiDescription } from '#demo/testing/api-description.ts'
import type { HttpsCall } from '../https/https-client.ts'
import { guestPath, inputFrame, nodePath, openTermproxy, openVncSocket, resizeFrame } from './proxmox-consoles.ts'

const api = loadApiDescription('pve')

/** Answers every POST with a proxy; its socket says `OK` to whatever login it gets. */
function recordingProxmox() {
  const asked: Array<{ method: string; path: string; parameters: Record<string, unknown> }> = []
  const said: string[] = []
  const socket = Object.assign(new EventEmitter(), {
    isPaused: false,
    send(bytes: Uint8Array, _options: unknown, done: () => void) {
      said.push(Buffer.from(bytes).toString('utf8'))
      done()
      if (said.length === 1) queueMicrotask(() => socket.emit('message', Buffer.from('OKhello')))
    },
    close: () => socket.emit('close', 1000, Buffer.alloc(0)),
    terminate: () => undefined,
  })
  const proxmox = {
    identity: 'ada@pam',
    call: async (schema: { parse(data: unknown): unknown }, call: HttpsCall) => {
      asked.push({ method: call.method ?? 'GET', path: call.path, parameters: call.body as Record<string, unknown> })
      return Promise.resolve(schema.parse({ port: '5901', ticket: 'PVEVNC:1::x', user: 'ada@pam', upid: 'UPID:', password: 'eight888' }))
    },
    socket: async (call: HttpsCall) => {
      asked.push({ method: 'GET', path: call.path, parameters: { ...call.query, port: Number(call.query?.['port']) } })
      return Promise.resolve(socket as unknown as WebSocket)
    },
  } as unknown as Parameters<typeof openTermproxy>[0]
  return { proxmox, asked, said }
}

describe.skipIf(!api)(`requests for consoles${api ? '' : ' (skipped: no API description beside this checkout)'}`, () => {
  const { signal } = new AbortController()
  it.each([
    ['a node', nodePath('node01'), undefined],
    ['a container', guestPath('node01', 'lxc', 101), undefined],
    ['a serial port', guestPath('node01', 'qemu', 100), { serial: 'serial1' }],
  ])('are as described for %s', async (_what, path, body) => {
    const { proxmox, asked } = recordingProxmox()
    await openTermproxy(proxmox, path, { signal, ...(body ? { body } : {}) })
    expect(asked.map(({ method, path: place }) => `${method} ${place}`)).toEqual([`POST ${path}/termproxy`, `GET ${path}/vncwebsocket`])
    for (const { method, path: place, parameters } of asked) expect(checkRequest(api!, method, place, parameters)).toEqual([])
  })

  it('are as described for a screen, whose password stays beside the socket', async () => {
    const { proxmox, asked } = recordingProxmox()
    const { password } = await openVncSocket(proxmox, guestPath('node01', 'qemu', 100), signal)
    expect(password).toBe('eight888')
    for (const { method, path, parameters } of asked) expect(checkRequest(api!, method, path, parameters)).toEqual([])
  })
})

describe('termproxy', () => {
  it('logs in with user and ticket as they came, and keeps what came behind the OK', async () => {
    const { proxmox, said } = recordingProxmox()
    const terminal = await openTermproxy(proxmox, nodePath('node01'), { signal: new AbortController().signal })
    expect(said).toEqual(['ada@pam:PVEVNC:1::x\n'])
    const first = await terminal.output[Symbol.asyncIterator]().next()
    expect(Buffer.from(first.value as Uint8Array).toString()).toBe('hello')
    await terminal.write(Buffer.from('ü'))
    expect(said.at(-1)).toBe('0:2:ü')
    terminal.close()
  })

  it('frames input by its bytes and sizes with a trailing colon', () => {
    expect(Buffer.from(inputFrame(Buffer.from('größe'))).toString()).toBe('0:7:größe')
    expect(Buffer.from(resizeFrame({ columns: 120, rows: 40 })).toString()).toBe('1:120:40:')
  })
})
