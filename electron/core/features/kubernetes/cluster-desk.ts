// What is kept of each cluster while Meridian runs: its kinds for a few minutes, what this identity may do for one, and
// the feeds that somebody looks at. Connectors are taken anew for each request, so a changed connection is never used.
import { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { KindInfo, RowColumn } from '#shared/model/kubernetes.ts'
import { createAccessDesk, type AccessDesk } from '../../connectors/kubernetes/kubernetes-access.ts'
import type { KubernetesConnector } from '../../connectors/kubernetes/kubernetes-connector.ts'
import { discoverKinds, kindIdOf, type ApiKind } from '../../connectors/kubernetes/kubernetes-discovery.ts'
import type { KindSpec } from '../../connectors/kubernetes/kubernetes-kinds.ts'
import type { ReflectorSlice } from '../../connectors/kubernetes/reflector.ts'
import type { CoreServices } from '../../core-services.ts'
import { catalogOf } from './kind-catalog.ts'
import { digestOf } from './overview-digest.ts'
import { createRowFeed, type KeptItem, type RowFeed } from './row-feed.ts'
import { rowKinds, rowOf } from './row-kinds.ts'
import { createTableRows } from './table-rows.ts'
import { z } from 'zod'

export interface Catalog {
  version: string
  kinds: KindInfo[]
  gaps: string[]
  /** By kind id, everything that the server has. */
  apis: ReadonlyMap<string, ApiKind>
}

export interface Cluster {
  readonly connectionId: ConnectionId
  connector(): KubernetesConnector
  catalog(signal?: AbortSignal): Promise<Catalog>
  /** Throws `not-found` for a kind that the server does not have. */
  kind(kindId: string, signal?: AbortSignal): Promise<ApiKind>
  access(): AccessDesk
  /** `namespace` null = all. */
  feed(kind: ApiKind, namespace: string | null): RowFeed
}

export interface ClusterDesk {
  cluster(connectionId: ConnectionId): Cluster
  dispose(): void
}

const catalogMs = 5 * 60_000

export function createClusterDesk(core: Pick<CoreServices, 'connectors' | 'platform'>): ClusterDesk {
  const clusters = new Map<ConnectionId, Cluster & { dispose(): void }>()
  return {
    cluster(connectionId) {
      // Refuses ids of other kinds and of connections that are gone.
      core.connectors.kubernetes(connectionId)
      const known = clusters.get(connectionId)
      if (known) return known
      const cluster = createCluster(core, connectionId)
      clusters.set(connectionId, cluster)
      return cluster
    },
    dispose() {
      for (const cluster of clusters.values()) cluster.dispose()
      clusters.clear()
    },
  }
}

function createCluster(
  core: Pick<CoreServices, 'connectors' | 'platform'>,
  connectionId: ConnectionId,
): Cluster & { dispose(): void } {
  const connector = (): KubernetesConnector => core.connectors.kubernetes(connectionId)
  const feeds = new Map<string, RowFeed>()
  let kept: { by: KubernetesConnector; untilMs: number; catalog: Promise<Catalog> } | undefined
  let access: { by: KubernetesConnector; desk: AccessDesk } | undefined

  async function readCatalog(by: KubernetesConnector): Promise<Catalog> {
    // Shared by its askers: the first one's leaving must not fail the others.
    const [version, { kinds, gaps }] = await Promise.all([by.version(), discoverKinds(by)])
    return { version, kinds: catalogOf(kinds), gaps, apis: new Map(kinds.map((kind) => [kindIdOf(kind), kind])) }
  }
  const slice: ReflectorSlice = {
    get namespace() {
      return connector().namespace
    },
    list: (...call) => connector().list(...call),
    watch: (...call) => connector().watch(...call),
  }

  const cluster: Cluster = {
    connectionId,
    connector,
    async catalog() {
      const by = connector()
      if (kept?.by !== by || kept.untilMs < core.platform.now()) {
        const catalog = readCatalog(by)
        const mine = { by, untilMs: core.platform.now() + catalogMs, catalog }
        kept = mine
        catalog.catch(() => kept === mine && (kept = undefined))
      }
      return kept.catalog
    },
    async kind(kindId) {
      const found = (await cluster.catalog()).apis.get(kindId)
      if (found) return found
      // It may have come since: a custom resource that was installed just now.
      kept = undefined
      const fresh = (await cluster.catalog()).apis.get(kindId)
      if (fresh) return fresh
      throw new AppError('not-found', `This cluster has no resources ${kindId}.`, {
        remedy: 'The operator that brings them may have been removed.',
      })
    },
    access() {
      const by = connector()
      if (access?.by !== by) access = { by, desk: createAccessDesk(by, core.platform.now) }
      return access.desk
    },
    feed(kind, namespace) {
      const key = `${kind.base}/${kind.plural}/${namespace ?? ''}`
      const known = feeds.get(key)
      if (known) return known
      const scoped = namespace === null ? slice : withNamespace(slice, namespace)
      const feed = createRowFeed({
        connector: scoped,
        ...specOf(kind),
        now: core.platform.now,
        onIdle: () => feeds.delete(key),
      })
      feeds.set(key, feed)
      return feed
    },
  }
  return {
    ...cluster,
    dispose() {
      for (const feed of feeds.values()) feed.dispose()
      feeds.clear()
    },
  }
}

/** A feed of one namespace asks for nothing else, so there is nothing to narrow. */
const withNamespace = (slice: ReflectorSlice, namespace: string): ReflectorSlice => ({
  namespace: null,
  list: (kind, where, signal) => slice.list(kind, { ...where, namespace }, signal),
  watch: (kind, where, signal) => slice.watch(kind, { ...where, namespace }, signal),
})

function specOf(kind: ApiKind): { kind: KindSpec<KeptItem>; columns(): RowColumn[] } {
  const place = { base: kind.base, plural: kind.plural, isNamespaced: kind.isNamespaced, isOptional: true }
  const id = kindIdOf(kind)
  const own = rowKinds[id]
  if (!own) {
    const table = createTableRows()
    return { kind: { ...place, isTable: true, shape: table.shape }, columns: table.columns }
  }
  const digest = digestOf(id)
  const shape = z.custom<Record<string, unknown>>(hasName).transform((object): KeptItem => {
    const row = rowOf(own, object)
    return {
      metadata: { name: row.name, ...(row.namespace === null ? {} : { namespace: row.namespace }) },
      row,
      ...(digest ? { digest: digest(object) } : {}),
    }
  })
  return {
    kind: { ...place, shape, ...(own.keepAtMost === undefined ? {} : { keepAtMost: own.keepAtMost }) },
    columns: () => own.columns,
  }
}

const hasName = (object: unknown): boolean =>
  typeof (object as { metadata?: { name?: unknown } } | null)?.metadata?.name === 'string'
