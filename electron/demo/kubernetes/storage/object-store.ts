// The demo cluster's etcd: frozen objects by resource, one counter of versions, and a history that can be replayed
// or rewound. Synchronous and in memory. The API and the controllers write through it; it knows no protocol.
import { randomUUID } from 'node:crypto'
import type { DemoClock } from '../../context.ts'
import type { KubeObject } from './kube-object.ts'
import { deepFreeze, keyOf, objectKey } from './kube-object.ts'
import { timestamp } from './kube-time.ts'

/** `group/plural`, the group empty for core kinds; what is stored together is listed and watched together. */
export type StoreKey = string

export type ChangeKind = 'ADDED' | 'MODIFIED' | 'DELETED'

export interface StoreChange {
  kind: ChangeKind
  key: StoreKey
  version: number
  atMs: number
  object: KubeObject
  /** What stood there before; absent for a creation. */
  previous: KubeObject | undefined
}

const historyMs = 5 * 60_000
const historyLimit = 20_000

export class ObjectStore {
  private readonly shelves = new Map<StoreKey, Map<string, KubeObject>>()
  /** Sorted lists, made when asked for and dropped when their shelf changes. */
  private readonly sorted = new Map<StoreKey, KubeObject[]>()
  private readonly lastChange = new Map<StoreKey, number>()
  private readonly history: StoreChange[] = []
  private readonly listeners = new Set<(change: StoreChange) => void>()
  private readonly clock: Pick<DemoClock, 'nowMs'>
  private counter: number
  private oldest: number

  constructor(clock: Pick<DemoClock, 'nowMs'>, firstVersion = 48_210_000) {
    this.clock = clock
    this.counter = firstVersion
    this.oldest = firstVersion
  }

  /** The version of the last write. */
  get version(): number {
    return this.counter
  }

  /** Changes after this version can still be replayed; anything older is expired. */
  get oldestVersion(): number {
    return this.oldest
  }

  get(key: StoreKey, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.shelves.get(key)?.get(objectKey(namespace, name))
  }

  /** Every object of a resource in key order. */
  list(key: StoreKey): readonly KubeObject[] {
    let list = this.sorted.get(key)
    if (list === undefined) {
      list = sortedByKey([...(this.shelves.get(key)?.values() ?? [])])
      this.sorted.set(key, list)
    }
    return list
  }

  /** The same as {@link list}, as it stood at `version`; undefined when that is no longer known. */
  listAt(key: StoreKey, version: number): KubeObject[] | undefined {
    if (version < this.oldest) return undefined
    const state = new Map(this.shelves.get(key))
    for (let index = this.history.length - 1; index >= 0; index -= 1) {
      const change = this.history[index]
      if (change === undefined || change.version <= version) break
      if (change.key !== key) continue
      if (change.previous === undefined) state.delete(keyOf(change.object))
      else state.set(keyOf(change.object), change.previous)
    }
    return sortedByKey([...state.values()])
  }

  /** The version of the last write to one resource; 0 when there was none. */
  lastChangeOf(key: StoreKey): number {
    return this.lastChange.get(key) ?? 0
  }

  keys(): StoreKey[] {
    return [...this.shelves.keys()]
  }

  /** Stores a new object with uid, version and creation time filled in; the caller has checked that it is new. */
  create(key: StoreKey, object: KubeObject): KubeObject {
    const meta = object.metadata
    const stored: KubeObject = {
      ...object,
      metadata: {
        ...meta,
        uid: meta.uid ?? randomUUID(),
        creationTimestamp: meta.creationTimestamp ?? timestamp(this.clock.nowMs()),
      },
    }
    return this.write('ADDED', key, stored, undefined)
  }

  /** Replaces what is there; an object that is already gone stays gone and undefined is returned. */
  update(key: StoreKey, object: KubeObject): KubeObject | undefined {
    const previous = this.shelves.get(key)?.get(keyOf(object))
    return previous === undefined ? undefined : this.write('MODIFIED', key, object, previous)
  }

  remove(key: StoreKey, namespace: string | undefined, name: string): KubeObject | undefined {
    const previous = this.get(key, namespace, name)
    return previous === undefined ? undefined : this.write('DELETED', key, previous, previous)
  }

  /** The changes of one resource after `version`, oldest first; undefined when some of them are forgotten. */
  since(key: StoreKey, version: number): StoreChange[] | undefined {
    if (version < this.oldest) return undefined
    return this.history.filter((change) => change.key === key && change.version > version)
  }

  subscribe(listener: (change: StoreChange) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Forgets history: by default what is older than five lab minutes, with `everything` all of it. */
  compact(everything = false): void {
    const floor = this.clock.nowMs() - historyMs
    let dropped = 0
    while (dropped < this.history.length) {
      const change = this.history[dropped]
      if (change === undefined) break
      const isOld = everything || change.atMs < floor || this.history.length - dropped > historyLimit
      if (!isOld) break
      this.oldest = change.version
      dropped += 1
    }
    this.history.splice(0, dropped)
  }

  private write(
    kind: ChangeKind,
    key: StoreKey,
    object: KubeObject,
    previous: KubeObject | undefined,
  ): KubeObject {
    this.counter += 1
    const metadata = { ...object.metadata, resourceVersion: String(this.counter) }
    const stored = deepFreeze({ ...object, metadata })
    let shelf = this.shelves.get(key)
    if (shelf === undefined) this.shelves.set(key, (shelf = new Map()))
    if (kind === 'DELETED') shelf.delete(keyOf(stored))
    else shelf.set(keyOf(stored), stored)
    this.sorted.delete(key)
    this.lastChange.set(key, this.counter)
    const change: StoreChange = {
      kind,
      key,
      version: this.counter,
      atMs: this.clock.nowMs(),
      object: stored,
      previous,
    }
    this.history.push(change)
    if (this.history.length % 64 === 0) this.compact()
    for (const listener of [...this.listeners]) listener(change)
    return stored
  }
}

const sortedByKey = (objects: KubeObject[]): KubeObject[] => {
  const keyed = objects.map((object) => ({ key: keyOf(object), object }))
  keyed.sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
  return keyed.map((entry) => entry.object)
}
