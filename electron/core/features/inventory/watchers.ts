// Which watcher a connection gets: the one place of the inventory that knows every kind of system.
import { openEndpointWatcher } from './endpoint-watcher.ts'
import { openKubernetesWatcher } from './kubernetes-watcher.ts'
import type { OpenWatcher } from './observation.ts'
import { openObjectStoreWatcher } from './object-store-watcher.ts'
import { openPbsWatcher } from './pbs-watcher.ts'
import { openProxmoxWatcher } from './proxmox-watcher.ts'

export const openWatcher: OpenWatcher = (context) => {
  const { settings } = context.connection
  switch (settings.kind) {
    case 'proxmox':
      return openProxmoxWatcher(context, settings)
    case 'pbs':
      return openPbsWatcher(context, settings)
    case 'kubernetes':
      return openKubernetesWatcher(context, settings)
    case 'postgres':
    case 'ssh':
      return openEndpointWatcher(context, settings)
    case 's3':
      return openObjectStoreWatcher(context, settings)
  }
}
