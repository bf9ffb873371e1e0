// Starting and stopping the demo lab, and keeping its site: the only feature that puts ephemeral secrets into the
// vault. The lab itself runs in a process of its own that the shell supplies; the core knows only its launcher.
import { join } from 'node:path'
import { contract } from '#shared/contracts/index.ts'
import type { DemoStatus } from '#shared/contracts/demo.ts'
import { AppError, isAppError } from '#shared/errors.ts'
import type { ConnectionDraft, ConnectionId, Site } from '#shared/model/connection.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import type { RunningDemo } from '../../platform.ts'
import { createFeed } from '../../router/event-feed.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import { createBackupStore } from '../../storage/backup-store.ts'

const startTimeoutMs = 5 * 60_000

export function createDemoFeature(core: CoreServices) {
  const { platform, sites, vault } = core
  const backups = createBackupStore(core.database)
  const changes = createFeed<DemoStatus>()
  const log = platform.log.child({ feature: 'demo' })
  let running: RunningDemo | undefined
  let starting: AbortController | undefined
  let status: DemoStatus = {
    state: platform.demo ? 'stopped' : 'unavailable',
    step: '',
    fraction: 0,
    siteId: findDemoSite()?.id ?? null,
    message: platform.demo ? null : 'This installation does not carry the demo lab.',
    faults: {},
  }
  const set = (partial: Partial<DemoStatus>): DemoStatus => {
    status = { ...status, ...partial }
    changes.publish(status)
    return status
  }
  function findDemoSite(): Site | undefined {
    return sites.list().find((site) => site.isDemo)
  }

  /**
   * The same site and the same connections at every start, so that results and history stay attached to them. The
   * lab knows no ids: a draft names its jump host by that one's label.
   */
  async function refreshSite(name: string, drafts: ConnectionDraft[]): Promise<Site> {
    const site = findDemoSite() ?? sites.create(name, { isDemo: true })
    const stale = new Set(site.connections.map((connection) => connection.id))
    const ids = new Map<string, ConnectionId>()
    for (const draft of drafts) {
      const known = site.connections.find((item) => item.label === draft.label && item.settings.kind === draft.settings.kind)
      const kept = known
        ? sites.updateConnection(known.id, draft.label, draft.settings)
        : sites.addConnection(site.id, draft.label, draft.settings)
      stale.delete(kept.id)
      ids.set(draft.label, kept.id)
      await vault.put(kept.id, draft.secrets, { isEphemeral: true })
    }
    for (const { label, settings } of drafts) {
      const jump = settings.kind === 'ssh' ? ids.get(settings.jumpConnectionId ?? '') : undefined
      if (jump !== undefined && settings.kind === 'ssh')
        sites.updateConnection(ids.get(label)!, label, { ...settings, jumpConnectionId: jump })
    }
    for (const id of stale) sites.removeConnection(id)
    sites.announce()
    return sites.get(site.id)
  }

  async function bringUp(controller: AbortController): Promise<void> {
    const launcher = platform.demo!
    const timer = setTimeout(() => controller.abort(), startTimeoutMs)
    try {
      running = await launcher.start({
        dataDir: join(platform.paths.data, 'demo'),
        signal: controller.signal,
        onProgress: (step, fraction) => set({ step, fraction }),
        onExit: (reason) => {
          running = undefined
          log.warn('The demo lab ended', { reason })
          set({ state: 'failed', message: `The demo lab ended: ${reason}`, faults: {} })
        },
      })
      const site = await refreshSite(running.siteName, running.drafts)
      if (running.backupPolicy && !backups.hasPolicy(site.id)) backups.setPolicy(site.id, running.backupPolicy)
      set({ state: 'running', step: 'Ready', fraction: 1, siteId: site.id, message: null, faults: {} })
    } catch (thrown) {
      const message = isAppError(thrown) || thrown instanceof Error ? thrown.message : 'It gave no reason.'
      log.error('The demo lab could not start', { message })
      set(controller.signal.aborted ? { state: 'stopped', message: null } : { state: 'failed', message })
    } finally {
      clearTimeout(timer)
      starting = undefined
    }
  }
  const requireRunning = (): RunningDemo => {
    if (!running) throw new AppError('conflict', 'The demo lab is not running.', { remedy: 'Start it first.' })
    return running
  }

  const os = implementFeature(contract.demo, core.pipeline)
  const router = os.router({
    status: os.status.handler(() => status),
    watch: os.watch.handler(({ signal, context }) => changes.subscribe(signal ?? context.peer.signal, status)),
    start: os.start.handler(() => {
      if (!platform.demo) throw new AppError('unsupported', 'This installation does not carry the demo lab.')
      if (running || starting) return status
      starting = new AbortController()
      const answer = set({ state: 'starting', step: 'Starting', fraction: 0, message: null })
      void bringUp(starting)
      return answer
    }),
    stop: os.stop.handler(async () => {
      starting?.abort()
      const ending = running
      running = undefined
      await ending?.stop()
      return set({ state: 'stopped', step: '', fraction: 0, message: null, faults: {} })
    }),
    setFault: os.setFault.handler(({ input }) => {
      requireRunning().setFault(input.service, input.fault)
      const faults = { ...status.faults }
      if (input.fault) faults[input.service] = input.fault
      else delete faults[input.service]
      return set({ faults })
    }),
    advanceClock: os.advanceClock.handler(({ input }) => requireRunning().advanceClock(input.byMs)),
  })
  const dispose = async (): Promise<void> => {
    starting?.abort()
    await running?.stop()
    changes.dispose()
  }
  return { router, dispose } satisfies Feature<typeof router>
}
