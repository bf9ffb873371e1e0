// Connectors by connection: made when first asked for, shared by every feature (one login, one pool of sockets), and
// ended when their connection changes or goes. Features take them anew for each piece of work and never keep them.
import { AppError } from '#shared/errors.ts'
import type { Connection, ConnectionId, ConnectionKind, SettingsOf } from '#shared/model/connection.ts'
import {
  createKubernetesConnector,
  type KubernetesConnector,
} from './connectors/kubernetes/kubernetes-connector.ts'
import { createPbsConnector, type PbsConnector } from './connectors/pbs/pbs-connector.ts'
import { createProxmoxConnector, type ProxmoxConnector } from './connectors/proxmox/proxmox-connector.ts'
import type { Platform } from './platform.ts'
import type { SiteStore } from './storage/site-store.ts'
import type { SecretLease, Vault } from './vault/vault.ts'

export interface ConnectorDesk {
  /** Each throws `not-found` for a connection that is gone and `invalid-input` for one of another kind. */
  proxmox(connectionId: ConnectionId): ProxmoxConnector
  pbs(connectionId: ConnectionId): PbsConnector
  kubernetes(connectionId: ConnectionId): KubernetesConnector
  dispose(): void
}

interface Held {
  key: string
  connector: { dispose(): void }
}

export function createConnectorDesk(options: {
  sites: SiteStore
  vault: Vault
  platform: Platform
}): ConnectorDesk {
  const { sites, vault, platform } = options
  const held = new Map<ConnectionId, Held>()
  const closing = new AbortController()

  function take<K extends ConnectionKind, C extends { dispose(): void }>(
    connectionId: ConnectionId,
    kind: K,
    open: (
      settings: SettingsOf<K>,
      lease: SecretLease,
      more: { log: Platform['log']; now: () => number },
    ) => C,
  ): C {
    const connection = sites.getConnection(connectionId)
    if (connection.settings.kind !== kind)
      throw new AppError('invalid-input', `${connection.label} is not a connection of the kind ${kind}.`)
    const found = held.get(connectionId)
    if (found?.key === keyOf(connection)) return found.connector as C
    found?.connector.dispose()
    const log = platform.log.child({ connection: connection.label })
    const connector = open(connection.settings as SettingsOf<K>, vault.lease(connectionId), {
      log,
      now: platform.now,
    })
    held.set(connectionId, { key: keyOf(connection), connector })
    return connector
  }

  async function followSites(): Promise<void> {
    for await (const list of sites.changes.subscribe(closing.signal)) {
      const known = new Map(list.flatMap((site) => site.connections).map((one) => [one.id, keyOf(one)]))
      for (const [id, { key, connector }] of held) {
        if (known.get(id) === key) continue
        held.delete(id)
        connector.dispose()
      }
    }
  }
  void followSites()

  return {
    proxmox: (id) => take(id, 'proxmox', createProxmoxConnector),
    pbs: (id) => take(id, 'pbs', createPbsConnector),
    kubernetes: (id) => take(id, 'kubernetes', createKubernetesConnector),
    dispose() {
      closing.abort()
      for (const { connector } of held.values()) connector.dispose()
      held.clear()
    },
  }
}

const keyOf = ({ settings, storedSecrets }: Connection): string => JSON.stringify([settings, storedSecrets])
