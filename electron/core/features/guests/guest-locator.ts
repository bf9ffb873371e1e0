// Where a guest is now: looked up in the cluster at the moment of an action, because guests move. Many look-ups at once
// (a bulk action) share one answer; it is good for a second. Never keeps a guest longer than that.
import { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { GuestPlace } from '../../connectors/proxmox/guest-requests.ts'
import { resourceRow, type ResourceRow } from '../../connectors/proxmox/proxmox-shapes.ts'
import type { CoreServices } from '../../core-services.ts'

export interface LocatedGuest {
  place: GuestPlace
  row: ResourceRow
  name: string
  /** `proj-pg01 (2002)`. */
  label: string
}

export interface GuestLocator {
  /** Throws `not-found` when the cluster does not know it, or does not show it to this identity. */
  locate(connectionId: ConnectionId, vmid: number): Promise<LocatedGuest>
  /** All rows of guests, as fresh as `locate` sees them. */
  rows(connectionId: ConnectionId): Promise<ResourceRow[]>
  /** The next look-up asks the cluster again: something has just been changed. */
  forget(connectionId: ConnectionId): void
}

const goodForMs = 1000

export function createGuestLocator(connectors: Pick<CoreServices['connectors'], 'proxmox'>, now: () => number): GuestLocator {
  const asked = new Map<ConnectionId, { atMs: number; rows: Promise<ResourceRow[]> }>()
  const rows = (connectionId: ConnectionId): Promise<ResourceRow[]> => {
    const held = asked.get(connectionId)
    const age = held ? now() - held.atMs : Infinity
    if (held && age >= 0 && age < goodForMs) return held.rows
    const fresh = connectors.proxmox(connectionId).rows(resourceRow, '/cluster/resources', undefined, { type: 'vm' })
    asked.set(connectionId, { atMs: now(), rows: fresh })
    fresh.catch(() => asked.get(connectionId)?.rows === fresh && asked.delete(connectionId))
    return fresh
  }
  return {
    rows,
    async locate(connectionId, vmid) {
      const inHeld = (await rows(connectionId)).find((item) => item.vmid === vmid)
      // One that is not there may have been made since.
      if (!inHeld) asked.delete(connectionId)
      const row = inHeld ?? (await rows(connectionId)).find((item) => item.vmid === vmid)
      if (!row?.node || (row.type !== 'qemu' && row.type !== 'lxc'))
        throw new AppError('not-found', `The cluster knows no guest ${vmid}, or does not show it to this identity.`, {
          remedy: 'Ask the systems again; it may have been removed.',
        })
      const name = row.name ?? `${row.type === 'qemu' ? 'VM' : 'CT'} ${vmid}`
      return { place: { node: row.node, type: row.type, vmid }, row, name, label: `${name} (${vmid})` }
    },
    forget: (connectionId) => void asked.delete(connectionId),
  }
}
