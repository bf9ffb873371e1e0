// A claimed stream as the body of an HTTP answer. The source is asked for more only when the browser has taken what
// was sent; a browser that goes away ends the source.
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { ClaimedStream } from '#core/router/stream-desk.ts'
import type { Log } from '#core/platform.ts'

/** Writes until the end. A source that fails breaks the connection off: half a table must not look like a whole one. */
export async function sendStream(response: ServerResponse, { body }: ClaimedStream, log: Log): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const reader = body.getReader()
  gone.signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined))
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (gone.signal.aborted) return
      if (done) return void response.end()
      if (!response.write(value)) await once(response, 'drain', { signal: gone.signal })
    }
  } catch (fault) {
    if (gone.signal.aborted) return
    log.warn('A stream broke off at its source', {
      fault: fault instanceof Error ? fault.message : typeof fault,
    })
    response.destroy()
  }
}
