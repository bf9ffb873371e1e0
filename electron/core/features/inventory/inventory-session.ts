// One watched site: a watcher per connection, each in a loop of its own, so that a system that stalls or fails never
// holds up another. Shared by everybody who watches the site; ends (dispose) when the last has gone.
import type { InventoryEvent } from '#shared/contracts/inventory.ts'
import { AppError, isAppError } from '#shared/errors.ts'
import type { Connection, ConnectionId, Site, SiteId } from '#shared/model/connection.ts'
import type { Inventory } from '#shared/model/inventory.ts'
import type { CoreServices } from '../../core-services.ts'
import type { Log } from '../../platform.ts'
import { createFeed, type Feed } from '../../router/event-feed.ts'
import type { InventoryStore } from '../../storage/inventory-store.ts'
import { mergeEvents, toFirstEvents } from './inventory-events.ts'
import { nextPauseMs } from './poll-pace.ts'
import type { Observation, OpenWatcher, Watcher } from './observation.ts'
import { SiteModel } from './site-model.ts'

const maxRefreshWaitMs = 15_000

interface Loop {
  connection: Connection
  key: string
  controller: AbortController
  /** Ends the pause between two looks; `isForced` asks the next look to read everything. */
  wake: (() => void) | undefined
  isForced: boolean
  /** Resolves whoever waits for the next finished look. */
  waiting: Array<() => void>
}

export interface SessionOptions {
  site: Site
  core: Pick<CoreServices, 'vault' | 'platform' | 'settings' | 'connectors'>
  store: InventoryStore
  openWatcher: OpenWatcher
}

export class InventorySession {
  readonly siteId: SiteId
  private readonly options: SessionOptions
  private readonly log: Log
  private readonly model: SiteModel
  private readonly feed: Feed<InventoryEvent>
  private readonly loops = new Map<ConnectionId, Loop>()
  private readonly closing = new AbortController()
  private readonly ready: Promise<void>

  constructor(options: SessionOptions) {
    this.options = options
    this.siteId = options.site.id
    this.log = options.core.platform.log.child({ feature: 'inventory' })
    this.feed = createFeed<InventoryEvent>({ merge: mergeEvents })
    this.model = new SiteModel({
      siteId: options.site.id,
      store: options.store,
      now: options.core.platform.now,
      publish: (diff) => this.feed.publish({ type: 'diff', diff }),
    })
    this.ready = this.start()
    void this.retryWhenUnlocked()
  }

  /** The whole picture first, then differences, until `signal` fires. */
  async *watch(signal: AbortSignal): AsyncGenerator<InventoryEvent, void, void> {
    await this.ready
    const ending = AbortSignal.any([signal, this.closing.signal])
    const leave = new AbortController()
    const live = this.feed.subscribe(AbortSignal.any([ending, leave.signal]))
    try {
      // The subscription begins with this call, in the same turn as the snapshot: nothing falls between the two.
      let next = live.next()
      for (const event of toFirstEvents(this.model.snapshot())) yield event
      for (;;) {
        const step = await next
        if (step.done) return
        yield step.value
        next = live.next()
      }
    } finally {
      leave.abort()
      await live.return()
    }
  }

  async current(): Promise<Inventory> {
    await this.ready
    return this.model.snapshot()
  }

  /** Looks at every system now. Resolves when each has answered or failed, or after 15 seconds. */
  async refresh(signal: AbortSignal): Promise<void> {
    await this.ready
    const looks = [...this.loops.values()].map((loop) => {
      loop.isForced = true
      const finished = new Promise<void>((resolve) => loop.waiting.push(resolve))
      loop.wake?.()
      return finished
    })
    const limit = AbortSignal.any([signal, this.closing.signal, AbortSignal.timeout(maxRefreshWaitMs)])
    await Promise.race([Promise.all(looks), aborted(limit)])
  }

  /** Follows a change of the site's connections: only those that changed are begun anew. */
  async reconcile(site: Site): Promise<void> {
    await this.ready
    if (this.closing.signal.aborted) return
    const wanted = new Map(site.connections.map((connection) => [connection.id, connection]))
    for (const [id, loop] of this.loops) {
      const connection = wanted.get(id)
      const state = this.model.source(id)?.state
      // Stored secrets may have changed without a trace in the settings: what failed is tried anew.
      if (connection && keyOf(connection) === loop.key && state !== 'lost' && state !== 'locked') continue
      loop.controller.abort()
      this.loops.delete(id)
      if (!connection) await this.model.removeConnection(id)
    }
    for (const connection of wanted.values()) {
      if (this.loops.has(connection.id)) continue
      await this.model.addConnection(connection)
      this.begin(connection)
    }
  }

  dispose(): void {
    this.closing.abort()
    for (const loop of this.loops.values()) loop.controller.abort()
    this.loops.clear()
    this.feed.dispose()
  }

  private async start(): Promise<void> {
    const { site, store } = this.options
    await this.model.restore(await store.load(site.id), site.connections)
    if (this.closing.signal.aborted) return
    for (const connection of site.connections) this.begin(connection)
  }

  private begin(connection: Connection): void {
    const controller = new AbortController()
    const key = keyOf(connection)
    const loop: Loop = { connection, key, controller, wake: undefined, isForced: true, waiting: [] }
    this.loops.set(connection.id, loop)
    void this.run(loop)
  }

  private async run(loop: Loop): Promise<void> {
    const { connection, controller } = loop
    const { signal } = controller
    let watcher: Watcher | undefined
    let failures = 0
    while (!signal.aborted) {
      const isForced = loop.isForced
      const waiting = loop.waiting.splice(0)
      loop.isForced = false
      try {
        watcher ??= this.options.openWatcher(this.contextFor(loop))
        await this.look(watcher, loop, isForced)
        failures = 0
      } catch (thrown) {
        if (signal.aborted) break
        failures += 1
        await this.markFailed(connection, thrown)
        if (isAboutAccess(thrown)) {
          watcher?.dispose()
          watcher = undefined
        }
      }
      for (const resolve of waiting) resolve()
      const refreshMs = this.options.core.settings.get().refreshSeconds * 1000
      const paceMs = Math.max(refreshMs, watcher?.shortestPauseMs ?? 0)
      await this.pause(loop, nextPauseMs(paceMs, failures, Math.random()))
    }
    for (const resolve of loop.waiting) resolve()
    watcher?.dispose()
  }

  private contextFor({ connection, controller }: Loop) {
    const { core } = this.options
    return {
      connection,
      core,
      log: this.log.child({ connection: connection.label }),
      emit: (observation: Observation) => this.accept(connection.id, observation, controller.signal),
      isShown: () => this.model.source(connection.id)?.state === 'live',
      claimScope: (family: string, name: string) => this.model.claimScope(connection.id, family, name),
      known: (id: string) => this.model.entity(connection.id, id),
    }
  }

  private async accept(id: ConnectionId, observation: Observation, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    await this.model.apply(id, observation)
    if (!signal.aborted && this.model.source(id)?.state !== 'live')
      await this.model.setSource(id, { state: 'live', problem: null, remedy: null })
  }

  private async look(watcher: Watcher, loop: Loop, isForced: boolean): Promise<void> {
    const { connection, controller } = loop
    const limit = AbortSignal.timeout(watcher.lookTimeoutMs)
    const signal = AbortSignal.any([controller.signal, limit])
    const gaveUp = aborted(signal).then(() => {
      throw limit.aborted
        ? stalled(connection, watcher.lookTimeoutMs)
        : new AppError('cancelled', 'The site is no longer watched.')
    })
    const { limits, remedy } = await Promise.race([watcher.look({ signal, isForced }), gaveUp])
    if (controller.signal.aborted) return
    await this.model.setSource(connection.id, {
      state: 'live',
      lastSeenAtMs: this.options.core.platform.now(),
      problem: limits.length > 0 ? limits.join(' ') : null,
      remedy: limits.length > 0 ? (remedy ?? null) : null,
    })
  }

  private async markFailed(connection: Connection, thrown: unknown): Promise<void> {
    const error = isAppError(thrown) ? thrown : undefined
    if (!error)
      this.log.error('A watcher failed unexpectedly', {
        connection: connection.label,
        fault: String((thrown as Error)?.stack ?? thrown),
      })
    await this.model.setSource(connection.id, {
      state: error?.code === 'locked' ? 'locked' : 'lost',
      problem: error?.message ?? `Meridian could not read what ${connection.label} answered.`,
      remedy: error?.remedy ?? (error ? null : 'The local log has the details (Settings → Log).'),
    })
  }

  private pause(loop: Loop, pauseMs: number): Promise<void> {
    if (loop.isForced || loop.controller.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        loop.controller.signal.removeEventListener('abort', end)
        loop.wake = undefined
        resolve()
      }
      const timer = setTimeout(end, pauseMs)
      loop.wake = end
      loop.controller.signal.addEventListener('abort', end, { once: true })
    })
  }

  private async retryWhenUnlocked(): Promise<void> {
    for await (const status of this.options.core.vault.changes.subscribe(this.closing.signal)) {
      if (status.state !== 'unlocked') continue
      for (const [id, loop] of this.loops) if (this.model.source(id)?.state !== 'live') loop.wake?.()
    }
  }
}

/** Failures after which nothing that was read from the connection's secrets may be held on to. */
const isAboutAccess = (thrown: unknown): boolean =>
  isAppError(thrown) &&
  (thrown.code === 'unauthenticated' ||
    thrown.code === 'invalid-input' ||
    thrown.code === 'locked' ||
    thrown.detail?.kind === 'tls')

const keyOf = (connection: Connection): string => JSON.stringify(connection)

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

const stalled = (connection: Connection, afterMs: number): AppError =>
  new AppError(
    'timeout',
    `${connection.label} did not finish answering within ${Math.round(afterMs / 1000)} s.`,
    {
      remedy:
        'Meridian keeps trying. If it stays, look at the load of that system and at the network in between.',
    },
  )
