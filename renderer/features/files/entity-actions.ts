// The files of a host, offered wherever the host or the machine that it is can be selected.
import { IconFolders } from '@tabler/icons-react'
import type { EntityActionProvider } from '#client/entity-actions.store.ts'
import { openFiles, sshConnectionTo } from '#client/ssh-hosts.ts'

export const fileActions: EntityActionProvider = (selection, context) => {
  const [entity] = selection
  if (!entity || selection.length > 1) return []
  const connectionId = sshConnectionTo(entity, context)
  if (connectionId === null) return []
  return [{ id: 'files', title: 'Files', icon: IconFolders, group: 'Console', run: () => openFiles(connectionId) }]
}
