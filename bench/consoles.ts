// A terminal over SSH, the whole way: a real OpenSSH server → core → byte channel → xterm.js in Chromium, through the
// loopback shell. Throughput as a ratio to `ssh host cat file > /dev/null` in the same run; echo latency beside that of
// plain ssh on the same server. Needs an OpenSSH server and client, ssh-agent and `npm run build`.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium, type Page, type WebSocket } from 'playwright'
import { noOpenSsh, startOpenSsh, type OpenSshServer } from '#core/connectors/ssh/testing/open-ssh-server.ts'
import type { Emit } from './figure.ts'

const root = resolve(import.meta.dirname, '..')
const fileMebibytes = 48
const runs = 3
const keys = 120

export async function run(emit: Emit): Promise<void> {
  if (noOpenSsh) throw new Error(`This benchmark cannot run: ${noOpenSsh}.`)
  const folder = mkdtempSync(join(tmpdir(), 'meridian-bench-consoles-'))
  const server = await startOpenSsh()
  const file = join(folder, 'text')
  const line = `${'The quick brown fox jumps over the lazy dog 0123456789 '.repeat(2).slice(0, 99)}\n`
  writeFileSync(file, line.repeat((fileMebibytes * 2 ** 20) / line.length))
  const agent = startAgent(folder, join(server.folder, 'identity'))
  const shell = spawn(process.execPath, ['out/main/loopback.js', '--no-open', `--data-dir=${join(folder, 'data')}`], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SSH_AUTH_SOCK: agent.socket },
  })
  const executablePath = process.env['MERIDIAN_CHROMIUM']
  const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    const channels: WebSocket[] = []
    page.on('websocket', (socket) => channels.push(socket))
    await page.goto(await firstUrl(shell))
    await addHost(page, server)
    const plain: number[] = []
    const meridian: number[] = []
    for (let index = 0; index < runs; index += 1) {
      plain.push(plainSeconds(server, file))
      meridian.push(await terminalSeconds(page, file))
    }
    const rate = (seconds: number[]): number => (fileMebibytes * 1.048576) / median(seconds)
    emit({ bench: 'consoles', metric: 'terminal throughput', value: rate(meridian) / rate(plain), unit: '×', against: 'ssh host cat file > /dev/null, same run' })
    emit({ bench: 'consoles', metric: 'terminal throughput', value: rate(meridian), unit: 'MB/s', against: null })
    emit({ bench: 'consoles', metric: 'plain ssh throughput', value: rate(plain), unit: 'MB/s', against: null })
    const own = await terminalEcho(page, channels)
    const peer = await plainEcho(server)
    for (const [name, at] of [['median', 0.5], ['p95', 0.95]] as const) {
      emit({ bench: 'consoles', metric: `echo latency added, ${name}`, value: quantile(own, at) - quantile(peer, at), unit: 'ms', against: 'ssh -tt, same run' })
      emit({ bench: 'consoles', metric: `echo latency, ${name}`, value: quantile(own, at), unit: 'ms', against: null })
    }
  } finally {
    await browser.close()
    await ended(shell)
    agent.end()
    await server.dispose()
    rmSync(folder, { recursive: true, force: true })
  }
}

function startAgent(folder: string, identity: string): { socket: string; end(): void } {
  const socket = join(folder, 'agent')
  const printed = execFileSync('ssh-agent', ['-a', socket]).toString()
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(printed)?.[1])
  execFileSync('ssh-add', ['-q', identity], { env: { ...process.env, SSH_AUTH_SOCK: socket } })
  return { socket, end: () => void process.kill(pid) }
}

const sshArguments = ({ settings, folder }: OpenSshServer): string[] => [
  ...['-F', '/dev/null', '-i', join(folder, 'identity'), '-p', String(settings.port)],
  ...['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '-o', `UserKnownHostsFile=${join(folder, 'known')}`, '-o', 'LogLevel=ERROR'],
]

function plainSeconds(server: OpenSshServer, file: string): number {
  const startedMs = performance.now()
  execFileSync('ssh', [...sshArguments(server), `${server.settings.user}@127.0.0.1`, `cat ${file}`], { stdio: ['ignore', openSync('/dev/null', 'w'), 'inherit'] })
  return (performance.now() - startedMs) / 1000
}

/** A site with the one host, as a person adds it; the agent logs in, so that no vault is needed. */
async function addHost(page: Page, { settings }: OpenSshServer): Promise<void> {
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Connections' }).click()
  await page.getByRole('button', { name: 'New site' }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('Bench')
  await page.getByRole('button', { name: 'Make the site' }).click()
  await page.getByRole('region', { name: 'Site Bench' }).getByRole('button', { name: 'Add a connection' }).click()
  await page.getByRole('menuitem', { name: 'SSH host' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Name' }).fill('bench-host')
  await dialog.getByRole('textbox', { name: 'Host', exact: true }).fill(settings.host)
  await dialog.getByRole('textbox', { name: 'Port' }).fill(String(settings.port))
  await dialog.getByRole('textbox', { name: 'User' }).fill(settings.user)
  await dialog.getByRole('combobox', { name: 'Log in by' }).click()
  await page.getByRole('option', { name: 'SSH agent' }).click()
  await dialog.getByRole('textbox', { name: 'Host key' }).fill(settings.hostKeySha256 ?? '')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'hidden' })
}

async function openTerminal(page: Page): Promise<void> {
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Consoles' }).click()
  await page.getByRole('button', { name: /^(Open a console…|New console)$/ }).first().click()
  await page.getByRole('textbox', { name: 'Target' }).fill('bench-host')
  await page.getByText('1 to choose from', { exact: false }).waitFor()
  await page.keyboard.press('Enter')
  await page.locator('.console-pane .xterm-helper-textarea').waitFor({ state: 'attached' })
  await page.locator('.console-pane .xterm-helper-textarea').focus()
}

/** From Enter until the terminal has taken the last byte and says that its program has ended. */
async function terminalSeconds(page: Page, file: string): Promise<number> {
  await openTerminal(page)
  await page.keyboard.type(`exec cat ${file}`)
  const startedMs = performance.now()
  await page.keyboard.press('Enter')
  await page.getByText('ended with exit code 0').waitFor({ timeout: 180_000 })
  const seconds = (performance.now() - startedMs) / 1000
  await page.getByRole('button', { name: 'Close the console' }).click()
  return seconds
}

/** From the key's frame leaving the page until the frame with its echo has come; the terminal's own line is the host's. */
async function terminalEcho(page: Page, channels: WebSocket[]): Promise<number[]> {
  await openTerminal(page)
  const channel = channels.at(-1)!
  await page.keyboard.type('exec cat > /dev/null\n')
  let sentMs = 0
  let onEcho: (ms: number) => void = () => undefined
  channel.on('framesent', () => (sentMs = performance.now()))
  channel.on('framereceived', ({ payload }) => {
    if (payload.toString() === 'x') onEcho(performance.now() - sentMs)
  })
  const times: number[] = []
  for (let index = 0; index < keys; index += 1) {
    const { promise, resolve: settle } = Promise.withResolvers<number>()
    onEcho = settle
    await page.keyboard.press('x')
    times.push(await Promise.race([promise, new Promise<number>((_settle, fail) => setTimeout(() => fail(new Error('no echo came')), 10_000).unref())]))
  }
  return times
}

async function plainEcho(server: OpenSshServer): Promise<number[]> {
  const child = spawn('ssh', ['-tt', ...sshArguments(server), `${server.settings.user}@127.0.0.1`, 'cat > /dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const times: number[] = []
  try {
    for (let index = 0; index < keys + 5; index += 1) {
      const startedMs = performance.now()
      const echo = new Promise<void>((settle) => child.stdout.once('data', () => settle()))
      child.stdin.write('x')
      await echo
      // The first ones meet a host that still logs in.
      if (index >= 5) times.push(performance.now() - startedMs)
    }
    return times
  } finally {
    await ended(child)
  }
}

function firstUrl(child: ChildProcess): Promise<string> {
  return new Promise((settle, reject) => {
    child.once('exit', (code) => reject(new Error(`the process ended with ${code} before it was ready`)))
    createInterface({ input: child.stdout! }).on('line', (text) => {
      const url = /(http:\/\/127\.0\.0\.1:\d+\/\S*)/.exec(text)?.[1]
      if (url) settle(url)
    })
  })
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const gone = new Promise((settle) => child.once('exit', settle))
  child.kill('SIGTERM')
  await gone
}

const quantile = (values: number[], at: number): number => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * at))]!
const median = (values: number[]): number => quantile(values, 0.5)
