// The GPU console, offered for hosts and guests that have a GPU, as far as the inventory knows.
import { IconCpu2 } from '@tabler/icons-react'
import type { EntityActionProvider } from '#client/entity-actions.store.ts'
import { openGpu, sshConnectionTo } from '#client/ssh-hosts.ts'

export const gpuActions: EntityActionProvider = (selection, context) => {
  const [entity] = selection
  if (!entity || selection.length > 1) return []
  const connectionId = sshConnectionTo(entity, context)
  if (connectionId === null) return []
  return [{ id: 'gpu-console', title: 'GPU console', icon: IconCpu2, group: 'Console', run: () => openGpu(connectionId) }]
}
