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
  /** Hears of changes now; false between a broken watch and the list after it. */
  readonly isFollowing: boolean
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

type Named = { metadata: { name: string; namespace?: string | undefined } }

/** `all`: anything may differ from before. */
export type ReflectorChange<T> = { type: 'all' } | { type: 'put'; key: string; item: T } | { type: 'remove'; key: string }

export interface ReflectorOptions<T> {
  signal: AbortSignal
  /** Called after every change, in the same turn. */
  onChange(change: ReflectorChange<T>): void
  /** Called when `isSynced`, `isDenied`, `isFollowing` or `problem` may have changed. */
  onState?(): void
  /** The pages of the very first list are shown as they come. */
  showsPartial?: boolean
}

/** Starts at once. */
export function startReflector<T extends Named>(
  connector: ReflectorSlice,
  kind: KindSpec<T>,
  options: ReflectorOptions<T>,
): Reflector<T> {
  return new RunningReflector(connector, kind, options)
}

class RunningReflector<T extends Named> implements Reflector<T> {
  items = new Map<string, T>()
  problem: AppError | undefined
  onlyNamespace: string | undefined
  private readonly connector: ReflectorSlice
  private readonly kind: KindSpec<T>
  isFollowing = false
  private readonly signal: AbortSignal
  private readonly options: ReflectorOptions<T>
  private readonly settlers = new Set<() => void>()
  private state: 'starting' | 'synced' | 'denied' | 'failed' = 'starting'
  private wake: (() => void) | undefined

  constructor(
    connector: ReflectorSlice,
    kind: KindSpec<T>,
    options: ReflectorOptions<T>,
  ) {
    this.connector = connector
    this.kind = kind
    this.signal = options.signal
    this.options = options
    void this.run()
  }

  get isSynced(): boolean {
    return this.state === 'synced'
  }

  get isDenied(): boolean {
    return this.state === 'denied'
  }

  retryNow(): void {
    if (this.state !== 'failed') return
    this.state = 'starting'
    this.problem = undefined
    this.wake?.()
  }

  settled(): Promise<void> {
    if (this.state !== 'starting' || this.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => this.settlers.add(resolve))
  }

  private async run(): Promise<void> {
    let failures = 0
    while (!this.signal.aborted) {
      try {
        const version = await this.listAll()
        failures = 0
        await this.follow(version)
      } catch (thrown) {
        if (this.signal.aborted) break
        this.isFollowing = false
        this.options.onState?.()
        if (isGone(thrown) || this.narrows(thrown)) continue
        if (isDenial(thrown, this.kind)) {
          this.items = new Map()
          this.settle('denied', thrown as AppError)
          this.changed({ type: 'all' })
          await this.pause(deniedPauseMs)
          continue
        }
        failures += 1
        this.settle('failed', isAppError(thrown) ? thrown : unreadable(thrown))
        await this.pause(backoffMs(failures, Math.random()))
      }
    }
    this.settle(this.state)
  }

  private async listAll(): Promise<string> {
    const { kind } = this
    const fresh = new Map<string, T>()
    const isShown = this.options.showsPartial === true && this.state === 'starting' && this.items.size === 0
    let next: string | undefined
    for (;;) {
      const where = { namespace: this.onlyNamespace, limit: pageLimit, next }
      const page = await this.connector.list(kind, where, this.signal)
      for (const item of page.items) this.put(fresh, item, isShown)
      if (isShown) this.items = fresh
      next = page.next
      const isFull = kind.keepAtMost !== undefined && fresh.size >= kind.keepAtMost
      if (next === undefined || isFull) {
        this.items = fresh
        this.isFollowing = true
        this.settle('synced')
        this.changed({ type: 'all' })
        return page.resourceVersion
      }
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  /** Follows the watch over its planned ends. Rejects when it breaks; the caller lists again. */
  private async follow(from: string): Promise<never> {
    let resourceVersion = from
    for (;;) {
      const startedAt = performance.now()
      const where = { namespace: this.onlyNamespace, resourceVersion }
      for await (const event of this.connector.watch(this.kind, where, this.signal)) {
        resourceVersion = event.resourceVersion
        if (event.type === 'bookmark') continue
        if (event.type === 'put') this.put(this.items, event.object, true)
        else this.remove(event.object as T)
      }
      // A server that ends every watch at once must not be asked in a tight loop.
      if (performance.now() - startedAt < 1000) await this.pause(1000)
    }
  }

  private put(into: Map<string, T>, object: unknown, isTold: boolean): void {
    const parsed = this.kind.shape.safeParse(object)
    if (!parsed.success) return
    const key = keyOf(parsed.data)
    into.delete(key)
    into.set(key, parsed.data)
    const limit = this.kind.keepAtMost
    if (isTold) this.changed({ type: 'put', key, item: parsed.data })
    if (limit === undefined || into.size <= limit) return
    const oldest = into.keys().next().value!
    into.delete(oldest)
    if (isTold) this.changed({ type: 'remove', key: oldest })
  }

  private remove(item: T): void {
    const key = keyOf(item)
    this.items.delete(key)
    this.changed({ type: 'remove', key })
  }

  private changed(change: ReflectorChange<T>): void {
    this.options.onChange(change)
  }

  /** True when the namespace of the kubeconfig may be tried instead of the whole cluster. */
  private narrows(error: unknown): boolean {
    const { namespace } = this.connector
    const isRefused = isAppError(error) && error.code === 'forbidden'
    if (!isRefused || !this.kind.isNamespaced || this.onlyNamespace || !namespace) return false
    this.onlyNamespace = namespace
    return true
  }

  private settle(next: RunningReflector<T>['state'], error?: AppError): void {
    this.state = next
    this.problem = error
    for (const resolve of this.settlers) resolve()
    this.settlers.clear()
    this.options.onState?.()
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.signal.removeEventListener('abort', end)
        this.wake = undefined
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.wake = end
      this.signal.addEventListener('abort', end, { once: true })
    })
  }
}

const backoffMs = (failures: number, random: number): number =>
  Math.min(longestPauseMs, 1000 * 2 ** Math.min(failures - 1, 6)) * (0.8 + 0.4 * random)

const unreadable = (cause: unknown): AppError =>
  new AppError('internal', 'Meridian could not read the answer of Kubernetes.', { cause })

const isDenial = (error: unknown, kind: KindSpec<unknown>): boolean =>
  isAppError(error) &&
  (error.code === 'forbidden' || (error.code === 'not-found' && kind.isOptional === true))

const keyOf = ({ metadata }: { metadata: { name: string; namespace?: string | undefined } }): string =>
  metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`
