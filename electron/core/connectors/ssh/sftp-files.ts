// Files of a host over one SFTP session, as promises: list, look, read, write, move, remove. Reads and writes of whole
// files keep several requests on the way, so that a long line does not make them slow. Failures are AppErrors.
import type { Attributes, FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2'
import { AppError, cancelled, isAppError } from '#shared/errors.ts'

export type RemoteKind = 'file' | 'directory' | 'link' | 'other'

export interface RemoteStat {
  kind: RemoteKind
  sizeBytes: number
  modifiedMs: number
  /** Permission bits, 0o7777. */
  mode: number
  userId: number
  groupId: number
}
export interface RemoteEntry extends RemoteStat {
  name: string
  /** From the server's long listing; empty where it has none. */
  owner: string
  group: string
}

const chunkBytes = 32 * 1024
const requestsOnTheWay = 24
const answerTimeoutMs = 30_000

export interface SftpFiles {
  realPath(path: string): Promise<string>
  list(path: string): Promise<RemoteEntry[]>
  /** Follows links; `lookAt` does not. */
  stat(path: string): Promise<RemoteStat>
  lookAt(path: string): Promise<RemoteStat>
  readLink(path: string): Promise<string>
  /** The whole file, chunk by chunk in order. Stops reading when the taker stops. */
  read(path: string, options?: { signal?: AbortSignal }): AsyncGenerator<Buffer>
  /** Makes or replaces a file. On failure what was written stays: the caller removes it. */
  write(
    path: string,
    source: AsyncIterable<Uint8Array>,
    options?: { mode?: number; isNew?: boolean; signal?: AbortSignal; onProgress?(bytes: number): void },
  ): Promise<number>
  makeDirectory(path: string): Promise<void>
  removeFile(path: string): Promise<void>
  removeDirectory(path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** Replaces what is at `to` in one step where the server can. */
  replace(from: string, to: string): Promise<void>
  setMode(path: string, mode: number): Promise<void>
  makeLink(target: string, path: string): Promise<void>
}

type Answer<T> = (error: Error | undefined | null, value: T) => void

/** `host` names the machine in failures. */
export function createSftpFiles(sftp: SFTPWrapper, host: string): SftpFiles {
  const ask = <T>(path: string, call: (answer: Answer<T>) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      const onClose = (): void => settle(() => reject(lostSession(host)))
      const timer = setTimeout(() => settle(() => reject(lateAnswer(host))), answerTimeoutMs)
      const settle = (finish: () => void): void => {
        clearTimeout(timer)
        sftp.off('close', onClose)
        finish()
      }
      sftp.setMaxListeners(0)
      sftp.once('close', onClose)
      try {
        call((error, value) => settle(() => (error ? reject(fileFault(error, path, host)) : resolve(value))))
      } catch (error) {
        // ssh2 throws for what the server has not announced, and for a session that is over.
        const isUnknown = /does not support/i.test((error as Error).message)
        settle(() => reject(isUnknown ? notOffered(host, error) : lostSession(host, error)))
      }
    })
  const done = (path: string, call: (answer: (error?: Error | null) => void) => void): Promise<void> =>
    ask<void>(path, (answer) => call((error) => answer(error, undefined)))
  const open = (path: string, flags: 'r' | 'w' | 'wx', mode?: number): Promise<Buffer> =>
    ask<Buffer>(path, (answer) => (mode === undefined ? sftp.open(path, flags, answer) : sftp.open(path, flags, mode, answer)))
  const close = (path: string, handle: Buffer): Promise<void> => done(path, (answer) => sftp.close(handle, answer))

  async function* read(path: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<Buffer> {
    const handle = await open(path, 'r')
    const readAt = (position: number): Promise<Buffer | null> => {
      const wanted = ask<Buffer | null>(path, (answer) => {
        const into = Buffer.allocUnsafe(chunkBytes)
        sftp.read(handle, into, 0, chunkBytes, position, (error, count) => {
          const isEnd = (error as { code?: number } | undefined)?.code === 1
          if (error && !isEnd) answer(error, null)
          else answer(undefined, isEnd || count === 0 ? null : into.subarray(0, count))
        })
      })
      // A request that nobody waits for any more may still fail.
      wanted.catch(() => undefined)
      return wanted
    }
    try {
      let asked = 0
      let waiting: Array<Promise<Buffer | null>> = []
      for (;;) {
        while (waiting.length < requestsOnTheWay) {
          waiting.push(readAt(asked))
          asked += chunkBytes
        }
        const expectedAt = asked - waiting.length * chunkBytes
        const chunk = await waiting.shift()!
        if (options.signal?.aborted) throw cancelled()
        if (chunk === null) return
        yield chunk
        if (chunk.length === chunkBytes) continue
        // A short answer is the end, or a server that gives less: what follows is asked anew from there.
        waiting = []
        asked = expectedAt + chunk.length
      }
    } finally {
      await close(path, handle).catch(() => undefined)
    }
  }

  async function write(
    path: string,
    source: AsyncIterable<Uint8Array>,
    options: { mode?: number; isNew?: boolean; signal?: AbortSignal; onProgress?(bytes: number): void } = {},
  ): Promise<number> {
    const handle = await open(path, options.isNew ? 'wx' : 'w', options.mode)
    const underWay = new Set<Promise<void>>()
    let failure: unknown
    let position = 0
    const put = (bytes: Buffer, at: number): void => {
      const one = done(path, (answer) => sftp.write(handle, bytes, 0, bytes.length, at, answer)).then(
        () => void underWay.delete(one),
        (error: unknown) => {
          underWay.delete(one)
          failure ??= error
        },
      )
      underWay.add(one)
    }
    try {
      for await (const chunk of source) {
        for (let start = 0; start < chunk.byteLength; start += chunkBytes) {
          while (underWay.size >= requestsOnTheWay) await Promise.race(underWay)
          if (options.signal?.aborted) throw cancelled()
          if (failure) throw failure
          const part = Buffer.from(chunk.buffer, chunk.byteOffset + start, Math.min(chunkBytes, chunk.byteLength - start))
          put(part, position)
          position += part.length
        }
        options.onProgress?.(position)
      }
      await Promise.all(underWay)
      if (failure) throw failure
    } catch (error) {
      await close(path, handle).catch(() => undefined)
      throw error
    }
    await close(path, handle)
    return position
  }

  return {
    read,
    write,
    realPath: (path) => ask<string>(path, (answer) => sftp.realpath(path, answer)),
    list: (path) =>
      ask<FileEntryWithStats[]>(path, (answer) => sftp.readdir(path, answer)).then((entries) =>
        entries.filter(({ filename }) => filename !== '.' && filename !== '..').map(entryOf),
      ),
    stat: (path) => ask<Stats>(path, (answer) => sftp.stat(path, answer)).then(statOf),
    lookAt: (path) => ask<Stats>(path, (answer) => sftp.lstat(path, answer)).then(statOf),
    readLink: (path) => ask<string>(path, (answer) => sftp.readlink(path, answer)),
    makeDirectory: (path) => done(path, (answer) => sftp.mkdir(path, answer)),
    removeFile: (path) => done(path, (answer) => sftp.unlink(path, answer)),
    removeDirectory: (path) => done(path, (answer) => sftp.rmdir(path, answer)),
    rename: (from, to) => done(from, (answer) => sftp.rename(from, to, answer)),
    async replace(from, to) {
      try {
        await done(to, (answer) => sftp.ext_openssh_rename(from, to, answer))
      } catch (error) {
        if (isAppError(error) && error.code !== 'unsupported') throw error
        await done(to, (answer) => sftp.unlink(to, answer)).catch(() => undefined)
        await done(from, (answer) => sftp.rename(from, to, answer))
      }
    },
    setMode: (path, mode) => done(path, (answer) => sftp.chmod(path, mode, answer)),
    makeLink: (target, path) => done(path, (answer) => sftp.symlink(target, path, answer)),
  }
}

const typeMask = 0o170000

const kindOf = (mode: number): RemoteKind => {
  const type = mode & typeMask
  return type === 0o040000 ? 'directory' : type === 0o120000 ? 'link' : type === 0o100000 || type === 0 ? 'file' : 'other'
}

const statOf = (stats: Attributes): RemoteStat => ({
  kind: kindOf(stats.mode),
  sizeBytes: stats.size,
  modifiedMs: stats.mtime * 1000,
  mode: stats.mode & 0o7777,
  userId: stats.uid,
  groupId: stats.gid,
})

function entryOf({ filename, longname, attrs }: FileEntryWithStats): RemoteEntry {
  const [, , owner = '', group = ''] = longname.split(/\s+/)
  return { name: filename, owner, group, ...statOf(attrs) }
}

/** Status codes of SFTP version 3. */
function fileFault(error: Error, path: string, host: string): AppError {
  const { code } = error as { code?: number | string }
  const target = { system: 'SFTP', endpoint: host }
  const foreign = /^(No such file|Permission denied|Failure|Bad message)/i.test(error.message) ? '' : ` The server says: ${error.message.slice(0, 200)}`
  switch (code) {
    case 2:
      return new AppError('not-found', `${path} is not there (any more) on ${host}.`, { remedy: 'Read the folder again.', target, cause: error })
    case 3:
      return new AppError('forbidden', `This account may not do that with ${path} on ${host}.`, {
        remedy: 'Check owner and permissions of the file and of its folder.',
        target,
        cause: error,
      })
    case 8:
      return notOffered(host, error)
    default:
      return new AppError('upstream', `${host} refused the operation on ${path}.${foreign}`, {
        remedy: 'A file of that name may exist, a folder may not be empty, or the disk may be full.',
        target,
        cause: error,
      })
  }
}

const notOffered = (host: string, cause: unknown): AppError =>
  new AppError('unsupported', `The server of ${host} does not offer this operation.`, { cause })
const lostSession = (host: string, cause?: unknown): AppError =>
  new AppError('unreachable', `The file session with ${host} has ended.`, { remedy: 'Read the folder again to see what is there.', cause })
const lateAnswer = (host: string): AppError =>
  new AppError('timeout', `${host} did not answer a file request within ${answerTimeoutMs / 1000} s.`, {
    remedy: 'Its disk or a network file system may hang. Try again.',
  })
