import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AppError } from '#shared/errors.ts'
import type { ListPage, WatchEvent } from './kubernetes-connector.ts'
import type { KindSpec } from './kubernetes-kinds.ts'
import { startReflector, type ReflectorSlice } from './reflector.ts'

interface Thing {
  metadata: { name: string; namespace?: string | undefined }
  value?: number | undefined
}
const shape = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
  value: z.number().optional(),
})
const kind: KindSpec<Thing> = { base: '/api/v1', plural: 'things', isNamespaced: true, shape }
const thing = (name: string, value = 0) => ({ metadata: { name, namespace: 'n' }, value })
const httpError = (status: number, code: 'conflict' | 'forbidden' | 'not-found' | 'unreachable'): AppError =>
  new AppError(code, `answered ${status}`, { detail: { kind: 'http', status, reason: '' } })

let closing = new AbortController()
afterEach(() => {
  closing.abort()
  closing = new AbortController()
})

type Step = WatchEvent | AppError | 'end'

/** A server whose list is given by `pages` and whose watches play `watches` in turn, then stay open. */
function script(options: {
  pages: () => Array<ListPage | AppError>
  watches?: Step[][]
  namespace?: string | null
}) {
  const lists: Array<{ namespace?: string | undefined; next?: string | undefined }> = []
  const watched: string[] = []
  let queue: Array<ListPage | AppError> = []
  const connector: ReflectorSlice = {
    namespace: options.namespace ?? null,
    list(_kind, where) {
      lists.push({ namespace: where.namespace, next: where.next })
      if (where.next === undefined) queue = options.pages()
      const page = queue.shift()!
      return page instanceof AppError ? Promise.reject(page) : Promise.resolve(page)
    },
    async *watch(_kind, where, signal) {
      watched.push(where.resourceVersion)
      for (const step of options.watches?.shift() ?? []) {
        if (step === 'end') return
        if (step instanceof AppError) throw step
        yield step
      }
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    },
  }
  const changes = { count: 0 }
  const reflector = startReflector(connector, kind, {
    signal: closing.signal,
    onChange: () => (changes.count += 1),
  })
  return { reflector, lists, watched, changes }
}

const page = (items: unknown[], resourceVersion = '10', next?: string): ListPage => ({
  items,
  resourceVersion,
  next,
})
const put = (object: unknown, resourceVersion: string): WatchEvent => ({
  type: 'put',
  object,
  resourceVersion,
})

describe('startReflector', () => {
  it('lists in pages, then follows', async () => {
    const { reflector, lists, watched } = script({
      pages: () => [page([thing('a')], '10', 'more'), page([thing('b'), { odd: true }], '10')],
      watches: [
        [
          put(thing('c', 1), '11'),
          put(thing('a', 2), '12'),
          { type: 'remove', object: thing('b'), resourceVersion: '13' },
        ],
      ],
    })
    await reflector.settled()
    await expect.poll(() => [...reflector.items.keys()].sort()).toEqual(['n/a', 'n/c'])
    expect(reflector.items.get('n/a')!.value).toBe(2)
    expect(lists.map((item) => item.next)).toEqual([undefined, 'more'])
    expect(watched).toEqual(['10'])
    expect(reflector.isSynced).toBe(true)
  })

  it('resumes an ended watch from its last bookmark', async () => {
    const { reflector, watched, lists } = script({
      pages: () => [page([thing('a')])],
      watches: [[{ type: 'bookmark', resourceVersion: '40' }, 'end']],
    })
    await reflector.settled()
    await expect.poll(() => watched, { timeout: 5000 }).toEqual(['10', '40'])
    expect(lists).toHaveLength(1)
  })

  it('lists again when the history is gone, in a list as in a watch', async () => {
    let round = 0
    const { reflector, lists } = script({
      pages: () => {
        round += 1
        if (round === 1) return [page([thing('old')], '10', 'more'), httpError(410, 'conflict')]
        return [page([thing(`new${round}`)], '50')]
      },
      watches: [[httpError(410, 'conflict')]],
    })
    await expect.poll(() => [...reflector.items.keys()]).toEqual(['n/new3'])
    expect(lists).toHaveLength(4)
    expect(reflector.problem).toBeUndefined()
  })

  it('keeps what it has while the server fails, and comes back at once when told', async () => {
    let isDown = false
    const { reflector } = script({
      pages: () => [isDown ? httpError(503, 'unreachable') : page([thing('a')])],
      watches: [[httpError(503, 'unreachable')]],
    })
    await reflector.settled()
    isDown = true
    await expect.poll(() => reflector.problem?.message).toBe('answered 503')
    expect(reflector.isSynced).toBe(false)
    expect([...reflector.items.keys()]).toEqual(['n/a'])
    isDown = false
    reflector.retryNow()
    await reflector.settled()
    expect(reflector.isSynced).toBe(true)
  })

  it('narrows to the one namespace when the whole cluster is forbidden', async () => {
    let calls = 0
    const { reflector, lists } = script({
      pages: () => [(calls += 1) === 1 ? httpError(403, 'forbidden') : page([thing('a')])],
      namespace: 'desi-voids',
    })
    await reflector.settled()
    expect(lists.map((item) => item.namespace)).toEqual([undefined, 'desi-voids'])
    expect(reflector.onlyNamespace).toBe('desi-voids')
  })

  it('takes an absent optional kind for none, but not a needed one', async () => {
    const connector: ReflectorSlice = {
      namespace: null,
      list: () => Promise.reject(httpError(404, 'not-found')),
      watch: async function* () {},
    }
    const optional = startReflector(
      connector,
      { ...kind, isOptional: true },
      { signal: closing.signal, onChange: () => undefined },
    )
    const needed = startReflector(connector, kind, { signal: closing.signal, onChange: () => undefined })
    await Promise.all([optional.settled(), needed.settled()])
    expect(optional.isDenied).toBe(true)
    expect(needed.isDenied).toBe(false)
    expect(needed.problem?.code).toBe('not-found')
  })

  it('forgets the oldest when a kind is bounded', async () => {
    const bounded: KindSpec<Thing> = { ...kind, keepAtMost: 2 }
    const connector: ReflectorSlice = {
      namespace: null,
      list: () => Promise.resolve(page([thing('a'), thing('b')])),
      async *watch(_kind, _where, signal) {
        yield put(thing('c'), '11')
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      },
    }
    const reflector = startReflector(connector, bounded, {
      signal: closing.signal,
      onChange: () => undefined,
    })
    await expect.poll(() => [...reflector.items.keys()]).toEqual(['n/b', 'n/c'])
  })

  it('ends with its signal', async () => {
    const { reflector } = script({ pages: () => [page([thing('a')])] })
    closing.abort()
    await reflector.settled()
  })
})
