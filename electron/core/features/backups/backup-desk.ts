// Shares one session per site between all who watch it, and ends it half a minute after the last has gone. Follows the
// tasks of the systems: what has just ended may have changed what is protected.
import type { BackupState } from '#shared/contracts/backups.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { CoreServices } from '../../core-services.ts'
import type { BackupStore } from '../../storage/backup-store.ts'
import type { InventoryStore } from '../../storage/inventory-store.ts'
import { BackupSession, type SessionCore } from './backup-session.ts'
import type { Ground } from './ground.ts'

const graceMs = 30_000

export interface BackupDesk {
  /** What is known, then every change. The systems are read while anybody listens. */
  watch(siteId: SiteId, signal: AbortSignal): AsyncGenerator<BackupState, void, void>
  /** From what is kept, asking no system. */
  lastKnown(siteId: SiteId): Promise<BackupState>
  ground(siteId: SiteId): Promise<Ground>
  refresh(siteId: SiteId): Promise<void>
  /** After a change on a backup server, when somebody looks. */
  changed(siteId: SiteId): void
  /** After new targets: judged anew, and read anew where the reading depends on them. */
  policyChanged(siteId: SiteId, isPatternNew: boolean): void
  dispose(): void
}

interface Entry {
  session: BackupSession
  holders: number
  timer: NodeJS.Timeout | undefined
}

export function createBackupDesk(
  core: SessionCore & Pick<CoreServices, 'tasks'>,
  store: BackupStore,
  inventory: Pick<InventoryStore, 'loadKinds'>,
): BackupDesk {
  const entries = new Map<SiteId, Entry>()
  const closing = new AbortController()
  const open = (siteId: SiteId): BackupSession =>
    new BackupSession(core.sites.get(siteId), core, store, inventory)

  function take(siteId: SiteId): Entry {
    const known = entries.get(siteId)
    if (known) return known
    const entry: Entry = { session: open(siteId), holders: 0, timer: undefined }
    entry.session.start()
    entries.set(siteId, entry)
    return entry
  }
  function end(siteId: SiteId): void {
    const entry = entries.get(siteId)
    if (!entry) return
    clearTimeout(entry.timer)
    entries.delete(siteId)
    entry.session.dispose()
  }
  /** Nobody looks: it goes on for a little, so that going from screen to screen does not begin anew. */
  function letGo(siteId: SiteId, entry: Entry): void {
    if (entry.holders > 0 || entries.get(siteId) !== entry) return
    clearTimeout(entry.timer)
    entry.timer = setTimeout(() => end(siteId), graceMs)
    entry.timer.unref()
  }
  /** A session that lives, or one that only shows what is kept. */
  const look = (siteId: SiteId): BackupSession => entries.get(siteId)?.session ?? open(siteId)

  async function followSites(): Promise<void> {
    for await (const list of core.sites.changes.subscribe(closing.signal))
      for (const [siteId, entry] of entries) {
        const site = list.find((it) => it.id === siteId)
        if (site) entry.session.reconcile(site)
        else end(siteId)
      }
  }
  async function followTasks(): Promise<void> {
    for await (const { tasks } of core.tasks.changes.subscribe(closing.signal)) {
      const ended = tasks.filter((task) => task.state !== 'running' && /^(pbs|proxmox)/.test(task.kind))
      for (const siteId of new Set(ended.map((task) => task.siteId)))
        void entries.get(siteId)?.session.refresh(['pbs', 'proxmox'])
    }
  }
  void followSites()
  void followTasks()

  return {
    async *watch(siteId, signal) {
      const entry = take(siteId)
      entry.holders += 1
      clearTimeout(entry.timer)
      try {
        const events = entry.session.changes.subscribe(signal)
        yield await entry.session.state()
        yield* events
      } finally {
        entry.holders -= 1
        letGo(siteId, entry)
      }
    },
    lastKnown: (siteId) => look(siteId).state(),
    ground: (siteId) => look(siteId).ground(),
    async refresh(siteId) {
      const entry = take(siteId)
      try {
        await entry.session.refresh()
      } finally {
        letGo(siteId, entry)
      }
    },
    changed: (siteId) => void entries.get(siteId)?.session.refresh(['pbs']),
    policyChanged(siteId, isPatternNew) {
      const session = entries.get(siteId)?.session
      if (isPatternNew) void session?.refresh(['s3'])
      session?.publish()
    },
    dispose() {
      closing.abort()
      for (const siteId of [...entries.keys()]) end(siteId)
    },
  }
}
