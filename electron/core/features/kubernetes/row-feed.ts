// The rows of one kind, live for whoever looks: one list and watch however many windows look, ended a little after the
// last of them has gone. Readers get the whole in pieces and then differences; what a slow reader has not read yet is
// joined by row, so its backlog never grows beyond the table.
import type { RowsEvent } from '#shared/contracts/kubernetes.ts'
import type { KubeRow, RowColumn } from '#shared/model/kubernetes.ts'
import type { KindSpec } from '../../connectors/kubernetes/kubernetes-kinds.ts'
import {
  startReflector,
  type Reflector,
  type ReflectorChange,
  type ReflectorSlice,
} from '../../connectors/kubernetes/reflector.ts'

/** Changes are gathered for this long before they are told. */
const gatherMs = 200
/** Going from one kind to another and back should not list again. */
const lingerMs = 5_000
const pieceRows = 1_000

/** What a kind's objects are kept as. */
export interface KeptItem {
  metadata: { name: string; namespace?: string | undefined }
  row: KubeRow
  /** More than the row, for summaries over all objects of a kind. */
  digest?: unknown
}

export interface RowFeed {
  watch(signal: AbortSignal): AsyncGenerator<RowsEvent, void, void>
  /** Keeps it running without reading differences; `onChange` after each gathered change. */
  hold(onChange: () => void): { items(): ReadonlyMap<string, KeptItem>; state(): RowsEvent['state']; release(): void }
  readonly isRunning: boolean
  dispose(): void
}

export interface RowFeedOptions {
  connector: ReflectorSlice
  kind: KindSpec<KeptItem>
  /** The columns may be known only when the first rows are there. */
  columns(): RowColumn[]
  now(): number
  /** Its last reader has gone for good. */
  onIdle(): void
}

export const createRowFeed = (options: RowFeedOptions): RowFeed => new SharedRowFeed(options)

const backlogOf = ({ pending }: Reader): number =>
  pending.reduce((sum, event) => sum + event.put.length + event.remove.length, 0)

interface Reader {
  pending: RowsEvent[]
  wake: (() => void) | undefined
}

class SharedRowFeed implements RowFeed {
  private readonly options: RowFeedOptions
  private readonly readers = new Set<Reader>()
  private readonly holders = new Set<() => void>()
  private running: { reflector: Reflector<KeptItem>; controller: AbortController } | undefined
  private shown = new Map<string, KubeRow>()
  private dirty = new Map<string, KubeRow | null>()
  private isAllDirty = false
  private flushTimer: NodeJS.Timeout | undefined
  private lingerTimer: NodeJS.Timeout | undefined

  constructor(options: RowFeedOptions) {
    this.options = options
  }

  get isRunning(): boolean {
    return this.running !== undefined
  }

  async *watch(signal: AbortSignal): AsyncGenerator<RowsEvent, void, void> {
    const reader: Reader = { pending: this.firstEvents(), wake: undefined }
    const wake = (): void => reader.wake?.()
    signal.addEventListener('abort', wake, { once: true })
    this.readers.add(reader)
    this.start()
    try {
      while (!signal.aborted && this.readers.has(reader)) {
        const event = reader.pending.shift()
        if (event) yield event
        else await new Promise<void>((resolve) => (reader.wake = resolve))
        reader.wake = undefined
      }
    } finally {
      signal.removeEventListener('abort', wake)
      this.readers.delete(reader)
      this.leave()
    }
  }

  hold(onChange: () => void): ReturnType<RowFeed['hold']> {
    const holder = (): void => onChange()
    this.holders.add(holder)
    this.start()
    return {
      items: () => this.running?.reflector.items ?? new Map(),
      state: () => this.state(),
      release: () => {
        this.holders.delete(holder)
        this.leave()
      },
    }
  }

  dispose(): void {
    clearTimeout(this.flushTimer)
    clearTimeout(this.lingerTimer)
    this.running?.controller.abort()
    this.running = undefined
    const open = [...this.readers]
    this.readers.clear()
    this.holders.clear()
    for (const reader of open) reader.wake?.()
  }

  private start(): void {
    clearTimeout(this.lingerTimer)
    if (this.running) return
    const controller = new AbortController()
    const reflector = startReflector(this.options.connector, this.options.kind, {
      signal: controller.signal,
      showsPartial: true,
      onChange: (change) => this.note(change),
      onState: () => this.schedule(),
    })
    this.running = { reflector, controller }
  }

  private leave(): void {
    if (this.readers.size > 0 || this.holders.size > 0) return
    clearTimeout(this.lingerTimer)
    this.lingerTimer = setTimeout(() => {
      this.dispose()
      this.shown = new Map()
      this.dirty.clear()
      this.options.onIdle()
    }, lingerMs)
    this.lingerTimer.unref()
  }

  private note(change: ReflectorChange<KeptItem>): void {
    if (change.type === 'all') this.isAllDirty = true
    else this.dirty.set(change.key, change.type === 'put' ? change.item.row : null)
    this.schedule()
  }

  private schedule(): void {
    this.flushTimer ??= setTimeout(() => {
      this.flushTimer = undefined
      this.flush()
    }, gatherMs)
  }

  private flush(): void {
    if (!this.running) return
    const { put, remove } = this.isAllDirty ? this.differences(this.running.reflector.items) : this.gathered()
    this.isAllDirty = false
    this.dirty.clear()
    const event = this.eventOf({ put, remove })
    for (const reader of this.readers) {
      reader.pending = joinEvents(reader.pending, event)
      // A reader that has fallen behind by more than the whole table is better served with the table.
      if (backlogOf(reader) > 2 * this.shown.size + 2 * pieceRows) reader.pending = this.firstEvents()
      reader.wake?.()
    }
    for (const holder of this.holders) holder()
  }

  private gathered(): { put: KubeRow[]; remove: string[] } {
    const put: KubeRow[] = []
    const remove: string[] = []
    for (const [key, row] of this.dirty) {
      if (row === null) {
        if (this.shown.delete(key)) remove.push(key)
      } else if (!isSameRow(this.shown.get(key), row)) {
        this.shown.set(key, row)
        put.push(row)
      }
    }
    return { put, remove }
  }

  /** After a new list: what really differs from what was shown. */
  private differences(items: ReadonlyMap<string, KeptItem>): { put: KubeRow[]; remove: string[] } {
    const put: KubeRow[] = []
    const remove: string[] = []
    for (const key of this.shown.keys()) if (!items.has(key)) remove.push(key)
    for (const key of remove) this.shown.delete(key)
    for (const [key, { row }] of items) {
      if (isSameRow(this.shown.get(key), row)) continue
      this.shown.set(key, row)
      put.push(row)
    }
    return { put, remove }
  }

  private state(): RowsEvent['state'] {
    const reflector = this.running?.reflector
    if (!reflector) return 'loading'
    if (reflector.isDenied) return 'denied'
    if (reflector.isSynced) return reflector.isFollowing ? 'live' : 'lost'
    if (reflector.problem) return 'lost'
    return reflector.items.size > 0 ? 'partial' : 'loading'
  }

  private eventOf(rows: { put: KubeRow[]; remove: string[] }, isReset = false): RowsEvent {
    const reflector = this.running?.reflector
    return {
      isReset,
      columns: this.options.columns(),
      ...rows,
      state: this.state(),
      problem: reflector?.problem ? sentenceOf(reflector.problem) : null,
      onlyNamespace: reflector?.onlyNamespace ?? null,
      atMs: this.options.now(),
    }
  }

  /** What is known, in pieces, so that no single message is huge. */
  private firstEvents(): RowsEvent[] {
    const rows = [...this.shown.values()]
    const first = this.eventOf({ put: rows.slice(0, pieceRows), remove: [] }, true)
    const events = [first]
    for (let at = pieceRows; at < rows.length; at += pieceRows)
      events.push(this.eventOf({ put: rows.slice(at, at + pieceRows), remove: [] }))
    return events
  }
}

const sentenceOf = (problem: { message: string; remedy?: string | undefined }): string =>
  problem.remedy ? `${problem.message} ${problem.remedy}` : problem.message

function isSameRow(a: KubeRow | undefined, b: KubeRow): boolean {
  return (
    a !== undefined &&
    a.uid === b.uid &&
    a.status === b.status &&
    a.health === b.health &&
    a.labels === b.labels &&
    a.cells.length === b.cells.length &&
    a.cells.every((cell, index) => cell === b.cells[index])
  )
}

/**
 * Joins `next` onto what a reader has not read yet: with the last event, unless that would make a piece too large to
 * send at once.
 */
export function joinEvents(pending: RowsEvent[], next: RowsEvent): RowsEvent[] {
  const last = pending.at(-1)
  if (!last) return [...cut(next)]
  const rows = new Map(last.put.map((row) => [row.key, row]))
  const removed = new Set(last.remove)
  for (const key of next.remove) {
    rows.delete(key)
    removed.add(key)
  }
  for (const row of next.put) {
    removed.delete(row.key)
    rows.set(row.key, row)
  }
  const joined: RowsEvent = { ...next, isReset: last.isReset, put: [...rows.values()], remove: [...removed] }
  return [...pending.slice(0, -1), ...cut(joined)]
}

/** Large events in pieces; the last one carries the removals. */
function cut(event: RowsEvent): RowsEvent[] {
  if (event.put.length <= pieceRows) return [event]
  const pieces: RowsEvent[] = []
  for (let at = 0; at < event.put.length; at += pieceRows)
    pieces.push({
      ...event,
      isReset: event.isReset && at === 0,
      put: event.put.slice(at, at + pieceRows),
      remove: at === 0 ? event.remove : [],
    })
  return pieces
}
