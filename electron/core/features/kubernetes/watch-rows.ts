// Rows of a kind for one reader: of all namespaces, or, where this identity may not see all, of the chosen ones
// together.
import type { RowsEvent } from '#shared/contracts/kubernetes.ts'
import type { Cluster } from './cluster-desk.ts'
import { joinEvents } from './row-feed.ts'

/** `namespaces` empty = all. */
export async function* watchRows(
  cluster: Cluster,
  kindId: string,
  namespaces: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<RowsEvent, void, void> {
  const kind = await cluster.kind(kindId, signal)
  if (namespaces.length <= 1 || !kind.isNamespaced)
    return yield* cluster.feed(kind, kind.isNamespaced ? (namespaces[0] ?? null) : null).watch(signal)
  const ending = new AbortController()
  const whole = AbortSignal.any([signal, ending.signal])
  let pending: RowsEvent[] = []
  let failure: unknown
  let isFirst = true
  let wake: (() => void) | undefined
  const states = new Map<string, RowsEvent['state']>()
  const read = async (namespace: string): Promise<void> => {
    for await (const event of cluster.feed(kind, namespace).watch(whole)) {
      states.set(namespace, event.state)
      pending = joinEvents(pending, { ...event, isReset: false, state: worstOf(states.values()), onlyNamespace: null })
      wake?.()
    }
  }
  for (const namespace of namespaces)
    read(namespace).catch((error: unknown) => {
      failure = error
      wake?.()
    })
  const onAbort = (): void => wake?.()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    while (!signal.aborted) {
      if (failure !== undefined) throw failure
      const event = pending.shift()
      if (!event) {
        await new Promise<void>((resolve) => (wake = resolve))
        wake = undefined
        continue
      }
      yield isFirst ? { ...event, isReset: true } : event
      isFirst = false
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    ending.abort()
  }
}

const order: RowsEvent['state'][] = ['live', 'partial', 'loading', 'lost', 'denied']
const worstOf = (states: Iterable<RowsEvent['state']>): RowsEvent['state'] =>
  [...states].reduce((worst, state) => (order.indexOf(state) > order.indexOf(worst) ? state : worst), 'live')
