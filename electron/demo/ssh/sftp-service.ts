// The SFTP subsystem of a demo SSH machine over its in-memory files: open, read, write, list, stat, rename, remove.
// Version 3 of the protocol, as OpenSSH speaks it.
import ssh2 from 'ssh2'
import type { Attributes, SFTPWrapper } from 'ssh2'
import type { MemoryFiles } from './shell/memory-files.ts'
import { baseName, FileError, resolvePath } from './shell/memory-files.ts'
import type { FileErrorCode, FileStat } from './shell/memory-files.ts'

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp

interface OpenFile {
  path: string
  /** What was written so far; it grows by doubling and becomes the file when the handle is closed. */
  draft?: { bytes: Buffer; length: number }
}
interface OpenDirectory {
  path: string
  isRead: boolean
}
type Handle = OpenFile | OpenDirectory

const statusOf: Partial<Record<FileErrorCode, number>> = {
  ENOENT: STATUS_CODE.NO_SUCH_FILE,
  EACCES: STATUS_CODE.PERMISSION_DENIED,
}

const handleLimit = 256
const fileLimitBytes = 64 * 2 ** 20

/** The open files and directories of one session, by the number in their handle. */
class Handles {
  private readonly open = new Map<number, Handle>()
  private next = 1

  add(handle: Handle): Buffer {
    if (this.open.size >= handleLimit) throw new FileError('ENOSPC')
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(this.next)
    this.open.set(this.next, handle)
    this.next += 1
    return bytes
  }

  get(bytes: Buffer): Handle {
    const found = bytes.length === 4 ? this.open.get(bytes.readUInt32BE()) : undefined
    if (found === undefined) throw new FileError('ENOENT')
    return found
  }

  close(bytes: Buffer): void {
    this.open.delete(bytes.readUInt32BE())
  }
}

interface SftpSession {
  sftp: SFTPWrapper
  files: MemoryFiles
  handles: Handles
  owner: { uid: number; name: string }
  at(path: string): string
  /** Does the work, answering a file error as a status. */
  guard(id: number, work: () => void): void
  /** The same, answering OK afterwards. */
  done(id: number, work: () => void): void
}

/** Serves one SFTP session; ends with its channel. */
export function serveSftp(
  sftp: SFTPWrapper,
  files: MemoryFiles,
  home: string,
  owner: { uid: number; name: string },
): void {
  const guard = (id: number, work: () => void): void => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      sftp.status(id, statusOf[error.code] ?? STATUS_CODE.FAILURE, error.message)
    }
  }
  const session: SftpSession = {
    sftp,
    files,
    handles: new Handles(),
    owner,
    at: (path) => resolvePath(home, path),
    guard,
    done: (id, work) =>
      guard(id, () => {
        work()
        sftp.status(id, STATUS_CODE.OK)
      }),
  }
  serveFiles(session)
  serveDirectories(session)
  serveAttributes(session)
  sftp.on('READLINK', (id, path) =>
    guard(id, () => sftp.name(id, [nameOnly(files.readLink(session.at(path)))])),
  )
  // OpenSSH has the two arguments the other way round than the draft says, and everybody follows it.
  sftp.on('SYMLINK', (id, target, path) => session.done(id, () => files.makeLink(session.at(path), target)))
}

function serveFiles({ sftp, files, handles, at, guard, done }: SftpSession): void {
  sftp.on('OPEN', (id, filename, flags) =>
    guard(id, () => {
      const path = at(filename)
      if ((flags & OPEN_MODE.WRITE) === 0) files.read(path)
      else {
        const isNew = !files.exists(path)
        if (isNew && (flags & OPEN_MODE.CREAT) === 0) throw new FileError('ENOENT')
        if (!isNew && (flags & OPEN_MODE.EXCL) !== 0) throw new FileError('EEXIST')
        if (isNew || (flags & OPEN_MODE.TRUNC) !== 0) files.write(path, Buffer.alloc(0))
      }
      sftp.handle(id, handles.add({ path }))
    }),
  )
  sftp.on('READ', (id, handle, offset, length) =>
    guard(id, () => {
      const content = files.read(handles.get(handle).path)
      const part = content.subarray(offset, offset + Math.min(length, 256 * 1024))
      if (part.length === 0) sftp.status(id, STATUS_CODE.EOF)
      else sftp.data(id, part)
    }),
  )
  sftp.on('WRITE', (id, handle, offset, data) =>
    done(id, () => {
      const file = handles.get(handle) as OpenFile
      const end = offset + data.length
      if (end > fileLimitBytes) throw new FileError('ENOSPC')
      const old = file.draft?.bytes ?? Buffer.from(files.read(file.path))
      const length = Math.max(file.draft?.length ?? old.length, end)
      const bytes = length <= old.length ? old : Buffer.concat([old, Buffer.alloc(Math.max(length, 2 * old.length) - old.length)])
      data.copy(bytes, offset)
      file.draft = { bytes, length }
    }),
  )
  sftp.on('CLOSE', (id, handle) =>
    done(id, () => {
      const { path, draft } = handles.get(handle) as OpenFile
      handles.close(handle)
      if (draft) files.write(path, draft.bytes.subarray(0, draft.length))
    }),
  )
  sftp.on('REMOVE', (id, path) => done(id, () => files.removeFile(at(path))))
  sftp.on('RENAME', (id, from, to) => done(id, () => files.rename(at(from), at(to))))
}

function serveDirectories({ sftp, files, handles, owner, at, guard, done }: SftpSession): void {
  const entry = (path: string, filename: string) => {
    const stat = files.linkStat(path)
    const kind = stat.isDirectory ? 'd' : stat.isLink ? 'l' : '-'
    const longname = `${kind}rw-r--r-- 1 ${owner.name} ${owner.name} ${stat.sizeBytes} ${filename}`
    return { filename, longname, attrs: attributesOf(stat, owner.uid) }
  }
  sftp.on('OPENDIR', (id, path) =>
    guard(id, () => {
      files.list(at(path))
      sftp.handle(id, handles.add({ path: at(path), isRead: false }))
    }),
  )
  sftp.on('READDIR', (id, handle) =>
    guard(id, () => {
      const directory = handles.get(handle)
      if (!('isRead' in directory)) throw new FileError('ENOTDIR')
      if (directory.isRead) return sftp.status(id, STATUS_CODE.EOF)
      directory.isRead = true
      const names = files.list(directory.path)
      sftp.name(
        id,
        names.map((name) => entry(resolvePath(directory.path, name), name)),
      )
    }),
  )
  sftp.on('RMDIR', (id, path) => done(id, () => files.removeDirectory(at(path))))
  sftp.on('MKDIR', (id, path) => done(id, () => files.makeDirectory(at(path))))
}

function serveAttributes({ sftp, files, handles, owner, at, guard, done }: SftpSession): void {
  const stat = (id: number, path: string): void =>
    guard(id, () => sftp.attrs(id, attributesOf(files.stat(at(path)), owner.uid)))
  sftp.on('STAT', stat)
  sftp.on('LSTAT', (id, path) =>
    guard(id, () => sftp.attrs(id, attributesOf(files.linkStat(at(path)), owner.uid))),
  )
  sftp.on('FSTAT', (id, handle) => guard(id, () => stat(id, handles.get(handle).path)))
  sftp.on('SETSTAT', (id, path, attrs) => done(id, () => setMode(files, at(path), attrs)))
  sftp.on('FSETSTAT', (id, handle, attrs) => done(id, () => setMode(files, handles.get(handle).path, attrs)))
  sftp.on('REALPATH', (id, path) => guard(id, () => sftp.name(id, [nameOnly(at(path))])))
}

const attributesOf = (stat: FileStat, uid: number): Attributes => ({
  mode: stat.mode,
  uid,
  gid: uid,
  size: stat.sizeBytes,
  atime: Math.floor(stat.modifiedMs / 1000),
  mtime: Math.floor(stat.modifiedMs / 1000),
})

function setMode(files: MemoryFiles, path: string, attrs: Attributes): void {
  const mode: number | undefined = attrs.mode
  if (mode !== undefined) files.setMode(path, mode)
}

const nameOnly = (path: string) => ({
  filename: path,
  longname: baseName(path),
  attrs: { mode: 0, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 },
})
