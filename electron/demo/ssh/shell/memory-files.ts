// A small file system in memory: what the demo shells list and print and what SFTP reads and writes. Some files are
// computed when read (/proc). Bounded in size. Errors carry the usual short codes (ENOENT, EISDIR, …).

export type FileErrorCode = 'ENOENT' | 'EEXIST' | 'EISDIR' | 'ENOTDIR' | 'ENOTEMPTY' | 'ENOSPC' | 'EACCES' | 'ELOOP' | 'EINVAL'

const sentences: Record<FileErrorCode, string> = {
  ENOENT: 'No such file or directory',
  EEXIST: 'File exists',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  ENOTEMPTY: 'Directory not empty',
  ENOSPC: 'No space left on device',
  EACCES: 'Permission denied',
  ELOOP: 'Too many levels of symbolic links',
  EINVAL: 'Invalid argument',
}

export class FileError extends Error {
  readonly code: FileErrorCode
  constructor(code: FileErrorCode) {
    super(sentences[code])
    this.code = code
  }
}

interface FileNode {
  kind: 'file'
  content: Buffer | (() => string)
  mode: number
  modifiedMs: number
}
interface DirectoryNode {
  kind: 'directory'
  mode: number
  modifiedMs: number
}
interface LinkNode {
  kind: 'link'
  target: string
  mode: number
  modifiedMs: number
}
type TreeNode = FileNode | DirectoryNode | LinkNode

export interface FileStat {
  isDirectory: boolean
  isLink: boolean
  sizeBytes: number
  /** Type and permission bits as in `st_mode`. */
  mode: number
  modifiedMs: number
}

const directoryBit = 0o040000
const regularBit = 0o100000
const linkBit = 0o120000
const limitBytes = 64 * 2 ** 20

/** An absolute path without `.`, `..` and doubled slashes. */
export function resolvePath(from: string, path: string): string {
  const steps: string[] = []
  for (const step of (path.startsWith('/') ? path : `${from}/${path}`).split('/')) {
    if (step === '..') steps.pop()
    else if (step !== '' && step !== '.') steps.push(step)
  }
  return `/${steps.join('/')}`
}

export const parentOf = (path: string): string => resolvePath('/', `${path}/..`)
export const baseName = (path: string): string => path.split('/').filter(Boolean).at(-1) ?? '/'

export class MemoryFiles {
  private readonly nodes = new Map<string, TreeNode>()
  private readonly nowMs: () => number
  /** Path prefixes under which writing is refused. */
  private readonly readOnly: string[]
  private usedBytes = 0

  constructor(nowMs: () => number, readOnly: string[] = []) {
    this.nowMs = nowMs
    this.readOnly = readOnly
    this.nodes.set('/', { kind: 'directory', mode: 0o755, modifiedMs: nowMs() })
  }

  /** Furnishes a file with its directories; never refused. */
  furnish(path: string, content: string | (() => string), mode = 0o644): void {
    this.furnishDirectory(parentOf(path))
    const body = typeof content === 'string' ? Buffer.from(content) : content
    this.nodes.set(path, { kind: 'file', content: body, mode, modifiedMs: this.nowMs() })
  }

  furnishDirectory(path: string, mode = 0o755): void {
    if (this.nodes.has(path)) return
    this.furnishDirectory(parentOf(path))
    this.nodes.set(path, { kind: 'directory', mode, modifiedMs: this.nowMs() })
  }

  /** Follows symbolic links. */
  stat(path: string): FileStat {
    return this.statOf(this.nodeAt(path))
  }

  /** Of a symbolic link itself. */
  linkStat(path: string): FileStat {
    const node = this.nodes.get(this.placeOf(path))
    if (node === undefined) throw new FileError('ENOENT')
    return this.statOf(node)
  }

  readLink(path: string): string {
    const node = this.nodes.get(this.placeOf(path))
    if (node === undefined) throw new FileError('ENOENT')
    if (node.kind !== 'link') throw new FileError('EINVAL')
    return node.target
  }

  makeLink(path: string, target: string): void {
    if (this.checkWritable(path) !== undefined) throw new FileError('EEXIST')
    this.nodes.set(this.placeOf(path), { kind: 'link', target, mode: 0o777, modifiedMs: this.nowMs() })
  }

  furnishLink(path: string, target: string): void {
    this.furnishDirectory(parentOf(path))
    this.nodes.set(path, { kind: 'link', target, mode: 0o777, modifiedMs: this.nowMs() })
  }

  exists(path: string): boolean {
    try {
      return this.nodes.has(this.resolve(path))
    } catch (error) {
      if (error instanceof FileError) return false
      throw error
    }
  }

  read(path: string): Buffer {
    const node = this.nodeAt(path)
    if (node.kind !== 'file') throw new FileError('EISDIR')
    return typeof node.content === 'function' ? Buffer.from(node.content()) : node.content
  }

  /** Names in a directory, sorted. */
  list(path: string): string[] {
    if (this.nodeAt(path).kind !== 'directory') throw new FileError('ENOTDIR')
    const place = this.resolve(path)
    const prefix = place === '/' ? '/' : `${place}/`
    return [...this.nodes.keys()]
      .filter(
        (other) => other !== '/' && other.startsWith(prefix) && !other.slice(prefix.length).includes('/'),
      )
      .map((other) => other.slice(prefix.length))
      .sort()
  }

  write(target: string, content: Buffer): void {
    const path = this.resolve(target)
    const known = this.checkWritable(path)
    if (known?.kind === 'directory') throw new FileError('EISDIR')
    const before = known?.kind === 'file' && typeof known.content !== 'function' ? known.content.length : 0
    if (this.usedBytes - before + content.length > limitBytes) throw new FileError('ENOSPC')
    this.usedBytes += content.length - before
    this.nodes.set(path, { kind: 'file', content, mode: known?.mode ?? 0o644, modifiedMs: this.nowMs() })
  }

  makeDirectory(path: string): void {
    if (this.checkWritable(path) !== undefined) throw new FileError('EEXIST')
    this.nodes.set(this.placeOf(path), { kind: 'directory', mode: 0o755, modifiedMs: this.nowMs() })
  }

  removeFile(path: string): void {
    const node = this.checkWritable(path)
    if (node === undefined) throw new FileError('ENOENT')
    if (node.kind === 'directory') throw new FileError('EISDIR')
    if (node.kind === 'file' && typeof node.content !== 'function') this.usedBytes -= node.content.length
    this.nodes.delete(this.placeOf(path))
  }

  removeDirectory(path: string): void {
    if (this.list(path).length > 0) throw new FileError('ENOTEMPTY')
    this.checkWritable(path)
    this.nodes.delete(this.placeOf(path))
  }

  rename(fromPath: string, toPath: string): void {
    const [from, to] = [this.placeOf(fromPath), this.placeOf(toPath)]
    if (this.checkWritable(from) === undefined) throw new FileError('ENOENT')
    if (this.checkWritable(to) !== undefined) throw new FileError('EEXIST')
    for (const [path, node] of [...this.nodes])
      if (path === from || path.startsWith(`${from}/`)) {
        this.nodes.delete(path)
        this.nodes.set(to + path.slice(from.length), node)
      }
  }

  setMode(path: string, mode: number): void {
    this.checkWritable(path)
    this.nodeAt(path).mode = mode & 0o7777
  }

  private statOf(node: TreeNode): FileStat {
    const { kind, mode, modifiedMs } = node
    const isDirectory = kind === 'directory'
    const sizeBytes = isDirectory ? 4096 : kind === 'link' ? node.target.length : typeof node.content === 'function' ? 0 : node.content.length
    const bit = isDirectory ? directoryBit : kind === 'link' ? linkBit : regularBit
    return { isDirectory, isLink: kind === 'link', sizeBytes, mode: bit | mode, modifiedMs }
  }

  /** The node that would be replaced; throws when the place may not be written. */
  private checkWritable(target: string): TreeNode | undefined {
    const path = this.placeOf(target)
    if (path === '/' || this.readOnly.some((prefix) => path === prefix || path.startsWith(`${prefix}/`)))
      throw new FileError('EACCES')
    if (this.nodeAt(parentOf(path)).kind !== 'directory') throw new FileError('ENOTDIR')
    return this.nodes.get(path)
  }

  private nodeAt(path: string): TreeNode {
    const node = this.nodes.get(this.resolve(path))
    if (node === undefined) throw new FileError('ENOENT')
    return node
  }

  /** Where a name itself stands: links on the way are followed, the last one is not. */
  private placeOf(path: string): string {
    if (path === '/') return '/'
    const parent = this.resolve(parentOf(path))
    return resolvePath(parent, baseName(path))
  }

  /** The path without symbolic links, as far as it exists. */
  private resolve(path: string, depth = 0): string {
    if (depth > 16) throw new FileError('ELOOP')
    let place = ''
    const steps = path.split('/').filter(Boolean)
    for (const [index, step] of steps.entries()) {
      place += `/${step}`
      const node = this.nodes.get(place)
      if (node?.kind !== 'link') continue
      const rest = steps.slice(index + 1).join('/')
      return this.resolve(resolvePath(parentOf(place), `${node.target}/${rest}`), depth + 1)
    }
    return place || '/'
  }
}
