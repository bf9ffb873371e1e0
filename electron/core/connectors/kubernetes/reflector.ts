// Keeps one kind of object in memory as the API server has it: a list in pages, then a watch from there on, resumed
// from its bookmarks, and a new list when the server no longer knows where we were. Runs until its signal fires; a
// failure is kept in `problem` and tried again with growing pauses, or at once by `retryNow`.
import { AppError, isAppError } from '#shared/errors.ts'
import type { KindSpec } from './kubernetes-kinds.ts'
import { isGone, type KubernetesConnector } from './kubernetes-connector.ts'

export type ReflectorSlice = Pick<KubernetesConnector, 'list' | 'watch' | 'namespace'>

export interface Reflector<T> {
  /** By `namespace/name`. Replaced objects are new objects, never changed ones. */
  readonly items: ReadonlyMap<string, T>
  /** The last list was complete and nothing has failed since. */
  readonly isSynced: boolean
  /** Why it is not synced; undefined while it still tries. */
  readonly problem: AppError | undefined
  /** The server refuses this kind to this identity, or does not have it: not a fault of the connection. */
  readonly isDenied: boolean
  /** Set when only one namespace may be seen. */
  readonly onlyNamespace: string | undefined
  /** Ends a pause after a failure. */
  retryNow(): void
  /** Resolves when it is synced, denied or has failed. */
  settled(): Promise<void>
}

const pageLimit = 500
const longestPauseMs = 30_000
/** How long a kind that is absent or forbidden is left alone. */
const deniedPauseMs = 5 * 60_000

/** Starts at once. `onChange` is called after every change, in the same turn. */
export function startReflector<T extends { metadata: { name: string; namespace?: string | undefined } }>(
  connector: ReflectorSlice,
  kind: KindSpec<T>,
  options: { signal: AbortSignal; onChange: () => void },
): Reflector<T> {
  const { signal, onChange } = options
  let items = new Map<string, T>()
  let state: 'starting' | 'synced' | 'denied' | 'failed' = 'starting'
  let problem: AppError | undefined
  let namespace: string | undefined
  let wake: (() => void) | undefined
  const settlers = new Set<() => void>()

  const settle = (next: typeof state, error?: AppError): void => {
    state = next
    problem = error
    for (const resolve of settlers) resolve()
    settlers.clear()
  }
  const put = (into: Map<string, T>, object: unknown): void => {
    const parsed = kind.shape.safeParse(object)
    if (!parsed.success) return
    const key = keyOf(parsed.data)
    into.delete(key)
    into.set(key, parsed.data)
    if (kind.keepAtMost !== undefined && into.size > kind.keepAtMost) into.delete(into.keys().next().value!)
  }

  async function listAll(): Promise<string> {
    const fresh = new Map<string, T>()
    let next: string | undefined
    for (;;) {
      const page = await connector.list(kind, { namespace, limit: pageLimit, next }, signal)
      for (const item of page.items) put(fresh, item)
      next = page.next
      if (next === undefined || (kind.keepAtMost !== undefined && fresh.size >= kind.keepAtMost)) {
        items = fresh
        settle('synced')
        onChange()
        return page.resourceVersion
      }
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  /** Follows the watch over its planned ends. Rejects when it breaks; the caller lists again. */
  async function follow(from: string): Promise<never> {
    let resourceVersion = from
    for (;;) {
      const startedAt = performance.now()
      for await (const event of connector.watch(kind, { namespace, resourceVersion }, signal)) {
        resourceVersion = event.resourceVersion
        if (event.type === 'bookmark') continue
        if (event.type === 'put') put(items, event.object)
        else items.delete(keyOf(event.object as T))
        onChange()
      }
      // A server that ends every watch at once must not be asked in a tight loop.
      if (performance.now() - startedAt < 1000) await pause(1000)
    }
  }

  /** True when the namespace of the kubeconfig may be tried instead of the whole cluster. */
  function narrows(error: unknown): boolean {
    const mayNarrow =
      isAppError(error) &&
      error.code === 'forbidden' &&
      kind.isNamespaced &&
      !namespace &&
      connector.namespace
    if (mayNarrow) namespace = connector.namespace ?? undefined
    return Boolean(mayNarrow)
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        wake = undefined
        resolve()
      }
      const timer = setTimeout(end, ms)
      wake = end
      signal.addEventListener('abort', end, { once: true })
    })
  }

  async function run(): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      try {
        const version = await listAll()
        failures = 0
        await follow(version)
      } catch (thrown) {
        if (signal.aborted) break
        if (isGone(thrown) || narrows(thrown)) continue
        if (isDenial(thrown, kind)) {
          items = new Map()
          settle('denied', thrown as AppError)
          onChange()
          await pause(deniedPauseMs)
          continue
        }
        failures += 1
        settle(
          'failed',
          isAppError(thrown)
            ? thrown
            : new AppError('internal', 'Meridian could not read the answer of Kubernetes.', {
                cause: thrown,
              }),
        )
        await pause(
          Math.min(longestPauseMs, 1000 * 2 ** Math.min(failures - 1, 6)) * (0.8 + 0.4 * Math.random()),
        )
      }
    }
    settle(state)
  }
  void run()

  return {
    get items() {
      return items
    },
    get isSynced() {
      return state === 'synced'
    },
    get problem() {
      return problem
    },
    get isDenied() {
      return state === 'denied'
    },
    get onlyNamespace() {
      return namespace
    },
    retryNow() {
      if (state !== 'failed') return
      state = 'starting'
      problem = undefined
      wake?.()
    },
    settled() {
      if (state !== 'starting' || signal.aborted) return Promise.resolve()
      return new Promise((resolve) => settlers.add(resolve))
    },
  }
}

const isDenial = (error: unknown, kind: KindSpec<unknown>): boolean =>
  isAppError(error) &&
  (error.code === 'forbidden' || (error.code === 'not-found' && kind.isOptional === true))

const keyOf = ({ metadata }: { metadata: { name: string; namespace?: string | undefined } }): string =>
  metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`
