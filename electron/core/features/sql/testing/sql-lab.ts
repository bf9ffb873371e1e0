// The sql feature on real services (store, settings, sites, streams) with a vault of one password: for its tests. Calls
// go through the whole pipeline; bodies are claimed as a shell does.
import { createRouterClient } from '@orpc/server'
import { join } from 'node:path'
import { tableFromIPC, type Table } from 'apache-arrow'
import type { Run } from '#shared/contracts/sql.ts'
import { fromWireError, type AppError } from '#shared/errors.ts'
import type { Connection, ConnectionId, SettingsOf, Site } from '#shared/model/connection.ts'
import type { CoreServices } from '../../../core-services.ts'
import { ChannelDesk } from '../../../router/channel-desk.ts'
import { StreamDesk } from '../../../router/stream-desk.ts'
import { createConnectorDesk } from '../../../connector-desk.ts'
import { createInventoryExchange } from '../../../inventory-exchange.ts'
import { createPromptDesk } from '../../../prompt-desk.ts'
import { createSearchRegistry } from '../../../search/search-registry.ts'
import { createAuditLog } from '../../../storage/audit-log.ts'
import { openDatabase } from '../../../storage/database.ts'
import { createNotificationStore } from '../../../storage/notification-store.ts'
import { createSettingsStore } from '../../../storage/settings-store.ts'
import { createSiteStore } from '../../../storage/site-store.ts'
import { createTaskStore } from '../../../storage/task-store.ts'
import { createTaskDesk } from '../../../tasks/task-desk.ts'
import { createTestPlatform } from '../../../testing/test-platform.ts'
import type { Vault } from '../../../vault/vault.ts'
import { createSqlFeature } from '../sql.service.ts'

export type SqlLab = Awaited<ReturnType<typeof createSqlLab>>

export interface SqlLabOptions {
  server: { host: string; port: number; user?: string; password?: string }
  settings?: Partial<SettingsOf<'postgres'>>
  /** Goes on with an earlier lab's data: a restart. */
  dataDir?: string
}

export async function createSqlLab({ server, settings, dataDir }: SqlLabOptions) {
  const test = await createTestPlatform(dataDir === undefined ? {} : { dataDir })
  const { platform, logBook } = test
  const database = openDatabase(join(platform.paths.data, 'meridian.sqlite'), platform.log)
  const sites = createSiteStore(database, () => ['password'])
  const streams = new StreamDesk()
  const vault = { lease: () => ({ read: () => server.password }) } as unknown as Vault
  const audit = createAuditLog(database, platform.now)
  const notifications = createNotificationStore(database, platform)
  const prompts = createPromptDesk(platform.now)
  const core: CoreServices = {
    platform,
    database,
    logBook,
    vault,
    sites,
    streams,
    settings: createSettingsStore(database),
    audit,
    notifications,
    pipeline: { audit, isLocked: () => false },
    channels: new ChannelDesk(),
    tasks: createTaskDesk({ store: createTaskStore(database), audit, notifications, platform }),
    connectors: createConnectorDesk({ sites, vault, platform, prompts }),
    prompts,
    inventories: createInventoryExchange(),
    search: createSearchRegistry(),
  }
  const feature = createSqlFeature(core)
  const site: Site = sites.list()[0] ?? sites.create('Test site')
  const connection: Connection =
    site.connections[0] ??
    sites.addConnection(site.id, 'test-pg', {
      kind: 'postgres',
      host: server.host,
      port: server.port,
      database: 'postgres',
      user: server.user ?? 'nobody',
      tlsMode: 'disable',
      tls: { mode: 'system' },
      ...settings,
    })
  const peer = new AbortController()
  const client = createRouterClient(feature.router, {
    context: { peer: { id: 'test', label: 'test', signal: peer.signal }, log: platform.log },
  })

  /** The bytes of a ticket, read to the end. */
  async function fetchBytes(streamId: string): Promise<Uint8Array> {
    const body = claim(streamId).body
    const chunks: Uint8Array[] = []
    for await (const chunk of body) chunks.push(chunk)
    return new Uint8Array(Buffer.concat(chunks))
  }
  function claim(streamId: string, signal?: AbortSignal) {
    const claimed = streams.claim(streamId, signal)
    if (!claimed) throw new Error('The ticket is not valid.')
    return claimed
  }
  return {
    ...test,
    client,
    core,
    site,
    connectionId: connection.id as ConnectionId,
    database,
    fetchBytes,
    claim,
    /** Starts a statement without reading its body. */
    start: (sql: string, options: { allowWrite?: boolean; maxRows?: number; timeoutMs?: number } = {}) =>
      client.start({ connectionId: connection.id, sql, ...options }),
    /** Runs a statement to its end as a page does. */
    async run(
      sql: string,
      options: { allowWrite?: boolean; maxRows?: number; timeoutMs?: number } = {},
    ): Promise<{ run: Run; table: Table }> {
      const { run, stream } = await client.start({ connectionId: connection.id, sql, ...options })
      const table = tableFromIPC(await fetchBytes(stream.streamId))
      return { run: await client.outcome({ runId: run.runId }), table }
    },
    /** The window is gone. */
    leave: () => peer.abort(),
    async close(): Promise<void> {
      peer.abort()
      streams.dispose()
      await feature.dispose()
      database.dispose()
      await test.dispose()
    },
  }
}

/** The AppError that a call through the pipeline was refused with. */
export async function refusal(call: Promise<unknown>): Promise<AppError> {
  try {
    await call
  } catch (error) {
    return fromWireError((error as { data?: unknown }).data)
  }
  throw new Error('The call was not refused.')
}

/** Polls until `condition` holds; throws after `timeoutMs`. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('The condition did not come true in time.')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
