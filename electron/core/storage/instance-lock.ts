// One Meridian per data directory. A lock file names the process, a local socket proves that it lives: a file left
// by a crash (or by a process id that something else has now) is taken over. Shells take it before they open the
// store; nothing is ever sent over the socket.
import { createHash, randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '#shared/errors.ts'

export interface InstanceLock {
  dispose(): void
}

const lockContent = z.object({ pid: z.number().int(), socket: z.string(), nonce: z.string() })
type LockContent = z.infer<typeof lockContent>

const answerTimeoutMs = 2000
/** Unix limits a socket's path to 104 bytes on some systems. */
const longestSocketPath = 100
const attempts = 5
/** Only what this file can have made is ever removed on the word of a lock file. */
const socketName = /[/\\]meridian-[0-9a-f]{20}\.sock$/

/** Rejects with AppError `conflict` when another Meridian works in `dataDir`. The directory must exist. */
export async function takeInstanceLock(dataDir: string): Promise<InstanceLock> {
  const path = join(dataDir, 'instance.lock')
  const nonce = randomUUID()
  const mine: LockContent = { pid: process.pid, socket: socketPath(dataDir, nonce), nonce }
  const server = await listen(mine.socket)
  const release = (): void => {
    server.close()
    if (process.platform !== 'win32') rmSync(mine.socket, { force: true })
  }
  try {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (create(path, mine)) return { dispose: () => (removeOwn(path, nonce), release()) }
      const holder = read(path)
      if (holder && (await isAlive(holder))) throw inUse(dataDir, holder)
      setAside(path, holder)
    }
    throw inUse(dataDir, undefined)
  } catch (error) {
    release()
    throw error
  }
}

const inUse = (dataDir: string, holder: LockContent | undefined): AppError =>
  new AppError(
    'conflict',
    `Another Meridian${holder ? ` (process ${holder.pid})` : ''} works in ${dataDir}.`,
    {
      remedy: 'Use that one, end it first, or start this one with another --data-dir.',
    },
  )

function socketPath(dataDir: string, nonce: string): string {
  const name = `meridian-${createHash('sha256').update(`${dataDir} ${nonce}`).digest('hex').slice(0, 20)}`
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`
  const beside = join(dataDir, `${name}.sock`)
  return Buffer.byteLength(beside) <= longestSocketPath ? beside : join(tmpdir(), `${name}.sock`)
}

async function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined).end())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  server.unref()
  return server
}

/** The file appears with its content or not at all: it is written aside and then linked under its name. */
function create(path: string, content: LockContent): boolean {
  const draft = `${path}.${content.nonce}`
  writeFileSync(draft, JSON.stringify(content), { mode: 0o600 })
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    // A file system without hard links (some network shares): exclusive creation is the next best.
    return createExclusively(path, content)
  } finally {
    rmSync(draft, { force: true })
  }
}

function createExclusively(path: string, content: LockContent): boolean {
  try {
    writeFileSync(path, JSON.stringify(content), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

function read(path: string): LockContent | undefined {
  try {
    return lockContent.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return undefined
  }
}

async function isAlive({ pid, socket }: LockContent): Promise<boolean> {
  return isProcess(pid) && (await answers(socket))
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is one too.
    return codeOf(error) === 'EPERM'
  }
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(path)
    const settle = (isOpen: boolean): void => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.setTimeout(answerTimeoutMs, () => settle(false))
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })

/** Removes a dead lock with its socket; one that somebody took in between (another nonce) is put back. */
function setAside(path: string, dead: LockContent | undefined): void {
  const aside = `${path}.dead-${randomUUID()}`
  try {
    renameSync(path, aside)
    if (read(aside)?.nonce !== dead?.nonce) linkSync(aside, path)
    else if (dead && socketName.test(dead.socket)) rmSync(dead.socket, { force: true })
  } catch {
    // Gone already, or taken already: the next attempt sees which.
  }
  rmSync(aside, { force: true })
}

function removeOwn(path: string, nonce: string): void {
  if (read(path)?.nonce === nonce) rmSync(path, { force: true })
}

const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined
