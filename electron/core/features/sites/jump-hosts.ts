// Jump hosts: an SSH connection may name another one of its site as the way to its host. Ids differ from store to
// store, so copies and files of a site carry the way by other means and are linked again here. Pure.
import type { Connection, ConnectionId, ConnectionSettings, Site } from '#shared/model/connection.ts'
import { invalid } from './connection-rules.ts'

/** Throws `invalid-input` for a way that leads nowhere or in a circle. `own` is null for a connection still to be made. */
export function checkJump(site: Site, own: ConnectionId | null, settings: ConnectionSettings): void {
  const field = 'settings.jumpConnectionId'
  const seen = new Set<ConnectionId | null>([own])
  for (let next = jumpOf(settings); next !== undefined; ) {
    const hop = site.connections.find((one) => one.id === next)
    if (hop?.settings.kind !== 'ssh')
      throw invalid(field, 'The jump host is not an SSH connection of this site.')
    if (seen.has(hop.id)) throw invalid(field, `The way through ${hop.label} leads back to this connection.`)
    seen.add(hop.id)
    next = jumpOf(hop.settings)
  }
}

export const jumpOf = (settings: ConnectionSettings): ConnectionId | undefined =>
  settings.kind === 'ssh' ? settings.jumpConnectionId : undefined

export function withJump(settings: ConnectionSettings, jump: ConnectionId | undefined): ConnectionSettings {
  if (settings.kind !== 'ssh') return settings
  const { jumpConnectionId: _old, ...rest } = settings
  return jump === undefined ? rest : { ...rest, jumpConnectionId: jump }
}

/** The name under which a file knows the jump host of a connection; null when it has none. */
export function jumpLabel(connections: readonly Connection[], settings: ConnectionSettings): string | null {
  const jump = jumpOf(settings)
  return connections.find((one) => one.id === jump)?.label ?? null
}
