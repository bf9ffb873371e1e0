// The core as one object: built once by a shell, connected to by each window or browser session, disposed at the
// end. It never learns which carrier a call came by.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { implement } from '@orpc/server'
import { contract } from '#shared/contracts/index.ts'
import type { Site } from '#shared/model/connection.ts'
import type { FramePipe } from '#shared/wire/byte-channel.ts'
import { createConnectorDesk } from './connector-desk.ts'
import type { CoreServices, Feature } from './core-services.ts'
import { createFeatures } from './features/index.ts'
import { createInventoryExchange } from './inventory-exchange.ts'
import type { Platform } from './platform.ts'
import { createPromptDesk } from './prompt-desk.ts'
import type { CallContext, Peer } from './router/call-context.ts'
import { ChannelDesk } from './router/channel-desk.ts'
import { createCallHandler, serveCalls } from './router/serve-calls.ts'
import { StreamDesk } from './router/stream-desk.ts'
import { createSearchRegistry } from './search/search-registry.ts'
import { createAuditLog } from './storage/audit-log.ts'
import { openDatabase } from './storage/database.ts'
import type { LogBook } from './storage/log-book.ts'
import { createNotificationStore } from './storage/notification-store.ts'
import { createSettingsStore } from './storage/settings-store.ts'
import { createSiteStore, type SiteStore } from './storage/site-store.ts'
import { createTaskStore } from './storage/task-store.ts'
import { createPbsTaskDriver, createProxmoxTaskDriver } from './tasks/api2-task-drivers.ts'
import { createTaskDesk } from './tasks/task-desk.ts'
import { openVault } from './vault/sealed-vault.ts'

export type Host = Awaited<ReturnType<typeof createHost>>

/** A window or session on its way in: `context` goes with each of its calls, `leave` ends all it started. */
export interface Visit {
  peer: Peer
  context: CallContext
  leave(): void
}

/** Opens the store and the vault, starts every feature. Throws only when the data directory cannot be used. */
export async function createHost(platform: Platform, logBook: LogBook) {
  const database = openDatabase(join(platform.paths.data, 'meridian.sqlite'), platform.log)
  const settings = createSettingsStore(database)
  const vault = await openVault({ platform, settings })
  const audit = createAuditLog(database, platform.now)
  const sites = createSiteStore(database, (id) => vault.names(id))
  const notifications = createNotificationStore(database, platform)
  const prompts = createPromptDesk(platform.now)
  const connectors = createConnectorDesk({ sites, vault, platform, prompts })
  const tasks = createTaskDesk({ store: createTaskStore(database), audit, notifications, platform })
  tasks.register('proxmox', createProxmoxTaskDriver(connectors))
  tasks.register('pbs', createPbsTaskDriver(connectors))
  const core: CoreServices = {
    platform,
    database,
    settings,
    vault,
    audit,
    logBook,
    sites,
    notifications,
    pipeline: {
      audit,
      isLocked: () => vault.status().state === 'locked',
      siteOf: (input) => findSite(sites, input),
    },
    connectors,
    tasks,
    prompts,
    inventories: createInventoryExchange(),
    search: createSearchRegistry(),
    streams: new StreamDesk(),
    channels: new ChannelDesk(),
  }
  const features = createFeatures(core)
  tasks.resume()
  const router = implement(contract)
    .$context<CallContext>()
    .router(routersOf(features))
  const visits = new Set<Visit>()
  const calls = createCallHandler(router)

  return {
    router,
    /** Serves the calls of one window or socket until `pipe` closes; then all it started ends. */
    connect(pipe: FramePipe, label: string): Visit {
      const visit = this.visit(label)
      serveCalls(calls, pipe, visit.context)
      pipe.onClose(() => visit.leave())
      return visit
    },
    streams: core.streams,
    channels: core.channels,
    vault,
    settings,
    /** `label` names the visitor in the log. */
    visit(label: string): Visit {
      const controller = new AbortController()
      const peer: Peer = { id: randomUUID(), label, signal: controller.signal }
      const visit: Visit = {
        peer,
        context: { peer, log: platform.log.child({ peer: label }) },
        leave() {
          visits.delete(visit)
          controller.abort()
        },
      }
      visits.add(visit)
      return visit
    },
    async dispose(): Promise<void> {
      for (const visit of [...visits]) visit.leave()
      core.streams.dispose()
      core.channels.dispose()
      const endings = Object.values(features as Record<string, Feature<unknown>>).map(async (feature) => feature.dispose?.())
      await Promise.allSettled(endings)
      await tasks.dispose()
      core.connectors.dispose()
      prompts.dispose()
      vault.dispose()
      database.dispose()
    },
  }
}

type Routers<F> = { [K in keyof F]: F[K] extends Feature<infer R> ? R : never }

/** The parts of the router by feature name; a contract without its feature does not type-check at the call. */
const routersOf = <F extends Record<string, Feature<unknown>>>(features: F): Routers<F> =>
  Object.fromEntries(Object.entries(features).map(([name, feature]) => [name, feature.router])) as Routers<F>

/** The site that a call speaks of, by `siteId` or by the connection it names. */
function findSite(sites: SiteStore, input: unknown): Site | null {
  const named = input as { siteId?: unknown; connectionId?: unknown } | null | undefined
  const all = sites.list()
  return (
    all.find((site) => site.id === named?.siteId) ??
    all.find((site) => site.connections.some((connection) => connection.id === named?.connectionId)) ??
    null
  )
}
