// What the file browser does on a host, in terms of SFTP: folders with their links looked through, texts guarded by
// what was read, folders removed with all that is in them. No channel, no ticket: the service owns those.
import type { RemoteFile, RemoteFolder, RemoteText } from '#shared/contracts/files.ts'
import { textLimitBytes } from '#shared/contracts/files.ts'
import { AppError, cancelled } from '#shared/errors.ts'
import type { RemoteEntry, SftpFiles } from '../../connectors/ssh/sftp-files.ts'

const longestFolder = 20_000
const linksLookedThrough = 500

export const joinPath = (folder: string, name: string): string => `${folder === '/' ? '' : folder}/${name}`
export const nameOf = (path: string): string => path.split('/').filter(Boolean).at(-1) ?? '/'
export const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'

export async function listFolder(files: SftpFiles, wanted: string | undefined): Promise<RemoteFolder> {
  const path = await files.realPath(wanted ?? '.')
  const entries = await files.list(path)
  const shown = entries.slice(0, longestFolder)
  let linksLeft = linksLookedThrough
  const listed = await Promise.all(
    shown.map((entry) => {
      const isLooked = entry.kind === 'link' && linksLeft-- > 0
      return describe(files, path, entry, isLooked)
    }),
  )
  return { path, files: listed, leftOut: entries.length - shown.length }
}

async function describe(files: SftpFiles, folder: string, entry: RemoteEntry, isLooked: boolean): Promise<RemoteFile> {
  const { userId: _user, groupId: _group, ...plain } = entry
  if (!isLooked) return { ...plain, targetKind: null, linkTarget: null }
  const path = joinPath(folder, entry.name)
  const [linkTarget, target] = await Promise.all([
    files.readLink(path).catch(() => null),
    files.stat(path).catch(() => null),
  ])
  const targetKind = target === null || target.kind === 'link' ? null : target.kind
  return { ...plain, linkTarget, targetKind }
}

export async function readText(files: SftpFiles, path: string): Promise<RemoteText> {
  const { kind, sizeBytes, modifiedMs, mode } = await files.stat(path)
  if (kind !== 'file') throw new AppError('unsupported', `${nameOf(path)} is not a file.`)
  if (sizeBytes > textLimitBytes) throw tooLong(path)
  const chunks: Buffer[] = []
  let length = 0
  // Files under /proc have no size: what comes is counted, too.
  for await (const chunk of files.read(path)) {
    length += chunk.length
    if (length > textLimitBytes) throw tooLong(path)
    chunks.push(chunk)
  }
  return { text: decode(Buffer.concat(chunks), path), modifiedMs, sizeBytes, mode }
}

function decode(bytes: Buffer, path: string): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    if (!text.includes('\0')) return text
  } catch {
    // No UTF-8: told below.
  }
  throw new AppError('unsupported', `${nameOf(path)} is not a text in UTF-8.`, { remedy: 'Download it instead.' })
}

const tooLong = (path: string): AppError =>
  new AppError('unsupported', `${nameOf(path)} is longer than 1 MiB.`, { remedy: 'Download it, or look at its end in a console.' })

/** The new text is written beside the file and takes its place in one step: a cut connection never leaves half of it. */
export async function writeText(
  files: SftpFiles,
  path: string,
  text: string,
  expected: { modifiedMs: number; sizeBytes: number } | null,
  draftName: string,
): Promise<RemoteText> {
  const known = await files.stat(path).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'not-found') return null
    throw error
  })
  const isSame = expected ? known?.modifiedMs === expected.modifiedMs && known.sizeBytes === expected.sizeBytes : known === null
  if (!isSame)
    throw new AppError('conflict', `${nameOf(path)} ${known ? 'was changed by somebody else meanwhile' : 'is no longer there'}.`, {
      remedy: 'Open it again to see the newest text; copy your own first.',
    })
  // Links keep leading where they lead: their target is what is written.
  const target = known ? await files.realPath(path) : path
  const draft = joinPath(folderOf(target), draftName)
  try {
    await files.write(draft, once(Buffer.from(text)), { isNew: true, mode: known?.mode ?? 0o644 })
    if (known) await files.setMode(draft, known.mode)
    await files.replace(draft, target)
  } catch (error) {
    await files.removeFile(draft).catch(() => undefined)
    throw error
  }
  const { modifiedMs, sizeBytes, mode } = await files.stat(path)
  return { text, modifiedMs, sizeBytes, mode }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}

const deepest = 100

/** Removes a file, a link, or a folder with everything in it; links are removed, never followed. Answers how many. */
export async function removeTree(files: SftpFiles, path: string, signal: AbortSignal, depth = 0): Promise<number> {
  if (signal.aborted) throw cancelled()
  if (depth > deepest) throw new AppError('unsupported', `The folders below ${path} are nested too deeply.`)
  const { kind } = await files.lookAt(path)
  if (kind !== 'directory') {
    await files.removeFile(path)
    return 1
  }
  let removed = 1
  for (const entry of await files.list(path)) removed += await removeTree(files, joinPath(path, entry.name), signal, depth + 1)
  await files.removeDirectory(path)
  return removed
}
