// Logs of several containers as one stream of text lines, merged by time. First what there is, merged exactly; then,
// when followed, what comes, in order within a short while. Cuts are healed from the last stamp and told. The reader
// pulls: a page that stops reading stops the servers.
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogRequest, LogSource } from '#shared/contracts/kubernetes.ts'
import { isAppError, type AppError } from '#shared/errors.ts'
import { listAt, textAt } from '#shared/model/kubernetes-fields.ts'
import { getObject, type AnyObject } from '../../connectors/kubernetes/kubernetes-objects.ts'
import { advanceMark, readPodLog, type LogLine, type LogMark } from '../../connectors/kubernetes/pod-log.ts'
import type { Cluster } from './cluster-desk.ts'
import { podsBehind } from './pods-behind.ts'

const mostSources = 50
const mostQueued = 4_000
const gatherMs = 120
const lookMs = 4_000
const longestPauseMs = 15_000
const encoder = new TextEncoder()

interface Source extends LogSource {
  index: number
  mark: LogMark | undefined
}

/** One line of the stream, or a word about it. */
type Output = { source: number; line: LogLine } | { note: Record<string, unknown> }

/** Which containers a request means. Rejects when there is none. */
export async function findSources(cluster: Cluster, request: LogRequest, signal: AbortSignal): Promise<LogSource[]> {
  const pods = await podsOf(cluster, request, signal)
  return pods
    .flatMap((pod) =>
      [...listAt(pod, 'spec.initContainers'), ...listAt(pod, 'spec.containers')].map((item) => ({
        pod: pod.metadata.name,
        container: textAt(item, 'name'),
      })),
    )
    .filter((source) => request.containers === undefined || request.containers.includes(source.container))
    .slice(0, mostSources)
}

async function podsOf(cluster: Cluster, request: LogRequest, signal: AbortSignal): Promise<AnyObject[]> {
  const { of, namespace } = request
  if ('pods' in of) {
    const kind = await cluster.kind('pods', signal)
    return Promise.all(of.pods.map((name) => getObject(cluster.connector(), kind, { namespace, name }, { signal })))
  }
  const kind = await cluster.kind(of.workload.kindId, signal)
  const object = await getObject(cluster.connector(), kind, of.workload, { signal })
  return podsBehind(cluster, kind, { ...object, kind: kind.kind }, { limit: mostSources, signal })
}

/** The stream for the page. */
export async function* streamLogs(cluster: Cluster, request: LogRequest, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  for await (const batch of mergeLogs(cluster, request, signal))
    yield encoder.encode(
      batch
        .map((item) => ('note' in item ? `!${JSON.stringify(item.note)}\n` : `${item.source}\t${item.line.time}\t${item.line.text}\n`))
        .join(''),
    )
}

/** The same for a file that people read. */
export async function* writeLogs(cluster: Cluster, request: LogRequest, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  const names = new Map<number, string>()
  for await (const batch of mergeLogs(cluster, { ...request, isFollowed: false }, signal)) {
    let text = ''
    for (const item of batch) {
      if ('line' in item) text += `${names.get(item.source) ?? ''} ${item.line.time} ${item.line.text}\n`
      else if (item.note['type'] === 'source') names.set(Number(item.note['index']), `${String(item.note['pod'])}/${String(item.note['container'])}`)
      else if (item.note['type'] === 'note') text += `# ${String(item.note['text'])}\n`
    }
    if (text) yield encoder.encode(text)
  }
}

async function* mergeLogs(cluster: Cluster, request: LogRequest, signal: AbortSignal): AsyncGenerator<Output[], void, void> {
  const found = await findSources(cluster, request, signal)
  const sources = found.map((source, index): Source => ({ ...source, index, mark: undefined }))
  yield sources.map(introduce)
  yield* mergeHistory(cluster, request, sources, signal)
  if (request.isFollowed && !request.isPrevious) yield* follow(cluster, request, sources, signal)
  yield [{ note: { type: 'end' } }]
}

const introduce = ({ index, pod, container }: Source): Output => ({ note: { type: 'source', index, pod, container } })
const remark = (source: Source, text: string): Output => ({ note: { type: 'note', index: source.index, text } })

/** What each container has said so far, in the order of the stamps. */
async function* mergeHistory(
  cluster: Cluster,
  request: LogRequest,
  sources: Source[],
  signal: AbortSignal,
): AsyncGenerator<Output[], void, void> {
  const notes: Output[] = []
  const readers = sources.map((source) => {
    const lines = readPodLog(cluster.connector(), { ...source, namespace: request.namespace }, { ...request, isFollowed: false }, signal)
    return { source, lines, batch: [] as LogLine[], at: 0 }
  })
  const refill = async (reader: (typeof readers)[number]): Promise<boolean> => {
    if (reader.at < reader.batch.length) return true
    try {
      const next = await reader.lines.next()
      if (next.done) return false
      reader.batch = next.value
      reader.at = 0
      return true
    } catch (error) {
      if (!isAppError(error) || signal.aborted) throw error
      notes.push(remark(reader.source, wordsOf(reader.source, error)))
      return false
    }
  }
  const filled = await Promise.all(readers.map(refill))
  let open = readers.filter((_reader, index) => filled[index])
  let out: Output[] = notes.splice(0)
  while (open.length > 0) {
    // Few sources and long batches: the smallest head is found by looking at each.
    let first = open[0]!
    for (const reader of open) if (reader.batch[reader.at]!.time < first.batch[first.at]!.time) first = reader
    const line = first.batch[first.at]!
    first.at += 1
    first.source.mark = advanceMark(first.source.mark, line)
    out.push({ source: first.source.index, line })
    if (first.at >= first.batch.length && !(await refill(first))) open = open.filter((reader) => reader !== first)
    if (out.length >= 1000) {
      yield out
      out = []
    }
    if (notes.length > 0) out.push(...notes.splice(0))
  }
  if (out.length > 0) yield out
}

/** What comes from now on. */
async function* follow(cluster: Cluster, request: LogRequest, sources: Source[], signal: AbortSignal): AsyncGenerator<Output[], void, void> {
  const ending = new AbortController()
  const whole = AbortSignal.any([signal, ending.signal])
  const queue: Output[] = []
  let wake: (() => void) | undefined
  let drained: (() => void) | undefined
  let running = 0
  const push = async (items: Output[]): Promise<void> => {
    queue.push(...items)
    wake?.()
    // A page that does not read must stop the source, not fill the memory.
    while (queue.length > mostQueued && !whole.aborted) await new Promise<void>((resolve) => (drained = resolve))
  }
  const start = (source: Source): void => {
    running += 1
    void pump(cluster, request, source, push, whole)
      .catch((error: unknown) => (whole.aborted ? undefined : push([remark(source, String((error as Error).message))])))
      .finally(() => {
        running -= 1
        wake?.()
      })
  }
  for (const source of sources) start(source)
  const grows = 'workload' in request.of
  const looking = grows ? lookForMore(cluster, request, sources, (source) => void push([introduce(source)]).then(() => start(source)), whole) : undefined
  const stop = (): void => {
    wake?.()
    drained?.()
  }
  whole.addEventListener('abort', stop, { once: true })
  try {
    while (!whole.aborted && (running > 0 || queue.length > 0 || grows)) {
      if (queue.length === 0) {
        await new Promise<void>((resolve) => (wake = resolve))
        wake = undefined
        await sleep(gatherMs)
        continue
      }
      const batch = queue.splice(0)
      drained?.()
      yield sortByTime(batch)
    }
  } finally {
    ending.abort()
    drained?.()
    await looking
  }
}

/** Words keep their place; lines between them are sorted, equal stamps as they came. */
function sortByTime(batch: Output[]): Output[] {
  const notes = batch.filter((item) => 'note' in item)
  const lines = batch.filter((item) => 'line' in item)
  lines.sort((a, b) => (a.line.time < b.line.time ? -1 : a.line.time > b.line.time ? 1 : 0))
  return [...notes, ...lines]
}

/** One container until it has ended for good: over cuts and restarts. */
async function pump(
  cluster: Cluster,
  request: LogRequest,
  source: Source,
  push: (items: Output[]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0
  for (;;) {
    signal.throwIfAborted()
    try {
      const query = { isFollowed: true, after: source.mark, ...(source.mark ? {} : { sinceSeconds: request.sinceSeconds ?? 1 }) }
      for await (const batch of readPodLog(cluster.connector(), { ...source, namespace: request.namespace }, query, signal)) {
        if (failures > 1) await push([remark(source, `${source.pod} is read again; nothing is missing.`)])
        failures = 0
        for (const line of batch) source.mark = advanceMark(source.mark, line)
        await push(batch.map((line) => ({ source: source.index, line })))
      }
    } catch (error) {
      if (!isAppError(error) || signal.aborted) throw error
      failures += 1
      if (failures === 2) await push([remark(source, wordsOf(source, error))])
    }
    const state = await stateOf(cluster, request.namespace, source, signal)
    if (state !== 'lives') {
      await push([remark(source, state === 'gone' ? `The pod ${source.pod} is gone.` : `${source.container} in ${source.pod} has ended.`)])
      return
    }
    await sleep(Math.min(longestPauseMs, 500 * 2 ** Math.min(failures, 5)), undefined, { signal })
  }
}

async function stateOf(cluster: Cluster, namespace: string, source: Source, signal: AbortSignal): Promise<'lives' | 'ended' | 'gone'> {
  try {
    const kind = await cluster.kind('pods', signal)
    const pod = await getObject(cluster.connector(), kind, { namespace, name: source.pod }, { signal })
    if (['Succeeded', 'Failed'].includes(textAt(pod, 'status.phase'))) return 'ended'
    const isInit = listAt(pod, 'status.initContainerStatuses').some(
      (item) => textAt(item, 'name') === source.container && textAt(item, 'state.terminated.reason') === 'Completed',
    )
    return isInit ? 'ended' : 'lives'
  } catch (error) {
    if (isAppError(error) && error.code === 'not-found') return 'gone'
    if (signal.aborted) throw error
    return 'lives'
  }
}

/** New pods of a workload join while it is followed. */
async function lookForMore(
  cluster: Cluster,
  request: LogRequest,
  sources: Source[],
  join: (source: Source) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(lookMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    // A look that fails is made up for by the next one.
    const found = await findSources(cluster, request, signal).catch(() => [])
    for (const one of found) {
      const isKnown = sources.some((source) => source.pod === one.pod && source.container === one.container)
      if (isKnown || sources.length >= mostSources) continue
      const source: Source = { ...one, index: sources.length, mark: undefined }
      sources.push(source)
      join(source)
    }
  }
}

function wordsOf(source: Source, error: AppError): string {
  const who = `${source.pod}/${source.container}`
  if (error.detail?.kind === 'http' && error.detail.status === 400) return `${who}: ${error.detail.reason || error.message}`
  return `${who} cannot be read now: ${error.message}`
}
