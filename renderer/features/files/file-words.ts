// Remote files as people read them, and the paths between them. Pure.
import type { RemoteFile } from '#shared/contracts/files.ts'

/** `drwxr-x---`, with the letters for set-id and sticky bits as `ls` shows them. */
export function modeText({ kind, mode }: Pick<RemoteFile, 'kind' | 'mode'>): string {
  const type = kind === 'directory' ? 'd' : kind === 'link' ? 'l' : '-'
  const letters = [...'rwxrwxrwx'].map((letter, index) => (mode & (1 << (8 - index)) ? letter : '-'))
  const special: Array<[bit: number, at: number, lower: string]> = [
    [0o4000, 2, 's'],
    [0o2000, 5, 's'],
    [0o1000, 8, 't'],
  ]
  for (const [bit, at, lower] of special) if (mode & bit) letters[at] = letters[at] === '-' ? lower.toUpperCase() : lower
  return type + letters.join('')
}

export const joinPath = (folder: string, name: string): string => `${folder === '/' ? '' : folder}/${name}`
export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'

/** Each folder on the way to `path`, from the root on. */
export function crumbsOf(path: string): Array<{ name: string; path: string }> {
  const steps = path.split('/').filter(Boolean)
  return [{ name: '/', path: '/' }, ...steps.map((name, index) => ({ name, path: `/${steps.slice(0, index + 1).join('/')}` }))]
}

/** What opening it does: a folder is entered, also through a link. */
export const isFolder = ({ kind, targetKind }: RemoteFile): boolean => kind === 'directory' || targetKind === 'directory'
export const isReadable = ({ kind, targetKind }: RemoteFile): boolean => kind === 'file' || targetKind === 'file'

export const kindWord = (file: RemoteFile): string =>
  file.kind === 'link'
    ? file.targetKind
      ? `link to ${file.linkTarget ?? 'somewhere'}`
      : `broken link to ${file.linkTarget ?? 'nowhere'}`
    : file.kind === 'directory'
      ? 'folder'
      : file.kind === 'file'
        ? 'file'
        : 'device, socket or pipe'
