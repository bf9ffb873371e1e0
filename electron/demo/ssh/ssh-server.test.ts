// The SSH machines of the demo lab as an ssh2 client, and the machine's own ssh, see them.
import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import type { Client, ClientChannel, ConnectConfig, SFTPWrapper } from 'ssh2'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ConnectionDraft, SettingsOf } from '#shared/model/connection.ts'
import { createTestContext } from '../testing/demo-context.ts'
import type { TestContext } from '../testing/demo-context.ts'
import type { DemoService } from '../context.ts'
import { startSshDemo } from './ssh-server.ts'

let context: TestContext
let service: DemoService

beforeAll(async () => {
  context = await createTestContext()
  service = await startSshDemo(context, { slowMs: 700 })
})
afterAll(async () => {
  await service.dispose()
  await context.dispose()
})
afterEach(() => context.faults.set('ssh', undefined))

interface Reach {
  settings: SettingsOf<'ssh'>
  secrets: ConnectionDraft['secrets']
}

function reach(label: string): Reach {
  const draft = service.drafts.find((one) => one.label === label)
  if (draft?.settings.kind !== 'ssh') throw new Error(`no draft ${label}`)
  return { settings: draft.settings, secrets: draft.secrets }
}
const gpu = (): Reach => reach('SSH proj-gpu01')
const database = (): Reach => reach('SSH proj-pg01')

const keyConfig = ({ settings, secrets }: Reach): ConnectConfig => ({
  host: settings.host,
  port: settings.port,
  username: settings.user,
  privateKey: secrets.privateKey ?? '',
  readyTimeout: 8_000,
})

async function withClient<T>(config: ConnectConfig, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new ssh2.Client()
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('ready', resolve).once('error', reject)
      client.once('close', () => reject(new Error('closed before ready')))
      client.on('keyboard-interactive', (_name, _text, _lang, prompts, answer) =>
        answer(prompts.map(() => String(config.password))),
      )
      client.connect(config)
    })
    return await work(client)
  } finally {
    client.on('error', () => {})
    client.destroy()
  }
}

interface Ran {
  code: number | null
  out: string
  err: string
}

const collect = (channel: ClientChannel): Promise<Ran> =>
  new Promise((resolve) => {
    const ran: Ran = { code: null, out: '', err: '' }
    channel.on('data', (bytes: Buffer) => (ran.out += bytes.toString()))
    channel.stderr.on('data', (bytes: Buffer) => (ran.err += bytes.toString()))
    channel.on('exit', (code: number | null) => (ran.code = code))
    channel.on('close', () => resolve(ran))
  })

const execute = (
  client: Client,
  command: string,
  options: { pty?: boolean; input?: string } = {},
): Promise<Ran> =>
  new Promise((resolve, reject) =>
    client.exec(command, { pty: options.pty === true }, (error, channel) => {
      if (error) return reject(error)
      resolve(collect(channel))
      channel.end(options.input ?? '')
    }),
  )

const onGpu = (command: string, options?: { pty?: boolean; input?: string }): Promise<Ran> =>
  withClient(keyConfig(gpu()), (client) => execute(client, command, options))

async function until(isDone: () => boolean): Promise<void> {
  const endMs = Date.now() + 6_000
  while (!isDone()) {
    if (Date.now() > endMs) throw new Error('the condition never came')
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
}

describe('who gets in', () => {
  it('shows the host key of the draft', async () => {
    let seen = ''
    await withClient(
      {
        ...keyConfig(gpu()),
        hostVerifier: (key: Buffer) => ((seen = createHash('sha256').update(key).digest('base64')), true),
      },
      (client) => execute(client, 'true'),
    )
    expect(`SHA256:${seen.replace(/=+$/, '')}`).toBe(gpu().settings.hostKeySha256)
  })
  it('keeps host keys between starts', async () => {
    const again = await startSshDemo(context)
    const [first] = again.drafts
    await again.dispose()
    expect(first?.settings).toMatchObject({ hostKeySha256: gpu().settings.hostKeySha256 })
  })
  it('accepts the password, and the same by keyboard-interactive', async () => {
    const { settings, secrets } = database()
    const config: ConnectConfig = {
      host: settings.host,
      port: settings.port,
      username: settings.user,
      password: secrets.password ?? '',
    }
    expect((await withClient(config, (client) => execute(client, 'hostname'))).out).toBe('proj-pg01\n')
    const interactive = await withClient(
      { ...config, tryKeyboard: true, authHandler: ['keyboard-interactive'] },
      (client) => execute(client, 'whoami'),
    )
    expect(interactive.out).toBe('astro\n')
  })
  it('refuses a wrong password, a foreign key and an unknown user', async () => {
    const { settings, secrets } = database()
    const base = { host: settings.host, port: settings.port, username: settings.user }
    const stranger = ssh2.utils.generateKeyPairSync('ed25519').private
    const nothing = (): Promise<void> => Promise.resolve()
    await expect(withClient({ ...base, password: 'wrong' }, nothing)).rejects.toThrow(/authentication/)
    await expect(withClient({ ...base, privateKey: stranger }, nothing)).rejects.toThrow(/authentication/)
    await expect(
      withClient({ ...base, username: 'root', password: secrets.password ?? '' }, nothing),
    ).rejects.toThrow(/authentication/)
  })
})

describe('commands', () => {
  it('run with output, error output and exit code', async () => {
    expect(await onGpu('echo out; echo err >&2 2>/dev/null; ls /nowhere; exit 7')).toEqual({
      code: 7,
      out: expect.stringContaining('out\n'),
      err: "ls: cannot access '/nowhere': No such file or directory\n",
    })
    expect((await onGpu('nosuchprogram')).code).toBe(127)
  })
  it('know pipes, variables, conditions and redirects', async () => {
    expect((await onGpu(`printf 'b\\na\\nc\\n' | sort | head -n 2`)).out).toBe('a\nb\n')
    expect((await onGpu('X="two words"; echo "$X" && false || echo $?')).out).toBe('two words\n1\n')
    expect(
      (await onGpu('echo kept > /tmp/note; cat /tmp/note; rm /tmp/note; test -e /tmp/note || echo gone')).out,
    ).toBe('kept\ngone\n')
    expect((await onGpu("echo 'unbalanced")).code).toBe(2)
  })
  it('read standard input', async () => {
    expect((await onGpu('grep -c epoch', { input: 'epoch 1\nother\nepoch 2\n' })).out).toBe('2\n')
    expect((await onGpu('sh', { input: 'cd /tmp\npwd\n' })).out).toBe('/tmp\n')
  })
  it('describe the machine of the inventory', async () => {
    expect((await onGpu('uname -r')).out).toMatch(/^6\.8\.0/)
    expect((await onGpu('nproc')).out).toBe('16\n')
    expect((await onGpu('cat /etc/os-release')).out).toContain('24.04')
    expect((await onGpu('uptime')).out).toMatch(/up 9 days, .* load average: [\d.]+, [\d.]+, [\d.]+/)
    expect((await onGpu('sudo sshd -T')).out).toMatch(/^permitrootlogin no$/m)
    expect((await onGpu('cat /etc/shadow')).code).toBe(1)
  })
  it('are stopped when the client goes', async () => {
    await withClient(keyConfig(gpu()), async (client) => {
      const channel = await new Promise<ClientChannel>((resolve, reject) =>
        client.exec('sleep 600; echo late', (error, made) => (error ? reject(error) : resolve(made))),
      )
      channel.resume()
      channel.close()
      await new Promise((resolve) => channel.on('close', resolve))
      expect((await execute(client, 'echo still here')).out).toBe('still here\n')
    })
  })
})

describe('nvidia-smi', () => {
  it('answers the query that a program makes', async () => {
    const query =
      'index,name,driver_version,memory.total,memory.used,utilization.gpu,temperature.gpu,power.draw,pstate'
    const { out } = await onGpu(`nvidia-smi --query-gpu=${query} --format=csv,noheader,nounits`)
    const [index, name, driver, total, used, load, temperature] = out.trim().split(', ')
    expect([index, name, driver, total]).toEqual(['0', 'NVIDIA RTX A4000', '550.144.03', '16376'])
    expect(Number(used)).toBeGreaterThan(0)
    expect(Number(load)).toBeGreaterThanOrEqual(0)
    expect(Number(temperature)).toBeGreaterThanOrEqual(38)
  })
  it('has headers and units when asked so, and refuses unknown fields', async () => {
    expect((await onGpu('nvidia-smi --query-gpu=memory.total,name --format=csv')).out).toBe(
      'memory.total [MiB], name\n16376 MiB, NVIDIA RTX A4000\n',
    )
    expect(
      (await onGpu('nvidia-smi --query-compute-apps=pid,process_name,used_memory --format=csv,noheader')).out,
    ).toMatch(/^\d+, .+, \d+ MiB$/m)
    expect((await onGpu('nvidia-smi --query-gpu=nonsense --format=csv')).code).toBe(2)
    expect((await onGpu('nvidia-smi')).out).toContain('NVIDIA RTX A4000')
  })
  it('moves with the lab clock and is missing without a card', async () => {
    const read = async (): Promise<string> =>
      (await onGpu('nvidia-smi --query-gpu=utilization.gpu,power.draw --format=csv,noheader,nounits')).out
    const before = await read()
    context.clock.advance(37 * 60_000)
    expect(await read()).not.toBe(before)
    const { settings, secrets } = database()
    const config = {
      host: settings.host,
      port: settings.port,
      username: settings.user,
      password: secrets.password ?? '',
    }
    expect((await withClient(config, (client) => execute(client, 'nvidia-smi'))).code).toBe(127)
  })
})

describe('the interactive shell', () => {
  const openShell = (client: Client): Promise<ClientChannel> =>
    new Promise((resolve, reject) =>
      client.shell({ term: 'xterm', cols: 100, rows: 30 }, (error, channel) =>
        error ? reject(error) : resolve(channel),
      ),
    )
  it('echoes, edits, remembers, resizes and ends', async () => {
    await withClient(keyConfig(gpu()), async (client) => {
      const channel = await openShell(client)
      const ran = collect(channel)
      let shown = ''
      channel.on('data', (bytes: Buffer) => (shown += bytes.toString()))
      const seen = (text: string): Promise<void> => until(() => shown.includes(text))
      await seen('astro@proj-gpu01:~$ ')
      channel.write('echo wrnog\u001b[D\u001b[D\u007fon\u001b[3~\r')
      await until(() => shown.includes('\r\nwrong\r\n'))
      channel.write('cd qad\r')
      await seen('astro@proj-gpu01:~/qad$ ')
      channel.setWindow(50, 132, 0, 0)
      channel.write('stty size\r')
      await seen('50 132')
      channel.write('sleep 500\r\u0003')
      await seen('^C')
      channel.write('\u001b[A\u001b[A\r')
      await until(() => shown.split('50 132').length === 3)
      channel.write('exit 4\r')
      expect((await ran).code).toBe(4)
    })
  })
  it('runs a script when there is no terminal', async () => {
    await withClient(keyConfig(gpu()), async (client) => {
      const channel = await new Promise<ClientChannel>((resolve, reject) =>
        client.shell(false, (error, made) => (error ? reject(error) : resolve(made))),
      )
      const ran = collect(channel)
      channel.end('echo one\nexit 3\necho never\n')
      expect(await ran).toEqual({ code: 3, out: 'one\n', err: '' })
    })
  })
})

describe('files and forwards', () => {
  const open = (client: Client): Promise<SFTPWrapper> =>
    new Promise((resolve, reject) => client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp))))
  const call = <T>(work: (done: (error: Error | null | undefined, value?: T) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => work((error, value) => (error ? reject(error) : resolve(value as T))))

  it('serves SFTP: list, read, write, rename, remove', async () => {
    await withClient(keyConfig(gpu()), async (client) => {
      const sftp = await open(client)
      const names = await call<{ filename: string }[]>((done) => sftp.readdir('qad', done))
      expect(names.map((one) => one.filename)).toEqual(['config.yaml', 'train.log', 'train.py'])
      expect((await call<Buffer>((done) => sftp.readFile('qad/config.yaml', done))).toString()).toContain(
        'vae',
      )
      const body = Buffer.alloc(300_000, 'x')
      await call<void>((done) => sftp.writeFile('/tmp/big', body, done))
      expect((await call<Buffer>((done) => sftp.readFile('/tmp/big', done))).equals(body)).toBe(true)
      expect((await execute(client, 'wc -c /tmp/big')).out).toBe('300000\n')
      await call<void>((done) => sftp.rename('/tmp/big', '/tmp/other', done))
      await call<void>((done) => sftp.unlink('/tmp/other', done))
      await expect(call((done) => sftp.stat('/tmp/other', done))).rejects.toThrow(/No such file/)
      await expect(call<void>((done) => sftp.writeFile('/etc/passwd', 'x', done))).rejects.toThrow(/denied/i)
      expect(await call<string>((done) => sftp.realpath('.', done))).toBe('/home/astro')
    })
  })
  it('forwards to loopback and nowhere else', async () => {
    const target = createServer((socket) => socket.end('through'))
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
    const { port } = target.address() as AddressInfo
    const forward = (host: string, to: number): Promise<string> =>
      withClient(
        keyConfig(gpu()),
        (client) =>
          new Promise((resolve, reject) =>
            client.forwardOut('127.0.0.1', 0, host, to, (error, channel) => {
              if (error) return reject(error)
              collect(channel).then((ran) => resolve(ran.out), reject)
            }),
          ),
      )
    try {
      expect(await forward('127.0.0.1', port)).toBe('through')
      await expect(forward('192.0.2.10', 80)).rejects.toThrow(/open failure/)
    } finally {
      target.close()
    }
    await expect(forward('127.0.0.1', port)).rejects.toThrow(/open failure/)
  })
})

describe('faults', () => {
  it('lets nobody in while unauthorized', async () => {
    context.faults.set('ssh', 'unauthorized')
    await expect(onGpu('true')).rejects.toThrow(/authentication/)
  })
  it('cuts the connection early, and open ones at once', async () => {
    let isClosed = false
    await withClient(keyConfig(gpu()), async (client) => {
      client.on('close', () => (isClosed = true))
      client.on('error', () => {})
      context.faults.set('ssh', 'cut')
      await until(() => isClosed)
    })
    await expect(onGpu('true')).rejects.toThrow()
  })
  it('speaks garbage and answers slowly', async () => {
    context.faults.set('ssh', 'garbage')
    await expect(onGpu('true')).rejects.toThrow()
    context.faults.set('ssh', 'slow')
    const startMs = performance.now()
    expect((await onGpu('echo late')).out).toBe('late\n')
    expect(performance.now() - startMs).toBeGreaterThan(1_300)
  })
})

const hasSsh = spawnSync('ssh', ['-V']).status === 0

describe.skipIf(!hasSsh)('the ssh program (skipped where no ssh is on the PATH)', () => {
  it('logs in with the key and runs commands', async () => {
    const { settings, secrets } = gpu()
    const folder = mkdtempSync(join(tmpdir(), 'demo-ssh-'))
    const identity = join(folder, 'id')
    writeFileSync(identity, secrets.privateKey ?? '')
    chmodSync(identity, 0o600)
    const args = [
      '-F',
      '/dev/null',
      '-i',
      identity,
      '-p',
      String(settings.port),
      '-o',
      'BatchMode=yes',
      '-o',
      'StrictHostKeyChecking=no',
    ]
    args.push(
      '-o',
      `UserKnownHostsFile=${join(folder, 'known')}`,
      '-o',
      'LogLevel=ERROR',
      '-o',
      'IdentitiesOnly=yes',
    )
    try {
      const child = spawn('ssh', [...args, `${settings.user}@127.0.0.1`, 'nvidia-smi -L; cat; exit 5'])
      let out = ''
      child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()))
      child.stdin.end('from outside\n')
      const code = await new Promise((resolve) => child.on('close', resolve))
      expect(out).toMatch(/^GPU 0: NVIDIA RTX A4000 \(UUID: GPU-.*\)\nfrom outside\n$/)
      expect(code).toBe(5)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
