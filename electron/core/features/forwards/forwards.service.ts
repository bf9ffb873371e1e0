// Port forwards: kept per connection, started and stopped, followed by the windows that look. Automatic ones start
// with Meridian as soon as the vault is open.
import { randomUUID } from 'node:crypto'
import { contract } from '#shared/contracts/index.ts'
import type { Forward, ForwardDraft, ForwardPlan } from '#shared/contracts/forwards.ts'
import { AppError, toWireError } from '#shared/errors.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { createFeed } from '../../router/event-feed.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import { createForwardStore, type KeptForward } from '../../storage/forward-store.ts'
import { ForwardRunner, type ForwardFigures } from './forward-runner.ts'

type ForwardsCore = Pick<CoreServices, 'connectors' | 'sites' | 'pipeline' | 'database' | 'vault'>

/** Figures of flowing bytes are told about once a second. */
const tellMs = 1_000
const idle: ForwardFigures = { state: 'stopped', openConnections: 0, totalConnections: 0, sentBytes: 0, receivedBytes: 0, error: null }

export function createForwardsFeature(core: ForwardsCore) {
  const { connectors, sites, vault } = core
  const store = createForwardStore(core.database)
  const runners = new Map<string, ForwardRunner>()
  const changes = createFeed<true>()
  const closing = new AbortController()
  let telling: NodeJS.Timeout | undefined

  const tell = (): void => {
    telling ??= setTimeout(() => {
      telling = undefined
      changes.publish(true)
    }, tellMs)
    telling.unref()
  }
  const tellNow = (): void => {
    clearTimeout(telling)
    telling = undefined
    changes.publish(true)
  }
  const shown = (kept: KeptForward): Forward => {
    const { error, ...figures } = runners.get(kept.forwardId)?.figures ?? idle
    return { ...kept, ...figures, error: error && toWireError(error) }
  }
  const find = (forwardId: string): KeptForward => {
    const found = store.list().find((one) => one.forwardId === forwardId)
    if (found) return found
    throw new AppError('not-found', 'This port forward is no longer there.')
  }
  const ofSite = (siteId: SiteId): Forward[] => {
    const known = new Set(sites.list().find((one) => one.id === siteId)?.connections.map(({ id }) => id))
    return store.list().filter(({ connectionId }) => known.has(connectionId)).map(shown)
  }
  const describe = ({ label, plan, connectionId }: ForwardDraft): string =>
    `${label || planWords(plan)} through ${sites.getConnection(connectionId).label}`

  function stop(forwardId: string): void {
    runners.get(forwardId)?.stop()
    runners.delete(forwardId)
    tellNow()
  }
  async function start(kept: KeptForward, isInteractive: boolean): Promise<void> {
    stop(kept.forwardId)
    const runner = new ForwardRunner({
      plan: kept.plan,
      connector: () => connectors.ssh(kept.connectionId),
      onChange: tell,
    })
    runners.set(kept.forwardId, runner)
    tellNow()
    try {
      await runner.start(isInteractive)
    } finally {
      tellNow()
    }
  }
  function checkHost(connectionId: ConnectionId): void {
    const { label, settings } = sites.getConnection(connectionId)
    if (settings.kind !== 'ssh') throw new AppError('invalid-input', `${label} is not an SSH connection.`)
  }

  async function startAutomatic(): Promise<void> {
    for await (const { state } of vault.changes.subscribe(closing.signal, vault.status())) {
      if (state === 'locked') continue
      for (const kept of store.list())
        if (kept.isAutomatic && !runners.has(kept.forwardId)) void start(kept, false).catch(() => undefined)
    }
  }
  /** A forward goes with its connection. */
  async function followSites(): Promise<void> {
    for await (const list of sites.changes.subscribe(closing.signal)) {
      void list
      const kept = new Set(store.list().map(({ forwardId }) => forwardId))
      for (const forwardId of runners.keys()) if (!kept.has(forwardId)) stop(forwardId)
    }
  }
  void startAutomatic()
  void followSites()

  async function* watch(siteId: SiteId, signal: AbortSignal): AsyncGenerator<Forward[]> {
    const changed = changes.subscribe(signal)
    yield ofSite(siteId)
    for await (const _ of changed) yield ofSite(siteId)
  }

  const os = implementFeature(contract.forwards, core.pipeline)
  const router = os.router({
    watch: os.watch.handler(({ input, signal, context }) => watch(input.siteId, signal ?? context.peer.signal)),
    add: os.add.handler(({ input, context }) => {
      checkHost(input.connectionId)
      context.audit?.describe(describe(input))
      const kept: KeptForward = { ...input, forwardId: randomUUID() }
      store.save(kept)
      tellNow()
      return shown(kept)
    }),
    update: os.update.handler(({ input, context }) => {
      find(input.forwardId)
      checkHost(input.connectionId)
      context.audit?.describe(describe(input))
      stop(input.forwardId)
      store.save(input)
      tellNow()
      return shown(input)
    }),
    remove: os.remove.handler(({ input, context }) => {
      context.audit?.describe(describe(find(input.forwardId)))
      stop(input.forwardId)
      store.remove(input.forwardId)
      tellNow()
    }),
    start: os.start.handler(async ({ input, context }) => {
      const kept = find(input.forwardId)
      context.audit?.describe(describe(kept))
      await start(kept, true)
      return shown(kept)
    }),
    stop: os.stop.handler(({ input, context }) => {
      const kept = find(input.forwardId)
      context.audit?.describe(describe(kept))
      stop(input.forwardId)
      return shown(kept)
    }),
  })
  const dispose = (): void => {
    closing.abort()
    clearTimeout(telling)
    for (const runner of runners.values()) runner.stop()
    changes.dispose()
  }
  return { router, dispose } satisfies Feature<typeof router>
}

/** As OpenSSH would be told it. */
function planWords(plan: ForwardPlan): string {
  const here = `${plan.bindAddress}:${plan.bindPort}`
  if (plan.kind === 'dynamic') return `-D ${here}`
  return `${plan.kind === 'local' ? '-L' : '-R'} ${here}:${plan.targetHost}:${plan.targetPort}`
}
