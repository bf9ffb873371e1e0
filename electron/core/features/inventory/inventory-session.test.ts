import { afterEach, describe, expect, it } from 'vitest'
import type { InventoryEvent } from '#shared/contracts/inventory.ts'
import { AppError } from '#shared/errors.ts'
import type { Connection, ConnectionId, Site, SiteId } from '#shared/model/connection.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { InventorySession } from './inventory-session.ts'
import type { Observation, OpenWatcher, Watcher, WatcherContext } from './observation.ts'
import { edgeOf } from './observation.ts'
import { nextPauseMs } from './poll-pace.ts'
import { SessionDesk } from './session-desk.ts'
import { entityOf } from './testing/entities.ts'
import { createSessionGround, type SessionGround } from './testing/session-ground.ts'

const ends: Array<() => void> = []
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end()
})

const connectionOf = (id: string, more: Partial<Connection> = {}): Connection => ({
  id: id as ConnectionId,
  siteId: 'site' as SiteId,
  label: id,
  settings: { kind: 'ssh', host: id, port: 22, user: 'x', auth: 'agent' },
  storedSecrets: [],
  ...more,
})
const siteOf = (...connections: Connection[]): Site => ({
  id: 'site' as SiteId,
  name: 'Site',
  isDemo: false,
  isReadOnly: false,
  connections,
})

/** A watcher per connection that does what the test says. */
type Script = (
  context: WatcherContext,
  options: { signal: AbortSignal; isForced: boolean },
) => Promise<readonly string[] | void>
interface Stage {
  scripts: Record<string, Script>
  opened: string[]
  disposed: string[]
  looks: string[]
  lookTimeoutMs: number
  shortestPauseMs: number
  openWatcher: OpenWatcher
}
function createStage(scripts: Record<string, Script>): Stage {
  const stage: Stage = {
    scripts,
    opened: [],
    disposed: [],
    looks: [],
    lookTimeoutMs: 5000,
    shortestPauseMs: 0,
    openWatcher(context): Watcher {
      const { id } = context.connection
      stage.opened.push(id)
      return {
        lookTimeoutMs: stage.lookTimeoutMs,
        shortestPauseMs: stage.shortestPauseMs,
        async look(options) {
          stage.looks.push(id)
          return { limits: (await stage.scripts[id]!(context, options)) ?? [], remedy: 'Ask for more.' }
        },
        dispose: () => void stage.disposed.push(id),
      }
    },
  }
  return stage
}

function ground(now?: () => number): SessionGround {
  const made = createSessionGround(now ? { now } : {})
  ends.push(made.dispose)
  return made
}
function sessionOn(base: SessionGround, site: Site, stage: Pick<Stage, 'openWatcher'>): InventorySession {
  const session = new InventorySession({
    site,
    core: base.core,
    store: base.store,
    openWatcher: stage.openWatcher,
  })
  ends.push(() => session.dispose())
  return session
}

const guest = (context: WatcherContext, id: string, more: Partial<Entity> = {}): Entity =>
  entityOf('guest', id, { connectionId: context.connection.id, ...more })
const show = (context: WatcherContext, ...ids: string[]): Promise<void> =>
  context.emit({ entities: ids.map((id) => guest(context, id)), edges: [] })
const stateOf = async (session: InventorySession, id: string): Promise<string> =>
  (await session.current()).sources.find((source) => source.connectionId === id)!.state
const entitiesOf = async (session: InventorySession): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await session.current()).entities.map((item) => [item.id, `${item.health} ${item.status}`]),
  )
const refused = new AppError('unreachable', 'It refuses connections.', { remedy: 'Start it.' })

/** Follows a watch like a page does; fails on a gap between revisions. */
function follow(session: InventorySession): {
  picture: { entities: Map<string, Entity>; revision: number; events: InventoryEvent[] }
  stop: () => Promise<void>
} {
  const controller = new AbortController()
  const picture = { entities: new Map<string, Entity>(), revision: 0, events: [] as InventoryEvent[] }
  const done = (async () => {
    for await (const event of session.watch(controller.signal)) {
      picture.events.push(event)
      if (event.type === 'whole') {
        picture.revision = event.inventory.revision
        picture.entities = new Map(event.inventory.entities.map((item) => [item.id, item]))
        continue
      }
      expect(event.diff.baseRevision).toBe(picture.revision)
      picture.revision = event.diff.revision
      for (const id of event.diff.removeEntities) picture.entities.delete(id)
      for (const item of event.diff.upsertEntities) picture.entities.set(item.id, item)
    }
  })()
  const stop = async (): Promise<void> => {
    controller.abort()
    await done
  }
  ends.push(() => controller.abort())
  return { picture, stop }
}

describe('one site, many systems', () => {
  it('shows each as it answers, and a watcher follows without gaps', async () => {
    const stage = createStage({
      a: (context) => show(context, 'x/a/1', 'x/a/2'),
      b: (context) => show(context, 'x/b/1'),
    })
    const session = sessionOn(ground(), siteOf(connectionOf('a'), connectionOf('b')), stage)
    const { picture, stop } = follow(session)
    await expect.poll(() => [...picture.entities.keys()].sort()).toEqual(['x/a/1', 'x/a/2', 'x/b/1'])
    stage.scripts['a'] = (context) => show(context, 'x/a/2', 'x/a/3')
    await session.refresh(AbortSignal.timeout(5000))
    await expect.poll(() => [...picture.entities.keys()].sort()).toEqual(['x/a/2', 'x/a/3', 'x/b/1'])
    expect(picture.revision).toBe((await session.current()).revision)
    await stop()
  })

  it('is not held up by one that stalls', async () => {
    const stage = createStage({
      a: () => new Promise(() => undefined),
      b: (context) => show(context, 'x/b/1'),
    })
    stage.lookTimeoutMs = 300
    const session = sessionOn(ground(), siteOf(connectionOf('a'), connectionOf('b')), stage)
    await expect.poll(() => stateOf(session, 'b')).toBe('live')
    expect(await stateOf(session, 'a')).toBe('connecting')
    await expect.poll(() => stateOf(session, 'a')).toBe('lost')
    expect(
      (await session.current()).sources.find((source) => source.connectionId === 'a')!.problem,
    ).toContain('a did not finish answering within')
    expect(await stateOf(session, 'b')).toBe('live')
  })

  it('keeps what a lost system showed, never as well, and brings it back', async () => {
    let isDown = false
    const stage = createStage({
      a: (context) =>
        isDown
          ? Promise.reject(refused)
          : context.emit({
              entities: [
                guest(context, 'x/a/1'),
                guest(context, 'x/a/2', { health: 'off', status: 'stopped' }),
              ],
              edges: [],
            }),
      b: (context) => show(context, 'x/b/1'),
    })
    const session = sessionOn(ground(), siteOf(connectionOf('a'), connectionOf('b')), stage)
    const { picture } = follow(session)
    await expect.poll(() => stateOf(session, 'a')).toBe('live')
    isDown = true
    await session.refresh(AbortSignal.timeout(5000))
    expect(await entitiesOf(session)).toEqual({
      'x/a/1': 'unknown last known: running',
      'x/a/2': 'unknown last known: stopped',
      'x/b/1': 'ok running',
    })
    const source = (await session.current()).sources.find((item) => item.connectionId === 'a')!
    expect(source).toMatchObject({ state: 'lost', problem: 'It refuses connections.', remedy: 'Start it.' })
    expect(source.lastSeenAtMs).not.toBeNull()
    isDown = false
    await session.refresh(AbortSignal.timeout(5000))
    expect(await entitiesOf(session)).toEqual({
      'x/a/1': 'ok running',
      'x/a/2': 'off stopped',
      'x/b/1': 'ok running',
    })
    await expect.poll(() => picture.entities.get('x/a/1')?.status).toBe('running')
  })

  it('tells what an identity may not see, beside a live picture', async () => {
    const stage = createStage({
      a: async (context) => (await show(context, 'x/a/1'), ['Not visible to this identity: the nodes.']),
    })
    const session = sessionOn(ground(), siteOf(connectionOf('a')), stage)
    await expect
      .poll(async () => (await session.current()).sources[0]!.problem)
      .toBe('Not visible to this identity: the nodes.')
    expect((await session.current()).sources[0]).toMatchObject({ state: 'live', remedy: 'Ask for more.' })
  })

  it('survives a watcher with a fault of its own', async () => {
    const base = ground()
    const stage = createStage({
      a: () => Promise.reject(new TypeError('secret text')),
      b: (context) => show(context, 'x/b/1'),
    })
    const session = sessionOn(base, siteOf(connectionOf('a'), connectionOf('b')), stage)
    await expect.poll(() => stateOf(session, 'a')).toBe('lost')
    expect((await session.current()).sources[0]!.problem).not.toContain('secret text')
    expect(base.lines.join('\n')).toContain('secret text')
  })

  it('waits for the vault, and goes on when it is opened', async () => {
    const base = ground()
    base.secrets.set('a' as ConnectionId, { password: 'p' })
    const stage = createStage({
      a: (context) => {
        context.core.vault.lease(context.connection.id).read('password')
        return show(context, 'x/a/1')
      },
    })
    stage.scripts['a'] = (async (context) => {
      context.core.vault.lease(context.connection.id).read('password')
      await show(context, 'x/a/1')
    }) satisfies Script
    base.lock()
    const session = sessionOn(base, siteOf(connectionOf('a')), stage)
    await expect.poll(() => stateOf(session, 'a')).toBe('locked')
    base.unlock()
    await expect.poll(() => stateOf(session, 'a')).toBe('live')
  })
})

describe('over a restart', () => {
  const seen = (context: WatcherContext): Promise<void> =>
    context.emit({
      entities: [guest(context, 'x/a'), guest(context, 'x/a/1', { facts: { figure: 1 } })],
      edges: [edgeOf('x/a/1', 'member-of', 'x/a', [{ by: 'api', text: 'because' }])],
    })

  it('shows what was last seen, with its age and never as well', async () => {
    let nowMs = 1_000_000
    const base = ground(() => nowMs)
    const first = sessionOn(base, siteOf(connectionOf('a')), createStage({ a: seen }))
    await expect.poll(() => stateOf(first, 'a')).toBe('live')
    first.dispose()
    nowMs += 3_600_000
    const second = sessionOn(
      base,
      siteOf(connectionOf('a')),
      createStage({ a: () => new Promise(() => undefined) }),
    )
    const picture = await second.current()
    expect(picture.sources[0]).toMatchObject({ state: 'stored', lastSeenAtMs: 1_000_000 })
    expect(picture.entities.map((item) => `${item.id} ${item.health} ${item.status}`)).toEqual([
      'x/a unknown last known: running',
      'x/a/1 unknown last known: running',
    ])
    expect(picture.edges).toHaveLength(1)
  })

  it('takes nothing away while only a quick look was had', async () => {
    const base = ground()
    const first = sessionOn(base, siteOf(connectionOf('a')), createStage({ a: seen }))
    await expect.poll(() => stateOf(first, 'a')).toBe('live')
    first.dispose()
    let finish: () => void = () => undefined
    const slow = createStage({
      a: async (context) => {
        await context.emit({
          entities: [guest(context, 'x/a/1', { status: 'stopped', health: 'off' })],
          edges: [],
          isPartial: true,
        })
        await new Promise<void>((resolve) => (finish = resolve))
        await context.emit({
          entities: [guest(context, 'x/a/1', { status: 'stopped', health: 'off' })],
          edges: [],
        })
      },
    })
    const second = sessionOn(base, siteOf(connectionOf('a')), slow)
    await expect
      .poll(() => entitiesOf(second))
      .toEqual({ 'x/a': 'unknown last known: running', 'x/a/1': 'off stopped' })
    expect((await second.current()).entities.find((item) => item.id === 'x/a/1')!.facts).toEqual({
      figure: 1,
    })
    finish()
    await expect.poll(() => entitiesOf(second)).toEqual({ 'x/a/1': 'off stopped' })
    expect((await second.current()).edges).toEqual([])
  })

  it('has stored a change before anybody sees it', async () => {
    const base = ground()
    const stage = createStage({ a: (context) => show(context, 'x/a/1') })
    const session = sessionOn(base, siteOf(connectionOf('a')), stage)
    const controller = new AbortController()
    ends.push(() => controller.abort())
    for await (const event of session.watch(controller.signal)) {
      if (event.type !== 'diff' || event.diff.upsertEntities.length === 0) continue
      expect((await base.store.load('site' as SiteId)).entities.map((item) => item.id)).toEqual(['x/a/1'])
      break
    }
  })
})

describe('changes of the site', () => {
  it('begin only what changed, and take away what is gone', async () => {
    const base = ground()
    const stage = createStage({
      a: (context) => show(context, 'x/a/1'),
      b: (context) => show(context, 'x/b/1'),
      c: (context) => show(context, 'x/c/1'),
    })
    const session = sessionOn(base, siteOf(connectionOf('a'), connectionOf('b')), stage)
    await expect.poll(async () => Object.keys(await entitiesOf(session)).sort()).toEqual(['x/a/1', 'x/b/1'])
    await expect.poll(() => stateOf(session, 'b')).toBe('live')
    await session.reconcile(siteOf(connectionOf('a'), connectionOf('c')))
    await expect.poll(async () => Object.keys(await entitiesOf(session)).sort()).toEqual(['x/a/1', 'x/c/1'])
    expect(stage.opened).toEqual(['a', 'b', 'c'])
    await expect.poll(() => stage.disposed).toEqual(['b'])
    await session.reconcile(siteOf(connectionOf('a', { label: 'renamed' }), connectionOf('c')))
    await expect.poll(() => stage.opened).toEqual(['a', 'b', 'c', 'a'])
    expect((await session.current()).sources[0]!.label).toBe('renamed')
    expect((await base.store.load('site' as SiteId)).entities.map((item) => item.id)).not.toContain('x/b/1')
  })

  it('give two systems of one name separate scopes, the same after a restart', async () => {
    const base = ground()
    const cluster: Script = (context) => {
      const scope = context.claimScope('pve', 'cluster')
      return context.emit({
        entities: [guest(context, `pve/${scope}`), guest(context, `pve/${scope}/guest/100`)],
        edges: [],
      } satisfies Observation)
    }
    const site = siteOf(connectionOf('first'), connectionOf('other'))
    const first = sessionOn(base, site, createStage({ first: cluster, other: cluster }))
    await expect.poll(async () => Object.keys(await entitiesOf(first)).length).toBe(4)
    const before = (await first.current()).entities.map((item) => `${item.connectionId} ${item.id}`).sort()
    expect(new Set(before.map((line) => line.split(' ')[1])).size).toBe(4)
    first.dispose()
    const late: Script = async (context, options) => {
      await new Promise((resolve) => setTimeout(resolve, 30))
      return cluster(context, options)
    }
    const swapped = before.some((line) => line === 'first pve/cluster')
      ? { first: late, other: cluster }
      : { first: cluster, other: late }
    const second = sessionOn(base, site, createStage(swapped))
    await expect
      .poll(async () => (await second.current()).sources.every((source) => source.state === 'live'))
      .toBe(true)
    expect((await second.current()).entities.map((item) => `${item.connectionId} ${item.id}`).sort()).toEqual(
      before,
    )
  })
})

describe('pace and sharing', () => {
  it('asks at the set pace while all is well and ever more rarely while not', () => {
    expect(nextPauseMs(10_000, 0, 0.9)).toBe(10_000)
    expect(nextPauseMs(10_000, 1, 0.5)).toBe(10_000)
    expect(nextPauseMs(10_000, 3, 0.5)).toBe(40_000)
    expect(nextPauseMs(10_000, 30, 0.5)).toBe(300_000)
    expect(nextPauseMs(10_000, 2, 0)).toBe(16_000)
    expect(nextPauseMs(10_000, 2, 1)).toBe(24_000)
  })

  it('looks again by itself', async () => {
    const base = ground()
    base.settings.refreshSeconds = 0.02
    const stage = createStage({ a: (context) => show(context, 'x/a/1') })
    sessionOn(base, siteOf(connectionOf('a')), stage)
    await expect.poll(() => stage.looks.length).toBeGreaterThan(3)
  })

  it('spares a system that asks for it', async () => {
    const base = ground()
    base.settings.refreshSeconds = 0.01
    const stage = createStage({ a: (context) => show(context, 'x/a/1') })
    stage.shortestPauseMs = 60_000
    const session = sessionOn(base, siteOf(connectionOf('a')), stage)
    await expect.poll(() => stateOf(session, 'a')).toBe('live')
    await session.refresh(AbortSignal.timeout(5000))
    expect(stage.looks).toHaveLength(2)
  })

  it('shares a session, keeps it for a while, and ends it', async () => {
    const base = ground()
    const stage = createStage({ a: (context) => show(context, 'x/a/1') })
    const desk = new SessionDesk(
      (site) =>
        new InventorySession({ site, core: base.core, store: base.store, openWatcher: stage.openWatcher }),
      { graceMs: 60 },
    )
    ends.push(() => desk.dispose())
    const site = siteOf(connectionOf('a'))
    const one = desk.take(site)
    const two = desk.take(site)
    expect(two.session).toBe(one.session)
    one.release()
    one.release()
    two.release()
    const three = desk.take(site)
    expect(three.session).toBe(one.session)
    three.release()
    await expect.poll(() => desk.find(site.id)).toBeUndefined()
    await expect.poll(() => stage.disposed).toEqual(['a'])
    expect(stage.opened).toEqual(['a'])
  })

  it('ends its watches when it ends', async () => {
    const session = sessionOn(
      ground(),
      siteOf(connectionOf('a')),
      createStage({ a: (context) => show(context, 'x/a/1') }),
    )
    const { picture, stop } = follow(session)
    await expect.poll(() => picture.entities.size).toBe(1)
    session.dispose()
    await stop()
  })

  it('answers a refresh although a system stalls', async () => {
    const stage = createStage({
      a: () => new Promise(() => undefined),
      b: (context) => show(context, 'x/b/1'),
    })
    const session = sessionOn(ground(), siteOf(connectionOf('a'), connectionOf('b')), stage)
    const started = performance.now()
    await session.refresh(AbortSignal.timeout(300))
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
