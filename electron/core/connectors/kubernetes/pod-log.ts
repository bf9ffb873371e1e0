// The log of one container, line by line with the server's time stamps. Reading on after a cut asks from the last stamp
// and leaves out what was read already, so that no line is lost and none comes twice.
import type { KubernetesConnector } from './kubernetes-connector.ts'

export interface LogPlace {
  namespace: string
  pod: string
  container: string
}
export interface LogLine {
  /** RFC 3339 with nine digits of the second, in UTC: sorts as text. Empty when the server gave none. */
  time: string
  text: string
}
export interface LogQuery {
  isFollowed: boolean
  isPrevious?: boolean | undefined
  sinceSeconds?: number | undefined
  tailLines?: number | undefined
  /** What was read last; only what comes after it is given. */
  after?: LogMark | undefined
}

/** Where reading stopped: the last stamp, and what had been read with exactly this stamp. */
export interface LogMark {
  time: string
  texts: string[]
}

const longestLine = 16_000
/** A silent container is no fault; the connection is only renewed. */
const silenceMs = 15 * 60_000

/** Lines in batches as they arrive. Ends with the container's output, or rejects when it is cut. */
export async function* readPodLog(
  connector: Pick<KubernetesConnector, 'bytes'>,
  place: LogPlace,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogLine[], void, void> {
  const { after } = query
  const path = `/api/v1/namespaces/${encodeURIComponent(place.namespace)}/pods/${encodeURIComponent(place.pod)}/log`
  const body = connector.bytes({
    path,
    query: {
      container: place.container,
      timestamps: true,
      follow: query.isFollowed ? true : undefined,
      previous: query.isPrevious ? true : undefined,
      sinceSeconds: after ? undefined : query.sinceSeconds,
      // The kubelet reads it to the second: what comes again is left out below.
      sinceTime: after ? `${after.time.slice(0, 19)}Z` : undefined,
      tailLines: after ? undefined : query.tailLines,
    },
    headers: { accept: '*/*' },
    signal,
    idleMs: query.isFollowed ? silenceMs : 30_000,
  })
  const isNew = after ? createRepeatFilter(after) : () => true
  const decoder = new TextDecoder()
  let pending = ''
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true })
    const lines = pending.split('\n')
    pending = lines.pop() ?? ''
    if (pending.length > 64 * longestLine) {
      lines.push(pending)
      pending = ''
    }
    const batch = lines.map(parseLine).filter(isNew)
    if (batch.length > 0) yield batch
  }
  const last = [pending].filter(Boolean).map(parseLine).filter(isNew)
  if (last.length > 0) yield last
}

/** `2026-07-21T10:00:00.1Z text` → a stamp of nine digits and the text. */
export function parseLine(line: string): LogLine {
  const [, time = '', fraction = '', rest = line] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z ?(.*)$/s.exec(line) ?? []
  const text = rest.endsWith('\r') ? rest.slice(0, -1) : rest
  const shown = text.length > longestLine ? `${text.slice(0, longestLine)} … (${text.length - longestLine} more characters)` : text
  return { time: time === '' ? '' : `${time}.${fraction.padEnd(9, '0')}Z`, text: shown }
}

/** The mark after `line`. */
export function advanceMark(mark: LogMark | undefined, line: LogLine): LogMark | undefined {
  if (line.time === '') return mark
  if (mark?.time !== line.time) return { time: line.time, texts: [line.text] }
  mark.texts.push(line.text)
  return mark
}

function createRepeatFilter(after: LogMark): (line: LogLine) => boolean {
  const seen = [...after.texts]
  return (line) => {
    if (line.time === '' || line.time > after.time) return true
    if (line.time < after.time) return false
    const index = seen.indexOf(line.text)
    if (index < 0) return true
    seen.splice(index, 1)
    return false
  }
}
