// Proxmox VE, Proxmox Backup Server and Kubernetes as audited systems: GET and nothing else.
import { z } from 'zod'
import type { Connection, SettingsOf } from '#shared/model/connection.ts'
import { anonymousStatus } from '../../../connectors/kubernetes/anonymous-call.ts'
import { probeTlsVersions } from '../../../connectors/tls/tls-versions.ts'
import type { CoreServices } from '../../../core-services.ts'
import type { AuditedSystem } from './system.ts'

type Core = Pick<CoreServices, 'connectors' | 'vault' | 'platform'>
type Of<K extends 'proxmox' | 'pbs' | 'kubernetes'> = Connection & { settings: SettingsOf<K> }

const listAnswer = z.object({
  metadata: z.object({ continue: z.string().optional() }).optional(),
  items: z.array(z.unknown()).nullish(),
})
const pageSize = 500
const maxItems = 50_000
const partialMetadata = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

const common = ({ id, label }: Connection) => ({ targetId: id, label, connectionId: id, facts: { label } })

/** Host and port of an https address. */
export function endpointOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) }
}
const tlsOf = (system: string, url: () => string): NonNullable<AuditedSystem['tls']> =>
  async (options) => ({ ...(await probeTlsVersions({ ...endpointOf(url()), system }, options)) })

export function proxmoxSystem(core: Core, connection: Of<'proxmox'>): AuditedSystem {
  const connector = core.connectors.proxmox(connection.id)
  return {
    ...common(connection),
    kind: 'proxmox',
    identity: connector.identity,
    parallel: 6,
    get: (path, { signal, timeoutMs }) => connector.call(z.unknown(), { path, signal, timeoutMs }),
    tls: tlsOf('Proxmox VE', () => connection.settings.url),
  }
}

export function pbsSystem(core: Core, connection: Of<'pbs'>): AuditedSystem {
  const connector = core.connectors.pbs(connection.id)
  return {
    ...common(connection),
    kind: 'pbs',
    identity: connector.identity,
    parallel: 4,
    get: (path, { signal, timeoutMs }) => connector.call(z.unknown(), { path, signal, timeoutMs }),
    tls: tlsOf('Proxmox Backup Server', () => connection.settings.url),
  }
}

export function kubernetesSystem(core: Core, connection: Of<'kubernetes'>): AuditedSystem {
  const connector = core.connectors.kubernetes(connection.id)
  return {
    ...common(connection),
    kind: 'kubernetes',
    identity: connector.user,
    parallel: 6,
    get: (path, { signal, timeoutMs }) => connector.call(z.unknown(), { path, signal, timeoutMs }),
    async list(path, { signal, timeoutMs, metadataOnly }) {
      const items: unknown[] = []
      let next: string | undefined
      do {
        const page = await connector.call(listAnswer, {
          path: `${path}${path.includes('?') ? '&' : '?'}limit=${pageSize}${next ? `&continue=${encodeURIComponent(next)}` : ''}`,
          signal,
          timeoutMs,
          ...(metadataOnly ? { headers: { accept: partialMetadata } } : {}),
        })
        items.push(...(page.items ?? []))
        next = page.metadata?.continue || undefined
      } while (next && items.length < maxItems)
      return items
    },
    anonymous: async (path, options) => ({
      status: await anonymousStatus(connection.settings, core.vault.lease(connection.id), path, {
        ...options,
        now: core.platform.now,
      }),
    }),
    tls: tlsOf('Kubernetes', () => connector.server),
  }
}
