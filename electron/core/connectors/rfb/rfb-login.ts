// The client's side of an RFB 3.8 login: version, security type, authentication. Ends where the two sides begin to
// speak of the screen; what the server has said beyond that stays in the reader.
import { AppError } from '#shared/errors.ts'
import { answerChallenge } from './vnc-authentication.ts'

export const rfbVersion = 'RFB 003.008\n'
export const security = { none: 1, vnc: 2 } as const
const longestReason = 500

/** Whole pieces out of bytes that come in any cut. */
export interface ByteReader {
  /** Rejects when the bytes end before. */
  take(count: number): Promise<Buffer>
  /** What is left, then everything that follows. */
  rest(): AsyncGenerator<Uint8Array, void, void>
}

export function createByteReader(source: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = source[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)
  return {
    async take(count) {
      while (held.length < count) {
        const next = await iterator.next()
        if (next.done) throw new RangeError('The connection ended within the RFB login.')
        held = Buffer.concat([held, next.value])
      }
      const piece = held.subarray(0, count)
      held = held.subarray(count)
      return piece
    },
    async *rest() {
      if (held.length > 0) yield held
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
    },
  }
}

/** Logs in. Rejects with an AppError whose text never holds the password. */
export async function logInToRfb(
  reader: ByteReader,
  send: (bytes: Uint8Array) => Promise<void>,
  password: string,
): Promise<void> {
  const greeting = (await reader.take(12)).toString('latin1')
  if (!/^RFB \d{3}\.\d{3}\n$/.test(greeting)) throw refused('What answered is not an RFB server.')
  if (greeting < rfbVersion) throw refused(`Its RFB version ${greeting.slice(4, 11)} is older than 3.8.`)
  await send(Buffer.from(rfbVersion))
  const offered = [...(await reader.take((await reader.take(1))[0]!))]
  if (offered.length === 0) throw refused(`The screen’s server refused: ${await readReason(reader)}`)
  const chosen = [security.vnc, security.none].find((type) => offered.includes(type))
  if (chosen === undefined) throw refused(`The screen’s server offers only the security types ${offered.join(', ')}.`)
  await send(Buffer.of(chosen))
  if (chosen === security.vnc) await send(answerChallenge(await reader.take(16), password))
  if ((await reader.take(4)).readUInt32BE(0) === 0) return
  throw refused(`The screen’s server did not accept its own password: ${await readReason(reader)}`)
}

async function readReason(reader: ByteReader): Promise<string> {
  try {
    const length = (await reader.take(4)).readUInt32BE(0)
    return (await reader.take(Math.min(length, longestReason))).toString('utf8').trim() || 'no reason given'
  } catch {
    return 'no reason given'
  }
}

const refused = (message: string): AppError =>
  new AppError('upstream', message, {
    remedy: 'Its one-time password lives for seconds only: try again.',
    detail: { kind: 'console', reason: 'refused' },
    retryable: true,
  })
