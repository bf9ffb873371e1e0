// A core with a site on the demo lab's own servers, all on one clock that tests move: for the service's tests.
import { createTestContext, type TestContext } from '#demo/testing/demo-context.ts'
import { startPbsDemo, type PbsDemo } from '#demo/pbs/pbs-server.ts'
import { startProxmoxDemo, type ProxmoxDemo } from '#demo/proxmox/proxmox-server.ts'
import { startS3Demo, type S3Demo } from '#demo/s3/s3-server.ts'
import { createLabBackups } from '#demo/world/backups.ts'
import { expect, vi } from 'vitest'
import type { BackupState } from '#shared/contracts/backups.ts'
import type { ConnectionId, ConnectionKind, Site } from '#shared/model/connection.ts'
import { createTestHost, type TestHost } from '../../../testing/test-host.ts'

export interface BackupLab {
  context: TestContext
  pve: ProxmoxDemo
  pbs: PbsDemo
  s3: S3Demo
  core: TestHost
  site: Site
  idOf(kind: ConnectionKind): ConnectionId
  /** Moves the lab's clock and the core's together. */
  advance(byMs: number): void
  /** Asks every system, and gives what the page would show. */
  look(): Promise<BackupState>
  /** Ends the core alone; its data stay until `dispose`. */
  endCore(): Promise<void>
  dispose(): Promise<void>
}

export const labPassphrase = 'correct horse battery staple'

export async function startBackupLab(startAt: string): Promise<BackupLab> {
  const startMs = Date.parse(startAt)
  const context = await createTestContext({ startMs })
  const backups = createLabBackups(context.site, context.clock)
  const pve = await startProxmoxDemo(context, backups)
  const pbs = await startPbsDemo(context, backups)
  const s3 = await startS3Demo(context)
  const core = await createTestHost({ nowMs: startMs })
  await core.client.vault.create({ passphrase: labPassphrase })
  // The clock jumps by hours: the vault would take that for an absence.
  await core.client.app.updateSettings({ idleLockMinutes: 0 })
  const { id: siteId } = await core.client.sites.create({ name: 'Lab' })
  for (const draft of [...pve.drafts, ...pbs.drafts, ...s3.drafts])
    await core.client.sites.addConnection({ siteId, draft })
  const site = (await core.client.sites.list())[0]!
  await readInventory(core, site)
  let ended: Promise<void> | undefined
  return {
    context,
    pve,
    pbs,
    s3,
    core,
    site,
    idOf: (kind) => site.connections.find((it) => it.settings.kind === kind)!.id,
    advance(byMs) {
      context.clock.advance(byMs)
      core.test.advance(byMs)
    },
    async look() {
      await core.client.backups.refresh({ siteId: site.id })
      return core.client.backups.lastKnown({ siteId: site.id })
    },
    endCore: () => (ended ??= core.host.dispose()),
    async dispose() {
      if (ended) await core.test.dispose()
      else await core.dispose()
      for (const service of [pve, pbs, s3]) await service.dispose()
      await context.dispose()
    },
  }
}

/** The coverage links guests and groups by the inventory: it must have been seen once. */
async function readInventory(core: TestHost, site: Site): Promise<void> {
  const watching = new AbortController()
  const events = await core.client.inventory.watch({ siteId: site.id }, { signal: watching.signal })
  const reading = (async () => {
    for await (const event of events) void event
  })().catch(() => undefined)
  await core.client.inventory.refresh({ siteId: site.id })
  await vi.waitFor(
    async () => {
      const known = await core.client.inventory.lastKnown({ siteId: site.id })
      expect(known?.sources.map((source) => source.state)).toEqual(['live', 'live', 'live'])
      expect(known?.edges.some((edge) => edge.kind === 'backs-up')).toBe(true)
    },
    { timeout: 30_000, interval: 50 },
  )
  watching.abort()
  await reading
}
