// The whole loopback shell as a process, from source: its one line, its sentences, and what is left when it ends.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { WebSocket } from 'ws'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contract } from '#shared/contracts/index.ts'
import { createSocketPipe } from '#shared/wire/socket-pipe.ts'
import { createTypedClient } from '#shared/wire/typed-client.ts'
import { ask } from './testing/test-server.ts'

const root = resolve(import.meta.dirname, '..', '..')
const isPageBuilt = existsSync(join(root, 'out', 'renderer', 'index.html'))
const readyLine = /^Meridian is ready: http:\/\/127\.0\.0\.1:(\d+)(\/\?token=([\w-]{43}))$/gm
const startTimeoutMs = 30_000

interface Shell {
  child: ChildProcess
  printed(): string
  /** Every address announced so far. */
  addresses(): Array<{ port: number; path: string; token: string }>
  ended: Promise<number | string | null>
}

let directory: string
let shells: Shell[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meridian-shell-'))
  shells = []
})
afterEach(async () => {
  for (const { child, ended } of shells) {
    child.kill('SIGKILL')
    await ended
  }
  rmSync(directory, { recursive: true, force: true })
})

function start(...args: string[]): Shell {
  const entry = join(root, 'electron', 'loopback', 'index.ts')
  const child = spawn(process.execPath, [entry, '--no-open', `--data-dir=${directory}`, ...args], {
    stdio: 'pipe',
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk))
  child.stderr.on('data', (chunk: Buffer) => (text += chunk))
  const shell: Shell = {
    child,
    printed: () => text,
    addresses: () =>
      [...text.matchAll(readyLine)].map(([, port, path, token]) => ({
        port: Number(port),
        path: path!,
        token: token!,
      })),
    ended: new Promise((settle) => child.once('exit', (code, signal) => settle(signal ?? code))),
  }
  shells.push(shell)
  return shell
}

const isReady = (shell: Shell, count = 1): Promise<void> =>
  expect
    .poll(() => shell.addresses().length, { timeout: startTimeoutMs, message: shell.printed() })
    .toBe(count)

async function enter({ port, path }: { port: number; path: string }): Promise<string> {
  const answer = await ask(port, path)
  expect(answer.status).toBe(303)
  return String(answer.headers['set-cookie']).split(';', 1)[0]!
}

describe.skipIf(!isPageBuilt)(
  'the loopback shell (needs the built page: npm run build)',
  { timeout: 60_000 },
  () => {
    it('serves the page and the contract, and ends without a trace', async () => {
      const shell = start()
      await isReady(shell)
      const [address] = shell.addresses()
      const cookie = await enter(address!)
      expect((await ask(address!.port, '/', { cookie })).body).toContain('content="socket"')
      const origin = `http://127.0.0.1:${address!.port}`
      const socket = new WebSocket(`ws://127.0.0.1:${address!.port}/rpc`, { headers: { cookie, origin } })
      const client = createTypedClient(contract, createSocketPipe(socket))
      const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string })
        .version
      expect(await client.app.describe()).toMatchObject({
        version,
        opensDemo: false,
        capabilities: { demoLab: true, nativeDialogs: false },
      })
      const closed = new Promise<number>((settle) => socket.once('close', settle))
      shell.child.kill('SIGTERM')
      expect(await shell.ended).toBe(0)
      expect([1001, 1006]).toContain(await closed)
      expect(readdirSync(directory).filter((name) => /lock|sock/.test(name))).toEqual([])
      expect(statSync(directory).mode & 0o777).toBe(0o700)
      const log = readFileSync(join(directory, 'logs', 'meridian.log'), 'utf8')
      for (const secret of [address!.token, cookie.split('=')[1]!]) expect(log).not.toContain(secret)
    })

    it('prints a fresh address for Enter, in which the used one does not work', async () => {
      const shell = start('--demo')
      await isReady(shell)
      await enter(shell.addresses()[0]!)
      shell.child.stdin!.write('\n')
      await isReady(shell, 2)
      const [used, fresh] = shell.addresses()
      expect((await ask(used!.port, used!.path)).status).toBe(401)
      await enter(fresh!)
      shell.child.kill('SIGINT')
      expect(await shell.ended).toBe(0)
    })

    it('refuses a data directory in use, and takes it over after kill -9', async () => {
      const first = start()
      await isReady(first)
      const second = start()
      expect(await second.ended).toBe(1)
      expect(second.printed()).toMatch(
        new RegExp(`^Another Meridian \\(process ${first.child.pid}\\) works in ${directory}\\. `),
      )
      first.child.kill('SIGKILL')
      expect(await first.ended).toBe('SIGKILL')
      const third = start()
      await isReady(third)
    })

    it('says it when the port is taken', async () => {
      const server = createServer()
      await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle))
      const { port } = server.address() as AddressInfo
      const shell = start(`--port=${port}`)
      expect(await shell.ended).toBe(1)
      expect(shell.printed()).toBe(
        `Port ${port} of this machine is in use by another program. Leave --port away to take any free one, or choose another.\n`,
      )
      server.close()
    })
  },
)

it('answers a wrong command line with a sentence', { timeout: 60_000 }, async () => {
  const shell = start('--port=many')
  expect(await shell.ended).toBe(1)
  expect(shell.printed()).toBe('"many" is no port. Take a number from 1 to 65535, or leave --port away.\n')
})
