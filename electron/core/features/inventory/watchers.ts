// Which watcher a connection gets: the one place of the inventory that knows every kind of system.
import { AppError } from '#shared/errors.ts'
import { openEndpointWatcher } from './endpoint-watcher.ts'
import type { OpenWatcher } from './observation.ts'

export const openWatcher: OpenWatcher = (context) => {
  const { settings } = context.connection
  switch (settings.kind) {
    case 'postgres':
    case 'ssh':
      return openEndpointWatcher(context, settings)
    case 'proxmox':
    case 'pbs':
    case 'kubernetes':
      throw new AppError('unsupported', `${context.connection.label} cannot be watched by this version.`)
  }
}
