// Answers `GET …/pods/{name}/log`: which container and run, which lines, with or without stamps, once or following
// until the container ends. Refusals are those of the real kubelet.
import type { ServerResponse } from 'node:http'
import type { ApiContext } from '../api/api-context.ts'
import type { ResourceRequest } from '../api/request-info.ts'
import { queryFlag, queryNumber } from '../api/request-info.ts'
import { existing } from '../api/object-writes.ts'
import type { ContainerStatus, Pod } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import { badRequest } from '../storage/kube-status.ts'
import { nanoTimestamp, parseTime } from '../storage/kube-time.ts'
import { lastWords, voiceOf } from './log-lines.ts'
import type { RealLine } from './real-containers.ts'

/** One run of one container. */
interface Run {
  /** Its real lines, where it is a process and no plan; they grow while it runs. */
  real?: readonly RealLine[] | undefined
  seed: string
  image: string
  container: string
  startMs: number
  /** Absent while it runs. */
  end: { atMs: number; exitCode: number; reason: string } | undefined
}

interface Line {
  atMs: number
  /** Set where the stamp must not depend on what else is printed. */
  nanos?: number
  text: string
}

const keptLines = 5_000
const followMs = 400

/** Streams the log the query asks for. Throws BadRequest before the first byte when there is none to give. */
export function answerPodLog(context: ApiContext, request: ResourceRequest, response: ServerResponse): void {
  const { query } = request
  const pod = as<Pod>(existing(context, request))
  const run: Run = { ...chooseRun(pod, query), real: context.realLog(pod.metadata.uid ?? '') }
  const nowMs = context.clock.nowMs()
  const hasStamps = queryFlag(query, 'timestamps')
  const limitBytes = queryNumber(query, 'limitBytes')
  const tail = queryNumber(query, 'tailLines')
  const sinceMs = sinceOf(query, nowMs)
  let lines = linesOf(run, run.startMs, nowMs).filter((line) => line.atMs >= sinceMs)
  if (tail !== undefined) lines = tail === 0 ? [] : lines.slice(-tail)
  response.writeHead(200, { 'content-type': 'text/plain' })
  const written = { bytes: 0 }
  const print = (more: Line[]): boolean => printLines(response, more, hasStamps, limitBytes, written)
  const isFull = print(lines)
  if (!queryFlag(query, 'follow') || run.end !== undefined || isFull) {
    response.end()
    return
  }
  response.flushHeaders()
  follow(context, request, run, nowMs, response, print)
}

function chooseRun(pod: Pod, query: URLSearchParams): Run {
  const { name } = pod.metadata
  const containers = pod.spec.containers.map((one) => one.name)
  const [first = ''] = containers
  const wanted = query.get('container') ?? ''
  if (wanted === '' && containers.length > 1)
    throw badRequest(
      `a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]`,
    )
  const container = wanted === '' ? first : wanted
  if (!containers.includes(container)) throw badRequest(`container ${container} is not valid for pod ${name}`)
  const status = pod.status.containerStatuses?.find((one) => one.name === container)
  if (queryFlag(query, 'previous')) return previousRun(pod, container, status)
  if (status === undefined || status.state.waiting !== undefined) {
    const reason = status?.state.waiting?.reason ?? 'ContainerCreating'
    throw badRequest(`container "${container}" in pod "${name}" is waiting to start: ${reason}`)
  }
  return currentRun(pod, status)
}

const seedOf = (pod: Pod, container: string, run: number): string =>
  `${pod.metadata.uid ?? ''}/${container}/${run}`

function currentRun(pod: Pod, status: ContainerStatus): Run {
  const { terminated, running } = status.state
  return {
    seed: seedOf(pod, status.name, status.restartCount),
    image: status.image,
    container: status.name,
    startMs: parseTime(running?.startedAt ?? terminated?.startedAt),
    end:
      terminated === undefined
        ? undefined
        : {
            atMs: parseTime(terminated.finishedAt),
            exitCode: terminated.exitCode,
            reason: terminated.reason,
          },
  }
}

function previousRun(pod: Pod, container: string, status: ContainerStatus | undefined): Run {
  const ended = status?.lastState.terminated
  if (status === undefined || ended === undefined)
    throw badRequest(`previous terminated container "${container}" in pod "${pod.metadata.name}" not found`)
  return {
    seed: seedOf(pod, container, status.restartCount - 1),
    image: status.image,
    container,
    startMs: parseTime(ended.startedAt),
    end: { atMs: parseTime(ended.finishedAt), exitCode: ended.exitCode, reason: ended.reason },
  }
}

function sinceOf(query: URLSearchParams, nowMs: number): number {
  const seconds = queryNumber(query, 'sinceSeconds')
  if (seconds !== undefined) return nowMs - seconds * 1000
  const time = query.get('sinceTime') ?? ''
  if (time === '') return 0
  const sinceMs = parseTime(time)
  if (Number.isNaN(sinceMs)) throw badRequest(`parsing time "${time}" as RFC 3339: cannot parse`)
  return sinceMs
}

/** The lines said in (fromMs, untilMs], the newest 5,000 at most; the first run's opening line is at its very start. */
function linesOf(run: Run, fromMs: number, untilMs: number): Line[] {
  if (run.real !== undefined) return [...run.real]
  const { periodMs, line } = voiceOf(run.image, run.container)
  const lastMs = Math.min(untilMs, run.end?.atMs ?? untilMs)
  const last = Math.floor((lastMs - run.startMs) / periodMs)
  const isFromStart = fromMs <= run.startMs
  const first = isFromStart ? 0 : Math.floor((fromMs - run.startMs) / periodMs) + 1
  const lines: Line[] = []
  for (let index = Math.max(first, last - keptLines, 0); index <= last; index += 1) {
    const atMs = run.startMs + index * periodMs
    lines.push({ atMs, text: line(index, run.seed, atMs) })
  }
  if (run.end !== undefined && run.end.atMs <= untilMs && run.end.atMs > fromMs - (isFromStart ? 1 : 0))
    for (const text of lastWords(run.end.exitCode, run.end.reason)) lines.push({ atMs: run.end.atMs, text })
  return lines
}

/** Returns true when the byte limit is reached. */
function printLines(
  response: ServerResponse,
  lines: Line[],
  hasStamps: boolean,
  limitBytes: number | undefined,
  written: { bytes: number },
): boolean {
  let text = ''
  for (const [index, line] of lines.entries())
    text += `${hasStamps ? `${nanoTimestamp(line.atMs, line.nanos ?? index * 977)} ` : ''}${line.text}\n`
  let bytes = Buffer.from(text)
  if (limitBytes !== undefined && written.bytes + bytes.length >= limitBytes)
    bytes = bytes.subarray(0, limitBytes - written.bytes)
  written.bytes += bytes.length
  if (bytes.length > 0) response.write(bytes)
  return limitBytes !== undefined && written.bytes >= limitBytes
}

function follow(
  context: ApiContext,
  request: ResourceRequest,
  run: Run,
  fromMs: number,
  response: ServerResponse,
  print: (lines: Line[]) => boolean,
): void {
  let saidMs = fromMs
  let said = run.real?.length ?? 0
  const timer = setInterval(() => {
    const { store, clock } = context
    const found = store.get(request.resource.storeKey, request.namespace, request.name ?? '')
    const status =
      found === undefined
        ? undefined
        : as<Pod>(found).status.containerStatuses?.find((one) => one.name === run.container)
    const now = status === undefined || found === undefined ? undefined : currentRun(as<Pod>(found), status)
    const isSameRun = now !== undefined && now.seed === run.seed
    const untilMs = clock.nowMs()
    // Real lines are counted: two of them may be of one millisecond.
    const isFull = print(run.real === undefined ? linesOf(isSameRun ? now : run, saidMs, untilMs) : run.real.slice(said))
    said = run.real?.length ?? 0
    saidMs = untilMs
    if (isFull || !isSameRun || now.end !== undefined) response.end()
  }, followMs)
  timer.unref()
  response.on('close', () => clearInterval(timer))
}
