// A small contract that exercises every way a carrier can be used. It exists for the conformance suite only; the
// product's contract is in shared/contracts.
import { z } from 'zod'
import { errorCodes, errorDetail, errorTarget } from '#shared/errors.ts'
import { channelTicket, command, events, query } from '#shared/contracts/kernel.ts'

const key = z.string()

export const conformance = {
  calls: {
    echo: query({ input: z.unknown(), output: z.unknown() }),
    nothing: query({}),
    delayedEcho: query({ input: z.object({ text: z.string(), gate: key }), output: z.string() }),
    strict: query({ input: z.object({ count: z.number().int().min(1) }), output: z.number() }),
    append: command({ title: 'Append', input: z.object({ key, entry: z.string() }), output: z.number() }),
    journal: query({ input: z.object({ key }), output: z.string().array() }),
    openGate: query({ input: z.object({ gate: key }) }),
    /** Writes `started` and then `aborted` into the journal; ends only when cancelled. */
    waitForCancel: query({ input: z.object({ key }) }),
    waitForCancelCommand: command({ title: 'Wait', input: z.object({ key }) }),
    /** Ignores its cancellation and answers when its gate is opened. */
    stubborn: query({ input: z.object({ key, gate: key }), output: z.string() }),
    fail: query({
      input: z.object({
        code: z.enum(errorCodes),
        message: z.string(),
        remedy: z.string().optional(),
        target: errorTarget.optional(),
        detail: errorDetail.optional(),
      }),
    }),
    crash: query({ input: z.object({ text: z.string() }) }),
    large: query({ input: z.object({ length: z.number().int() }), output: z.string() }),
    blob: query({ input: z.object({ sizeBytes: z.number().int() }), output: z.instanceof(Blob) }),
  },
  feeds: {
    /** Yields 0, 1, … and journals `ended` when it is over, however that came. `failAt` throws instead of yielding. */
    count: events({
      input: z.object({ key, upTo: z.number().int(), failAt: z.number().int().optional() }),
      event: z.number(),
    }),
    /** Yields `times` texts of `length` characters, as fast as the carrier takes them, and journals each. */
    flood: events({
      input: z.object({ key, times: z.number().int(), length: z.number().int() }),
      event: z.string(),
    }),
    /** Yields once and then waits for ever. */
    hang: events({ input: z.object({ key }), event: z.string() }),
  },
  channels: {
    /**
     * `echo` sends back what comes; `source` sends `chunks` patterned chunks of `sizeBytes`, journalling each that
     * was accepted; `hold` reads nothing before its gate is opened, then journals the size of each chunk.
     */
    open: query({
      input: z.object({
        key,
        mode: z.enum(['echo', 'source', 'hold']),
        chunks: z.number().int().default(0),
        sizeBytes: z.number().int().default(0),
      }),
      output: channelTicket,
    }),
  },
}
export type Conformance = typeof conformance

/** Bytes in which a lost, doubled or shifted one shows: `offset` is the position of the first. */
export function patternBytes(sizeBytes: number, offset = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes)
  for (let index = 0; index < sizeBytes; index += 1)
    bytes[index] = ((index + offset) * 31 + ((index + offset) >> 8)) & 0xff
  return bytes
}
