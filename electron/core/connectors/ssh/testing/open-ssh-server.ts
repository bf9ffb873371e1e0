// A real OpenSSH server for tests and benches: on 127.0.0.1, as the current user, with keys of its own in a folder
// that goes with it. Absent where no sshd is installed; callers then skip and say so.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, connect, type AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import type { SettingsOf } from '#shared/model/connection.ts'
import { fingerprintOf } from '../ssh-connection.ts'

const program = '/usr/sbin/sshd'
const sftpProgram = ['/usr/lib/openssh/sftp-server', '/usr/libexec/openssh/sftp-server'].find((path) => existsSync(path))

export const noOpenSsh = existsSync(program) && sftpProgram ? null : 'no OpenSSH server is installed'

type KeyPair = Pick<ReturnType<typeof ssh2.utils.generateKeyPairSync>, 'private' | 'public'>

export interface OpenSshServer {
  settings: SettingsOf<'ssh'>
  privateKey: string
  keys: { host: KeyPair; user: KeyPair }
  /** Where the keys lie; `identity` is the client's. */
  folder: string
  log(): string
  /** Ends the listener and every connection, as a machine that loses its power. */
  kill(): Promise<void>
  dispose(): Promise<void>
}

/**
 * `settings` are more lines of sshd_config; `like` takes port and keys of a server that has ended. Rejects with sshd's
 * own words when it does not start.
 */
export async function startOpenSsh(options: { settings?: string[]; like?: OpenSshServer } = {}): Promise<OpenSshServer> {
  const { like } = options
  const folder = await mkdtemp(join(tmpdir(), 'meridian-sshd-'))
  const host = like?.keys.host ?? makeKeyPair()
  const user = like?.keys.user ?? makeKeyPair()
  const port = like?.settings.port ?? (await freePort())
  const secret = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, text)
    await chmod(path, 0o600)
    return path
  }
  const hostKey = await secret('host_key', host.private)
  const authorized = await secret('authorized_keys', user.public)
  await secret('identity', user.private)
  // Where sshd separates its privileges, its own empty folder must be there; only root's sshd does.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 })
  const config = await secret(
    'sshd_config',
    [
      `ListenAddress 127.0.0.1`,
      `Port ${port}`,
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${authorized}`,
      `PidFile ${join(folder, 'pid')}`,
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'PrintMotd no',
      // Not the home of who runs the tests: what its shell does at the start is none of their business.
      `SetEnv HOME=${folder}`,
      `Subsystem sftp ${sftpProgram}`,
      ...(options.settings ?? []),
    ].join('\n') + '\n',
  )
  let log = ''
  const child = spawn(program, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const kill = async (): Promise<void> => {
    endAll(child)
    await exited
  }
  const dispose = async (): Promise<void> => {
    await kill()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await untilListening(port, () => {
      if (child.exitCode !== null) throw new Error(`sshd did not start: ${log}`)
    })
  } catch (error) {
    await dispose()
    throw error
  }
  const parsed = ssh2.utils.parseKey(host.public)
  if (parsed instanceof Error) throw parsed
  return {
    settings: {
      kind: 'ssh',
      host: '127.0.0.1',
      port,
      user: userInfo().username,
      auth: 'key',
      hostKeySha256: fingerprintOf((Array.isArray(parsed) ? parsed[0]! : parsed).getPublicSSH()),
    },
    privateKey: user.private,
    keys: { host, user },
    folder,
    log: () => log,
    kill,
    dispose,
  }
}

/** About one in a few hundred pairs that ssh2 makes it cannot read itself. */
function makeKeyPair(): KeyPair {
  for (;;) {
    const made = ssh2.utils.generateKeyPairSync('ed25519')
    if (![made.private, made.public].some((text) => ssh2.utils.parseKey(text) instanceof Error)) return made
  }
}

/** sshd starts a process per connection, each in a session of its own: all are told, so that nothing stays behind. */
function endAll(child: ChildProcess): void {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=']).toString().trim().split('\n')
  const parents = table.map((line) => line.trim().split(/\s+/).map(Number) as [pid: number, parent: number])
  const doomed = child.pid === undefined || child.exitCode !== null ? [] : [child.pid]
  for (const pid of doomed) doomed.push(...parents.flatMap(([one, parent]) => (parent === pid ? [one] : [])))
  for (const pid of doomed) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended already.
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function untilListening(port: number, check: () => void): Promise<void> {
  const endMs = Date.now() + 10_000
  for (;;) {
    check()
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => (socket.destroy(), resolve(true))).once('error', () => resolve(false))
    })
    if (isThere) return
    if (Date.now() > endMs) throw new Error('sshd does not listen')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
