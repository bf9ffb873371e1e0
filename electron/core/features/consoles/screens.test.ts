// Screens of the demo cluster through the whole feature, read by a small RFB client that has no password; and the login
// against the real Xvnc of Debian where it is installed.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createByteReader, logInToRfb } from '../../connectors/rfb/rfb-login.ts'
import { createClusterLab, failureOf, type PageEnd } from './testing/consoles-lab.ts'

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 5_000, interval: 20 })
const size = { columns: 80, rows: 24 }

let lab: Awaited<ReturnType<typeof createClusterLab>>
beforeAll(async () => {
  lab = await createClusterLab()
})
afterAll(() => lab.dispose())

const guest = (vmid: number) => lab.bench.demo.cluster.findGuest(vmid)!
const screenOf = (vmid: number) => ({ kind: 'screen', node: guest(vmid).node, vmid }) as const

/** Plays the page: version, no security, a shared screen; then everything is there to be drawn. */
async function begin(page: PageEnd): Promise<{ width: number; height: number; name: string }> {
  await until(() => expect(page.text()).toBe('RFB 003.008\n'))
  await page.say('RFB 003')
  await page.say('.008\n')
  await until(() => expect([...page.bytes().subarray(12)]).toEqual([1, 1]))
  await page.say(Buffer.of(1))
  await until(() => expect([...page.bytes().subarray(14)]).toEqual([0, 0, 0, 0]))
  await page.say(Buffer.of(1))
  await until(() => expect(page.bytes().length).toBeGreaterThan(42))
  const init = page.bytes().subarray(18)
  return { width: init.readUInt16BE(0), height: init.readUInt16BE(2), name: init.toString('utf8', 24, 24 + init.readUInt32BE(20)) }
}

const requestUpdate = (isIncremental: boolean, { width, height }: { width: number; height: number }): Buffer => {
  const message = Buffer.alloc(10)
  message[0] = 3
  message[1] = isIncremental ? 1 : 0
  message.writeUInt16BE(width, 6)
  message.writeUInt16BE(height, 8)
  return message
}
const key = (keysym: number, isDown: boolean): Buffer => {
  const message = Buffer.alloc(8)
  message[0] = 4
  message[1] = isDown ? 1 : 0
  message.writeUInt32BE(keysym, 4)
  return message
}

describe('the screen of a guest', () => {
  it('reaches the page without a password, shows pixels, and changes when keys are pressed', async () => {
    const opened = await lab.client.open({ connectionId: lab.asToken(0), target: screenOf(2002), size })
    expect(opened).toMatchObject({ kind: 'screen', isViewOnly: false })
    const page = lab.attach(opened)
    const screen = await begin(page)
    expect(screen).toEqual({ width: 800, height: 520, name: 'QEMU (proj-pg01)' })
    const before = page.bytes().length
    await page.say(requestUpdate(false, screen))
    const whole = 4 + 12 + screen.width * screen.height * 4
    await until(() => expect(page.bytes().length).toBe(before + whole))
    const pixels = page.bytes().subarray(before + 16)
    expect(new Set(Array.from({ length: 5_000 }, (_, at) => pixels.readUInt32LE(at * 4))).size).toBeGreaterThan(1)
    const drawn = page.bytes().length
    await page.say(requestUpdate(true, screen))
    await page.say(Buffer.concat([key(0x61, true), key(0x61, false)]))
    await until(() => expect(page.bytes().length).toBeGreaterThan(drawn))
    page.channel.close()
  })

  it('cannot be typed into on a read-only site, whatever the page sends', async () => {
    lab.setReadOnly(true)
    const opened = await lab.client.open({ connectionId: lab.asToken(0), target: screenOf(2014), size })
    lab.setReadOnly(false)
    expect(opened.isViewOnly).toBe(true)
    const page = lab.attach(opened)
    const screen = await begin(page)
    const typed = [0x7a, 0x7a, 0xff0d].flatMap((keysym) => [key(keysym, true), key(keysym, false)])
    const before = page.bytes().length
    await page.say(Buffer.concat([...typed, requestUpdate(false, screen)]))
    const whole = 4 + 12 + screen.width * screen.height * 4
    await until(() => expect(page.bytes().length).toBe(before + whole))
    // A login name would be echoed, and the question for its password would stand below.
    const lineBytes = 13 * screen.width * 4
    const belowPrompt = page.bytes().subarray(before + 16 + 5 * lineBytes)
    expect(new Set(Array.from({ length: 10_000 }, (_, at) => belowPrompt.readUInt32LE(at * 4))).size).toBe(1)
    page.channel.close()
  })

  it('ends with a reason when the guest stops', async () => {
    const opened = await lab.client.open({ connectionId: lab.asToken(0), target: screenOf(2014), size })
    const page = lab.attach(opened)
    await begin(page)
    guest(2014).state = 'stopped'
    const end = await lab.client.outcome({ consoleId: opened.consoleId })
    guest(2014).state = 'running'
    expect(end).toMatchObject({ how: 'lost', error: { detail: { kind: 'console', reason: 'cut' } } })
    expect(end.message).toContain('The screen of 2014 was closed')
  })

  it('of a guest that does not run, is refused with what to do', async () => {
    guest(2018).state = 'stopped'
    const error = await failureOf(lab.client.open({ connectionId: lab.asToken(0), target: screenOf(2018), size }))
    guest(2018).state = 'running'
    expect(error.message).toContain('before it was shown')
    expect(error.remedy).toContain('must be running')
  })

  it('does not come for a ticket that nobody used in time', async () => {
    const { context, send } = lab.bench
    const place = `/nodes/${guest(2002).node}/qemu/2002`
    const { data } = await send('POST', `${place}/vncproxy`, { websocket: 1 })
    const { port, ticket } = data as { port: number; ticket: string }
    const ask = () => send('GET', `${place}/vncwebsocket`, { port, vncticket: ticket })
    expect((await ask()).status).toBe(200)
    expect((await send('GET', `/nodes/${guest(2002).node}/qemu/2003/vncwebsocket`, { port, vncticket: ticket })).status).toBe(401)
    context.clock.advance(61_000)
    expect((await ask()).status).toBe(401)
    const task = lab.bench.demo.cluster.tasks.list().find((one) => one.type === 'vncproxy' && one.exitStatus === 'connection timed out')
    expect(task?.id).toBe('2002')
  })

  it('closes at the server when its window is gone', async () => {
    const running = () => lab.bench.demo.cluster.tasks.list().filter((task) => task.type === 'vncproxy' && task.endMs === undefined)
    await until(() => expect(running()).toHaveLength(0))
    const page = lab.attach(await lab.client.open({ connectionId: lab.asToken(0), target: screenOf(2002), size }))
    await begin(page)
    expect(running()).toHaveLength(1)
    lab.closeWindow()
    await until(() => expect(running()).toHaveLength(0))
  })
})

const xvnc = (() => {
  try {
    execFileSync('which', ['Xvnc', 'vncpasswd'])
    return true
  } catch {
    return false
  }
})()

describe.skipIf(!xvnc)(`the login to a real Xvnc${xvnc ? '' : ' (skipped: Xvnc is not installed)'}`, () => {
  let directory: string
  let server: ChildProcess
  const port = 20_000 + (process.pid % 20_000)
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'xvnc-'))
    const passwordFile = join(directory, 'passwd')
    await writeFile(passwordFile, execFileSync('vncpasswd', ['-f'], { input: 'sesame77\n' }))
    server = spawn(
      'Xvnc',
      [`:${port % 1000}`, '-rfbport', String(port), '-localhost', '-SecurityTypes', 'VncAuth', '-PasswordFile', passwordFile, '-geometry', '640x480', '-BlacklistThreshold', '100'],
      { stdio: 'ignore' },
    )
  })
  afterAll(async () => {
    server?.kill()
    await rm(directory, { recursive: true, force: true })
  })

  const dial = (): Promise<ReturnType<typeof connect>> =>
    vi.waitFor(
      () =>
        new Promise((resolve, reject) => {
          const socket = connect(port, '127.0.0.1', () => resolve(socket))
          socket.on('error', reject)
        }),
      { timeout: 10_000, interval: 100 },
    )
  const logIn = async (password: string) => {
    const socket = await dial()
    const reader = createByteReader(socket)
    const send = (bytes: Uint8Array): Promise<void> => new Promise((resolve) => socket.write(bytes, () => resolve()))
    await logInToRfb(reader, send, password).finally(() => setTimeout(() => socket.destroy(), 200).unref())
    await send(Buffer.of(1))
    const init = await reader.take(24)
    return { width: init.readUInt16BE(0), height: init.readUInt16BE(2) }
  }

  it('is accepted, and leads to the screen', async () => expect(await logIn('sesame77')).toEqual({ width: 640, height: 480 }))

  it('is refused with a sentence that does not hold the password', async () => {
    const error = await logIn('wrong777').catch((thrown: Error) => thrown)
    expect(error).toMatchObject({ code: 'upstream', message: expect.stringContaining('did not accept') as string })
    expect((error as Error).message).not.toContain('wrong777')
  })
})
