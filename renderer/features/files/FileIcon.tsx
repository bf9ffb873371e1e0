// The picture of a file by its kind; the word for it is in the panel and in the permissions.
import { IconFile, IconFolder, IconFolderSymlink, IconLink, IconLinkOff, IconPlug } from '@tabler/icons-react'
import type { RemoteFile } from '#shared/contracts/files.ts'

export function FileIcon({ file }: { file: RemoteFile }) {
  const Picture =
    file.kind === 'directory'
      ? IconFolder
      : file.kind === 'link'
        ? file.targetKind === 'directory'
          ? IconFolderSymlink
          : file.targetKind
            ? IconLink
            : IconLinkOff
        : file.kind === 'file'
          ? IconFile
          : IconPlug
  return <Picture size={16} stroke={1.6} aria-hidden style={{ flex: 'none', color: file.kind === 'directory' ? 'var(--mantine-primary-color-filled)' : 'var(--text-dim)' }} />
}
