// The one suite that every carrier must pass: calls, events, byte channels, loss and lies. A carrier's test file
// calls `describeCarrier` with a function that opens a fresh core behind that carrier.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe } from 'vitest'
import type { FramePipe } from '#shared/wire/byte-channel.ts'
import { createTypedClient, type TypedClient } from '#shared/wire/typed-client.ts'
import { conformance, type Conformance } from './contract.ts'
import { checkCalls } from './check-calls.ts'
import { checkChannels } from './check-channels.ts'
import { checkEvents } from './check-events.ts'
import { checkLoss } from './check-loss.ts'
import { checkMalformed } from './check-malformed.ts'

/** The page's end of one connection, as a carrier's test file supplies it. */
export interface PageEnd {
  calls: FramePipe
  openChannel(channelId: string): FramePipe | Promise<FramePipe>
  /** Goes away without a word, like a crashed page. */
  vanish(): void
}

/** A core with a carrier before it. */
export interface CarrierUnderTest {
  connect(): Promise<PageEnd>
  /** The core dies, or drops everybody. */
  dropCore(): Promise<void> | void
  dispose(): Promise<void> | void
}

export interface Connection extends PageEnd {
  client: TypedClient<Conformance>
}

/** What each group of checks is given. */
export interface Bench {
  open(): Promise<CarrierUnderTest>
  connect(): Promise<Connection>
  /** A page end without a client on it, for frames made by hand. */
  connectRaw(): Promise<PageEnd>
  /** Entries under `key`, read over a connection of its own, so that a lost one does not blind the test. */
  journal(key: string): Promise<string[]>
  key(): string
}

export async function connectTo(carrier: CarrierUnderTest): Promise<Connection> {
  const page = await carrier.connect()
  return { ...page, client: createTypedClient(conformance, page.calls) }
}

export function describeCarrier(name: string, open: () => Promise<CarrierUnderTest>): void {
  describe(`carrier: ${name}`, () => {
    let carrier: CarrierUnderTest
    let observer: Connection
    beforeAll(async () => {
      carrier = await open()
      observer = await connectTo(carrier)
    })
    afterAll(() => carrier.dispose())
    const bench: Bench = {
      open,
      connect: () => connectTo(carrier),
      connectRaw: () => carrier.connect(),
      journal: (key) => observer.client.calls.journal({ key }),
      key: () => randomUUID(),
    }
    describe('calls', () => checkCalls(bench))
    describe('events', () => checkEvents(bench))
    describe('byte channels', () => checkChannels(bench))
    describe('loss', () => checkLoss(bench))
    describe('malformed messages', () => checkMalformed(bench))
  })
}
