// What is looked at beside the inventory, seldom and gently: how long a system takes to answer, when its certificate
// runs out, what a PostgreSQL server says of itself, how hot the drives are. Each look ends by a time limit; one that
// fails gives no figure, which reads as not known.
import { X509Certificate } from 'node:crypto'
import type { Connection, SettingsOf } from '#shared/model/connection.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { loadKubeconfig } from '../../connectors/kubernetes/kubeconfig.ts'
import { readServerFigures } from '../../connectors/postgres/server-figures.ts'
import { readDriveTemperatures } from '../../connectors/proxmox/drive-temperatures.ts'
import { readGpuTemperatures } from '../../connectors/ssh/gpu-temperatures.ts'
import { inspectCertificate } from '../../connectors/tls/certificate-inspection.ts'
import type { CoreServices } from '../../core-services.ts'
import { createGpuStore } from '../../storage/gpu-store.ts'
import type { Figure } from '../../storage/metrics-store.ts'
import type { ProbedFigure } from './figures.ts'

export type ProbeCore = Pick<CoreServices, 'vault' | 'platform' | 'connectors' | 'database'>

export interface Probe {
  id: string
  everyMs: number
  /** Rejects when nothing can be said. */
  look(signal: AbortSignal): Promise<ProbedFigure[]>
}

const minuteMs = 60_000
const dayMs = 86_400_000
const lookTimeoutMs = 20_000

/** The probes of one connection. `entities` answers what the inventory knows at the time of a look. */
export function probesOf(core: ProbeCore, connection: Connection, entities: () => Iterable<Entity>): Probe[] {
  const { settings } = connection
  const named = (figures: Array<Figure & { name?: string }>): ProbedFigure[] =>
    figures.map((figure) => ({ name: connection.label, ...figure, connectionId: connection.id, atMs: core.platform.now() }))
  const probe = (what: string, everyMs: number, look: (signal: AbortSignal) => Promise<Array<Figure & { name?: string }>>): Probe => ({
    id: `${connection.id}/${what}`,
    everyMs,
    look: async (signal) => named(await look(AbortSignal.any([signal, AbortSignal.timeout(lookTimeoutMs)]))),
  })
  const entityId = `connection/${connection.id}`
  const certificate = probe('certificate', 5 * minuteMs, (signal) => lookAtCertificate(connection, entityId, core, signal))
  switch (settings.kind) {
    case 'proxmox':
      return [certificate, probe('drives', 10 * minuteMs, (signal) => lookAtDrives(core, connection, entities(), signal))]
    case 'pbs':
      return [certificate]
    case 'kubernetes':
      return [certificate, probe('client-certificate', 60 * minuteMs, async () => clientCertificate(core, connection, settings))]
    case 'postgres':
      return [
        ...(settings.tlsMode === 'disable' ? [] : [certificate]),
        probe('server', minuteMs, (signal) => lookAtDatabase(core, connection, settings, entities(), signal)),
      ]
    case 's3':
      return [certificate]
    case 'ssh':
      // Every login is a line in a host's log: only hosts whose GPUs somebody has looked at are asked, on a connection
      // that stays open between the looks.
      return [probe('gpus', minuteMs / 2, (signal) => lookAtGpus(core, connection, signal))]
  }
}

async function lookAtCertificate(connection: Connection, entityId: string, core: ProbeCore, signal: AbortSignal): Promise<Figure[]> {
  const { settings } = connection
  const address = settings.kind === 'kubernetes' ? settings.server : 'url' in settings ? settings.url : null
  const url = address === null ? null : new URL(address)
  if (url && url.protocol !== 'https:') return []
  const host = url ? url.hostname.replace(/^\[|\]$/g, '') : 'host' in settings ? settings.host : ''
  const port = url ? Number(url.port) || 443 : 'port' in settings ? settings.port : 0
  const startedAt = performance.now()
  const found = await inspectCertificate(host, port, { startTls: settings.kind === 'postgres' ? 'postgres' : undefined, signal })
  const latencyMs = performance.now() - startedAt
  return [
    { entityId, key: 'latencyMs', value: latencyMs },
    { entityId, key: 'certificateDays', value: (Date.parse(found.validTo) - core.platform.now()) / dayMs },
  ]
}

function clientCertificate(core: ProbeCore, connection: Connection, settings: SettingsOf<'kubernetes'>): Array<Figure & { name: string }> {
  const text = core.vault.lease(connection.id).read('kubeconfig')
  if (text === undefined) return []
  const { auth } = loadKubeconfig(text, settings.context)
  if (auth.kind !== 'client-certificate') return []
  const validToMs = Date.parse(new X509Certificate(auth.certPem).validTo)
  const value = (validToMs - core.platform.now()) / dayMs
  return [{ entityId: `connection/${connection.id}/client`, name: `the client of ${connection.label}`, key: 'certificateDays', value }]
}

async function lookAtDatabase(
  core: ProbeCore,
  connection: Connection,
  settings: SettingsOf<'postgres'>,
  entities: Iterable<Entity>,
  signal: AbortSignal,
): Promise<Array<Figure & { name: string }>> {
  const target = { label: connection.label, connectionId: connection.id, settings, secrets: core.vault.lease(connection.id) }
  const found = await readServerFigures(target, signal)
  const own = [...entities].filter((entity) => entity.connectionId === connection.id)
  const server = own.find((entity) => entity.kind === 'database-server')?.id ?? `connection/${connection.id}`
  const database = own.find((entity) => entity.kind === 'database')?.id ?? `connection/${connection.id}`
  const of = (key: string, value: number | null) => (value === null ? [] : [{ entityId: server, name: connection.label, key, value }])
  return [
    { entityId: database, name: settings.database, key: 'sizeBytes', value: found.sizeBytes },
    ...of('connections', found.connections),
    ...of('connectionsFraction', found.maxConnections > 0 ? found.connections / found.maxConnections : null),
    ...of('replicationLagSeconds', found.replicationLagSeconds),
    ...of('longestTransactionSeconds', found.longestTransactionSeconds),
  ]
}

async function lookAtDrives(
  core: ProbeCore,
  connection: Connection,
  entities: Iterable<Entity>,
  signal: AbortSignal,
): Promise<Array<Figure & { name: string }>> {
  const connector = core.connectors.proxmox(connection.id)
  const found: Array<Figure & { name: string }> = []
  for (const node of entities) {
    if (node.kind !== 'node' || node.connectionId !== connection.id || node.status !== 'online') continue
    for (const { device, celsius } of await readDriveTemperatures(connector, node.name, signal))
      found.push({ entityId: `${node.id}/drive/${device}`, name: `${device} of ${node.name}`, key: 'temperatureCelsius', value: celsius })
  }
  return found
}

async function lookAtGpus(core: ProbeCore, connection: Connection, signal: AbortSignal): Promise<Array<Figure & { name: string }>> {
  if (!createGpuStore(core.database).isKnown(connection.id)) return []
  const found = await readGpuTemperatures(core.connectors.ssh(connection.id), signal)
  return found.map(({ index, name, celsius }) => ({
    entityId: `connection/${connection.id}/gpu/${index}`,
    name: `GPU ${index} (${name}) of ${connection.label}`,
    key: 'temperatureCelsius',
    value: celsius,
  }))
}
