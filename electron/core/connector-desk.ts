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
import { createSshConnector, type SshConnector } from './connectors/ssh/ssh-connector.ts'
import { createS3Connector, type S3Connector } from './connectors/s3/s3-connector.ts'
import type { Platform } from './platform.ts'
import type { PromptDesk } from './prompt-desk.ts'
import type { SiteStore } from './storage/site-store.ts'
import type { SecretLease, Vault } from './vault/vault.ts'

export interface ConnectorDesk {
  /** Each throws `not-found` for a connection that is gone and `invalid-input` for one of another kind. */
  proxmox(connectionId: ConnectionId): ProxmoxConnector
  pbs(connectionId: ConnectionId): PbsConnector
  kubernetes(connectionId: ConnectionId): KubernetesConnector
  /** One SSH connection per host serves commands, shells, files and forwards; jump hosts are followed. */
  ssh(connectionId: ConnectionId): SshConnector
  s3(connectionId: ConnectionId): S3Connector
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
  prompts: PromptDesk
}): ConnectorDesk {
  const { sites, vault, platform, prompts } = options
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

  const openSshConnector = (
    connectionId: ConnectionId,
    settings: SettingsOf<'ssh'>,
    lease: SecretLease,
    log: Platform['log'],
  ): SshConnector => {
    const { label } = sites.getConnection(connectionId)
    const { jumpConnectionId } = settings
    if (jumpConnectionId !== undefined) checkWay(connectionId, jumpConnectionId)
    return createSshConnector(settings, lease, {
      log,
      connectionId,
      ask: (signal) => ({ title, instructions, prompts: fields }) =>
        prompts.ask({ connectionId, label, title, instructions, fields }, signal),
      ...(jumpConnectionId === undefined
        ? {}
        : { openHop: (destination, use) => takeSsh(jumpConnectionId).forwardOut(destination, use) }),
    })
  }
  /** A way through jump hosts must lead somewhere, within the site, and must not run in a circle. */
  function checkWay(from: ConnectionId, first: ConnectionId): void {
    const { siteId, label } = sites.getConnection(from)
    const seen = new Set([from])
    for (let next: ConnectionId | undefined = first; next !== undefined; ) {
      const hop: Connection | undefined = sites.get(siteId).connections.find((one) => one.id === next)
      if (hop?.settings.kind !== 'ssh' || seen.has(next))
        throw new AppError('invalid-input', `The jump host of ${label} ${hop ? 'leads back to itself' : 'is no longer there'}.`, {
          remedy: 'Choose another jump host for this connection under Connections.',
          target: { system: 'SSH', connectionId: from },
        })
      seen.add(next)
      next = hop.settings.jumpConnectionId
    }
  }
  const takeSsh = (id: ConnectionId): SshConnector =>
    take(id, 'ssh', (settings, lease, { log }) => openSshConnector(id, settings, lease, log))

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
    ssh: takeSsh,
    s3: (id) => take(id, 's3', createS3Connector),
    dispose() {
      closing.abort()
      for (const { connector } of held.values()) connector.dispose()
      held.clear()
    },
  }
}

const keyOf = ({ settings, storedSecrets }: Connection): string => JSON.stringify([settings, storedSecrets])
