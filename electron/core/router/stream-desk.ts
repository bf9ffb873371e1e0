// Where the bytes of tables and files wait to be fetched. A service offers a body and answers with a ticket; the
// shell claims it once, when the page fetches its URL. Bodies are pulled: a page that stops reading stops the
// source. An unclaimed offer is dropped after a minute, and everything of a peer is dropped when it goes.
import { randomBytes } from 'node:crypto'
import { type StreamTicket } from '#shared/contracts/kernel.ts'
import { AppError } from '#shared/errors.ts'
import type { Peer } from './call-context.ts'

export interface StreamOffer {
  contentType: string
  /** Makes it a download under this name. */
  filename?: string
  /** Called once, when claimed. `signal` fires when the reader goes away. */
  open(signal: AbortSignal): AsyncIterable<Uint8Array>
  /** Called when the offer is dropped without having been claimed. */
  abandon?(): void
}

export interface ClaimedStream {
  headers: Record<string, string>
  body: ReadableStream<Uint8Array>
}

const unclaimedMs = 60_000

export class StreamDesk {
  private readonly offers = new Map<
    string,
    { offer: StreamOffer; timer: NodeJS.Timeout; detach: () => void }
  >()
  private readonly open = new Set<AbortController>()

  offer(peer: Peer, offer: StreamOffer): StreamTicket {
    if (peer.signal.aborted) throw new AppError('cancelled', 'The window that asked is gone.')
    const streamId = randomBytes(16).toString('hex')
    const drop = (): void => this.drop(streamId)
    const timer = setTimeout(drop, unclaimedMs)
    timer.unref()
    peer.signal.addEventListener('abort', drop, { once: true })
    this.offers.set(streamId, { offer, timer, detach: () => peer.signal.removeEventListener('abort', drop) })
    return { streamId, url: `/stream/${streamId}` }
  }

  /** Undefined when the ticket is unknown, used or too old. `signal` is the shell's: the request went away. */
  claim(streamId: string, signal?: AbortSignal): ClaimedStream | undefined {
    const entry = this.take(streamId)
    if (!entry) return undefined
    const { offer } = entry
    const controller = new AbortController()
    const abort = (): void => controller.abort()
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    this.open.add(controller)
    const settle = (): void => {
      this.open.delete(controller)
      signal?.removeEventListener('abort', abort)
    }
    const headers: Record<string, string> = { 'content-type': offer.contentType, 'cache-control': 'no-store' }
    if (offer.filename)
      headers['content-disposition'] = `attachment; filename*=UTF-8''${encodeURIComponent(offer.filename)}`
    return { headers, body: toPulledBody(offer.open(controller.signal), controller, settle) }
  }

  dispose(): void {
    for (const streamId of [...this.offers.keys()]) this.drop(streamId)
    for (const controller of this.open) controller.abort()
  }

  private take(streamId: string) {
    const entry = this.offers.get(streamId)
    if (!entry) return undefined
    this.offers.delete(streamId)
    clearTimeout(entry.timer)
    entry.detach()
    return entry
  }

  private drop(streamId: string): void {
    this.take(streamId)?.offer.abandon?.()
  }
}

/** A body that asks its source for one chunk at a time and tells it when the reader has gone. */
function toPulledBody(
  source: AsyncIterable<Uint8Array>,
  controller: AbortController,
  settle: () => void,
): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>(
    {
      async pull(sink) {
        try {
          const { done, value } = await iterator.next()
          if (!done) return sink.enqueue(value)
          settle()
          sink.close()
        } catch (error) {
          settle()
          sink.error(error)
        }
      },
      async cancel() {
        controller.abort()
        settle()
        await iterator.return?.()
      },
    },
    { highWaterMark: 1 },
  )
}
