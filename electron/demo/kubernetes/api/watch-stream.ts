// One watch: the changes of a resource after a version, as newline-separated JSON events, with bookmarks, a time-out
// and 410 for forgotten versions. The router opens it; closing the response ends it.
import type { ServerResponse } from 'node:http'
import type { KubeObject } from '../storage/kube-object.ts'
import { KubeError } from '../storage/kube-status.ts'
import type { ObjectStore, StoreChange } from '../storage/object-store.ts'
import type { ObjectTest } from '../storage/selectors.ts'
import { objectTest, readVersion } from './list-pages.ts'
import type { ResourceRequest } from './request-info.ts'
import { queryFlag, queryNumber } from './request-info.ts'
import { apiVersionOf } from './resource-table.ts'

/** How an object is shown: as itself, as one row of a table, or as its metadata alone. */
export type WatchView = (object: KubeObject) => unknown

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'

const defaultTimeoutMs = 30 * 60_000
const defaultBookmarkMs = 10_000
/** A client that lets this much pile up unread is cut off; it comes back with its last version. */
const backlogLimitBytes = 8 * 2 ** 20

export interface WatchOptions {
  store: ObjectStore
  request: ResourceRequest
  response: ServerResponse
  view: WatchView
  bookmarkMs?: number
}

/** Streams until the client leaves or the time-out passes. */
export function streamWatch(options: WatchOptions): void {
  const { store, request, response, view } = options
  const { query, resource } = request
  const test = objectTest(request)
  const version = readVersion(query)
  const wantsBookmarks = queryFlag(query, 'allowWatchBookmarks')
  const wantsInitial = queryFlag(query, 'sendInitialEvents')
  const seconds = queryNumber(query, 'timeoutSeconds')
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' })
  response.flushHeaders()

  const send = (type: EventType, object: unknown): void => {
    if (response.writableLength > backlogLimitBytes) response.destroy()
    else response.write(`${JSON.stringify({ type, object })}\n`)
  }
  const bookmark = (annotations?: Record<string, string>): void => {
    const metadata = { resourceVersion: String(store.version), ...(annotations ? { annotations } : {}) }
    send('BOOKMARK', { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata })
  }
  const sendChange = (change: StoreChange): void => {
    const event = eventOf(change, test)
    if (event !== undefined) send(event.type, view(event.object))
  }

  const isFresh = wantsInitial || version === undefined || version === 0
  if (isFresh) {
    for (const object of store.list(resource.storeKey)) if (test(object)) send('ADDED', view(object))
    if (wantsInitial && wantsBookmarks) bookmark({ 'k8s.io/initial-events-end': 'true' })
  } else {
    const missed = store.since(resource.storeKey, version)
    if (missed === undefined) {
      send('ERROR', tooOld(version, store.oldestVersion).toStatus())
      response.end()
      return
    }
    for (const change of missed) sendChange(change)
  }
  keepOpen(options, seconds, sendChange, wantsBookmarks ? () => bookmark() : undefined)
}

function keepOpen(
  { store, request, response, bookmarkMs = defaultBookmarkMs }: WatchOptions,
  seconds: number | undefined,
  sendChange: (change: StoreChange) => void,
  bookmark: (() => void) | undefined,
): void {
  const stop = store.subscribe((change) => {
    if (change.key === request.resource.storeKey) sendChange(change)
  })
  const beat = bookmark === undefined ? undefined : setInterval(bookmark, bookmarkMs)
  const timeoutMs = seconds === undefined || seconds === 0 ? defaultTimeoutMs : seconds * 1000
  const timeout = setTimeout(() => {
    bookmark?.()
    response.end()
  }, timeoutMs)
  beat?.unref()
  timeout.unref()
  response.on('close', () => {
    stop()
    clearInterval(beat)
    clearTimeout(timeout)
  })
}

const tooOld = (version: number, oldest: number): KubeError =>
  new KubeError(410, 'Expired', `too old resource version: ${version} (${oldest})`)

/** An object that comes to match the selector is ADDED, one that stops matching is DELETED. */
function eventOf(change: StoreChange, test: ObjectTest): { type: EventType; object: KubeObject } | undefined {
  const { kind, object, previous } = change
  const isMatch = test(object)
  const wasMatch = previous !== undefined && test(previous)
  if (kind === 'DELETED') return wasMatch ? { type: 'DELETED', object } : undefined
  if (isMatch) return { type: wasMatch ? 'MODIFIED' : 'ADDED', object }
  return wasMatch
    ? {
        type: 'DELETED',
        object: {
          ...previous,
          metadata: { ...previous.metadata, resourceVersion: object.metadata.resourceVersion ?? '' },
        },
      }
    : undefined
}
