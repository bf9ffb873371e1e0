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
  flags: number
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

/** Serves one SFTP session; ends with its channel. */
export function serveSftp(
  sftp: SFTPWrapper,
  files: MemoryFiles,
  home: string,
  owner: { uid: number; name: string },
): void {
  const handles = new Map<number, Handle>()
  let nextHandle = 1
  const open = (handle: Handle): Buffer => {
    if (handles.size >= handleLimit) throw new FileError('ENOSPC')
    const id = nextHandle++
    handles.set(id, handle)
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(id)
    return bytes
  }
  const handleOf = (bytes: Buffer): Handle => {
    const found = bytes.length === 4 ? handles.get(bytes.readUInt32BE()) : undefined
    if (found === undefined) throw new FileError('ENOENT')
    return found
  }
  const at = (path: string): string => resolvePath(home, path)
  const guard = (id: number, work: () => void): void => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      sftp.status(id, statusOf[error.code] ?? STATUS_CODE.FAILURE, error.message)
    }
  }
  const done = (id: number, work: () => void): void =>
    guard(id, () => {
      work()
      sftp.status(id, STATUS_CODE.OK)
    })
  const attributes = (stat: FileStat): Attributes => ({
    mode: stat.mode,
    uid: owner.uid,
    gid: owner.uid,
    size: stat.sizeBytes,
    atime: Math.floor(stat.modifiedMs / 1000),
    mtime: Math.floor(stat.modifiedMs / 1000),
  })
  const entry = (path: string, filename: string) => {
    const stat = files.stat(path)
    const longname = `${stat.isDirectory ? 'd' : '-'}rw-r--r-- 1 ${owner.name} ${owner.name} ${stat.sizeBytes} ${filename}`
    return { filename, longname, attrs: attributes(stat) }
  }

  sftp.on('OPEN', (id, filename, flags) =>
    guard(id, () => {
      const path = at(filename)
      if ((flags & OPEN_MODE.WRITE) !== 0) {
        const isNew = !files.exists(path)
        if (isNew && (flags & OPEN_MODE.CREAT) === 0) throw new FileError('ENOENT')
        if (!isNew && (flags & OPEN_MODE.EXCL) !== 0) throw new FileError('EEXIST')
        if (isNew || (flags & OPEN_MODE.TRUNC) !== 0) files.write(path, Buffer.alloc(0))
      } else files.read(path)
      sftp.handle(id, open({ path, flags }))
    }),
  )
  sftp.on('READ', (id, handle, offset, length) =>
    guard(id, () => {
      const content = files.read(handleOf(handle).path)
      const part = content.subarray(offset, offset + Math.min(length, 256 * 1024))
      if (part.length === 0) sftp.status(id, STATUS_CODE.EOF)
      else sftp.data(id, part)
    }),
  )
  sftp.on('WRITE', (id, handle, offset, data) =>
    done(id, () => {
      const { path } = handleOf(handle)
      const old = files.read(path)
      if (offset + data.length > 64 * 2 ** 20) throw new FileError('ENOSPC')
      const next = Buffer.alloc(Math.max(old.length, offset + data.length))
      old.copy(next)
      data.copy(next, offset)
      files.write(path, next)
    }),
  )
  sftp.on('CLOSE', (id, handle) =>
    done(id, () => void (handle.length === 4 && handles.delete(handle.readUInt32BE()))),
  )
  sftp.on('OPENDIR', (id, path) =>
    guard(id, () => {
      files.list(at(path))
      sftp.handle(id, open({ path: at(path), isRead: false }))
    }),
  )
  sftp.on('READDIR', (id, handle) =>
    guard(id, () => {
      const directory = handleOf(handle)
      if (!('isRead' in directory)) throw new FileError('ENOTDIR')
      if (directory.isRead) return sftp.status(id, STATUS_CODE.EOF)
      directory.isRead = true
      sftp.name(
        id,
        files.list(directory.path).map((name) => entry(resolvePath(directory.path, name), name)),
      )
    }),
  )
  const stat = (id: number, path: string): void =>
    guard(id, () => sftp.attrs(id, attributes(files.stat(at(path)))))
  sftp.on('STAT', stat)
  sftp.on('LSTAT', stat)
  sftp.on('FSTAT', (id, handle) => guard(id, () => stat(id, handleOf(handle).path)))
  sftp.on('SETSTAT', (id, path, attrs) => done(id, () => setMode(files, at(path), attrs)))
  sftp.on('FSETSTAT', (id, handle, attrs) => done(id, () => setMode(files, handleOf(handle).path, attrs)))
  sftp.on('REALPATH', (id, path) => guard(id, () => sftp.name(id, [nameOnly(at(path))])))
  sftp.on('REMOVE', (id, path) => done(id, () => files.removeFile(at(path))))
  sftp.on('RMDIR', (id, path) => done(id, () => files.removeDirectory(at(path))))
  sftp.on('MKDIR', (id, path) => done(id, () => files.makeDirectory(at(path))))
  sftp.on('RENAME', (id, from, to) => done(id, () => files.rename(at(from), at(to))))
  sftp.on('READLINK', (id) => sftp.status(id, STATUS_CODE.OP_UNSUPPORTED))
  sftp.on('SYMLINK', (id) => sftp.status(id, STATUS_CODE.OP_UNSUPPORTED))
}

function setMode(files: MemoryFiles, path: string, attrs: Attributes): void {
  const mode: number | undefined = attrs.mode
  if (mode !== undefined) files.setMode(path, mode)
}

const nameOnly = (path: string) => ({
  filename: path,
  longname: baseName(path),
  attrs: { mode: 0, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 },
})
