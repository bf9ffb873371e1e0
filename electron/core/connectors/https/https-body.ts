// Reading the body of an answer: whole up to a limit, or line by line. A body that ends too early, is too long or
// stops coming is told as what it is.
import type { IncomingMessage } from 'node:http'
import { AppError, isAppError } from '#shared/errors.ts'
import { cutShort, type CallName, type Party } from './https-faults.ts'

/** The whole body as text. Rejects `upstream` when it is longer than `limitBytes` or ends before its end. */
export function readBody(
  response: IncomingMessage,
  limitBytes: number,
  party: Party,
  call: CallName,
): Promise<string> {
  const tooLong = (): AppError =>
    new AppError(
      'upstream',
      `${party.system} at ${party.endpoint} answered ${nameOf(call)} with more than ${mebibytes(limitBytes)}.`,
      {
        remedy: 'This is far more than this request should give: check that the address is the right one.',
        target: party,
      },
    )
  return new Promise((resolve, reject) => {
    const fail = (error: AppError): void => {
      response.destroy()
      reject(error)
    }
    if (Number(response.headers['content-length'] ?? 0) > limitBytes) return fail(tooLong())
    const chunks: Buffer[] = []
    let size = 0
    response.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > limitBytes) fail(tooLong())
      else chunks.push(chunk)
    })
    response.on('end', () =>
      response.complete ? resolve(Buffer.concat(chunks).toString('utf8')) : fail(cutShort(party, call)),
    )
    response.on('error', (cause) => reject(cutShort(party, call, cause)))
    response.on('close', () => (response.complete ? undefined : reject(cutShort(party, call))))
  })
}

/** The body's lines, without their ends, as they arrive. Ends with the body; a cut one rejects. */
export async function* readLines(
  response: IncomingMessage,
  options: { party: Party; call: CallName; idleMs: number; maxLineBytes: number },
): AsyncGenerator<string, void, void> {
  const { party, call, idleMs, maxLineBytes } = options
  let isIdle = false
  const timer = setTimeout(() => {
    isIdle = true
    response.destroy()
  }, idleMs)
  const decoder = new TextDecoder()
  let pending = ''
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      timer.refresh()
      pending += decoder.decode(chunk, { stream: true })
      const lines = pending.split('\n')
      pending = lines.pop() ?? ''
      if (pending.length > maxLineBytes)
        throw new AppError(
          'upstream',
          `${party.system} at ${party.endpoint} sent a line of more than ${mebibytes(maxLineBytes)}.`,
          { target: party },
        )
      for (const line of lines) if (line !== '') yield line
    }
    if (!response.complete && !isIdle) throw cutShort(party, call)
    if (pending !== '' && !isIdle) yield pending
  } catch (error) {
    if (!isIdle) throw isAppError(error) ? error : cutShort(party, call, error)
  } finally {
    clearTimeout(timer)
    response.destroy()
  }
  if (isIdle) throw silence(party, call, idleMs)
}

/** The body's bytes as they arrive. Ends with the body; a cut one rejects. */
export async function* readChunks(
  response: IncomingMessage,
  options: { party: Party; call: CallName; idleMs: number },
): AsyncGenerator<Uint8Array, void, void> {
  const { party, call, idleMs } = options
  let isIdle = false
  const timer = setTimeout(() => {
    isIdle = true
    response.destroy()
  }, idleMs)
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      timer.refresh()
      yield chunk
    }
    if (!response.complete && !isIdle) throw cutShort(party, call)
  } catch (error) {
    if (!isIdle) throw isAppError(error) ? error : cutShort(party, call, error)
  } finally {
    clearTimeout(timer)
    response.destroy()
  }
  if (isIdle) throw silence(party, call, idleMs)
}

const silence = (party: Party, call: CallName, idleMs: number): AppError =>
  new AppError(
    'timeout',
    `${party.system} at ${party.endpoint} sent nothing for ${idleMs / 1000} s on ${nameOf(call)}.`,
    { target: party },
  )

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`

const nameOf = (call: CallName): string => `${call.method ?? 'GET'} ${call.path}`
