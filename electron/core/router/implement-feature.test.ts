// The pipeline: the lock gate, confirmation, audit records, and the funnel for errors, through the typed client.
import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { command, events, query } from '#shared/contracts/kernel.ts'
import { AppError } from '#shared/errors.ts'
import { createTypedClient } from '#shared/wire/typed-client.ts'
import type { Log } from '../platform.ts'
import { createMemoryPipes } from '../testing/memory-pipe.ts'
import { implementFeature, type Pipeline } from './implement-feature.ts'
import { createCallHandler, serveCalls } from './serve-calls.ts'

const contract = {
  lab: {
    read: query({ output: z.string() }),
    peek: query({ output: z.string(), worksLocked: true }),
    rename: command({
      title: 'Rename',
      input: z.object({ siteId: z.string(), name: z.string(), sql: z.string().optional() }),
    }),
    destroy: command({
      title: 'Destroy',
      danger: 'destructive',
      input: z.object({ name: z.string(), confirmation: z.string() }),
    }),
    stop: command({ title: 'Stop', writes: 'site', input: z.object({ siteId: z.string() }) }),
    watch: events({ event: z.number() }),
    lie: query({ output: z.number() }),
  },
}

let isLocked: boolean
let records: string[]
let lines: string[]
let renamed: (signal?: AbortSignal) => Promise<void>

function createClient() {
  const pipeline: Pipeline = {
    audit: {
      open(procedure, title, subject, siteId) {
        records.push(`${title} (${procedure}) ${subject} @${siteId}`)
        return records.length
      },
      close: (id, outcome, message) => void records.push(`${id}: ${outcome}${message ? ` ${message}` : ''}`),
      describe: (id, subject) => void records.push(`${id}: ${subject}`),
      list: () => [],
    },
    isLocked: () => isLocked,
    siteOf: (input) => {
      const { siteId } = input as { siteId?: string }
      return siteId === undefined ? null : { id: siteId, name: 'North', isReadOnly: siteId === 'guarded' }
    },
  }
  const os = implementFeature(contract.lab, pipeline)
  const lab = os.router({
    read: os.read.handler(() => 'read'),
    peek: os.peek.handler(() => 'peeked'),
    rename: os.rename.handler(({ signal }) => renamed(signal)),
    destroy: os.destroy.handler(() => undefined),
    stop: os.stop.handler(({ context }) => context.audit?.describe('node01, token=abcdef0123456789abcdef')),
    watch: os.watch.handler(async function* () {
      yield 1
      throw new Error('hunter2')
    }),
    lie: os.lie.handler(() => 'no number' as unknown as number),
  })
  const write = (text: string, fields?: Record<string, unknown>): void =>
    void lines.push(`${text} ${JSON.stringify(fields)}`)
  const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log }
  const [page, core] = createMemoryPipes()
  const peer = { id: 'p', label: 'p', signal: new AbortController().signal }
  serveCalls(createCallHandler({ lab }), core, { peer, log })
  return createTypedClient(contract, page).lab
}

beforeEach(() => {
  isLocked = false
  records = []
  lines = []
  renamed = async () => undefined
})

describe('the pipeline', () => {
  it('lets only what works locked through while the vault is locked', async () => {
    const lab = createClient()
    isLocked = true
    await expect(lab.read()).rejects.toMatchObject({ code: 'locked', remedy: 'Unlock it to go on.' })
    expect(await lab.peek()).toBe('peeked')
    isLocked = false
    expect(await lab.read()).toBe('read')
  })
  it('opens a record before a command runs and closes it when it ends', async () => {
    const lab = createClient()
    renamed = async () => void records.push('runs')
    await lab.rename({ siteId: 's1', name: 'North' })
    await lab.read()
    expect(records).toEqual(['Rename (lab.rename) name=North siteId=s1 @s1', 'runs', '1: done'])
  })
  it.each([
    ['failed', new AppError('conflict', 'That name is taken.'), '1: failed That name is taken.'],
    ['cancelled', new AppError('cancelled', 'Given up.'), '1: cancelled Given up.'],
    [
      'lost its answer',
      new AppError('unreachable', 'Cut.', { detail: { kind: 'outcome-unknown', action: 'POST /stop' } }),
      '1: unknown Cut.',
    ],
  ])('records a command that %s', async (_what, thrown, record) => {
    const lab = createClient()
    renamed = () => Promise.reject(thrown)
    await expect(lab.rename({ siteId: 's1', name: 'x' })).rejects.toMatchObject({ code: thrown.code })
    expect(records.at(-1)).toBe(record)
  })
  it('records a command whose caller gave up as cancelled', async () => {
    const lab = createClient()
    const controller = new AbortController()
    renamed = (signal) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('stopped'))))
    const call = expect(
      lab.rename({ siteId: 's1', name: 'x' }, { signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'cancelled' })
    await expect.poll(() => records).toHaveLength(1)
    controller.abort()
    await call
    await expect.poll(() => records.at(-1)).toMatch(/^1: cancelled/)
  })
  it('keeps passwords in statements out of the audit log', async () => {
    const lab = createClient()
    await lab.rename({ siteId: 's1', name: 'x', sql: "ALTER ROLE observer PASSWORD 'hunter2'" })
    expect(records.join()).toContain('sql=ALTER ROLE observer')
    expect(records.join()).not.toContain('hunter2')
  })
  it('is the one gate that refuses changes while a site is read-only, and leaves a record of it', async () => {
    const lab = createClient()
    await expect(lab.stop({ siteId: 'guarded' })).rejects.toMatchObject({
      code: 'forbidden',
      detail: { kind: 'read-only', scope: 'guarded' },
    })
    expect(records.at(-1)).toMatch(/^1: failed The site North is read-only/)
    await lab.rename({ siteId: 'guarded', name: 'changes only Meridian' })
  })
  it('takes better words for its record from the command, without secrets', async () => {
    await createClient().stop({ siteId: 's1' })
    expect(records[1]).toMatch(/^1: node01/)
    expect(records.join()).not.toContain('abcdef0123456789abcdef')
    expect(records.at(-1)).toBe('1: done')
  })
  it('asks for the confirmation of a destructive command', async () => {
    const lab = createClient()
    await expect(lab.destroy({ name: 'x', confirmation: '' })).rejects.toMatchObject({
      code: 'invalid-input',
      detail: { kind: 'confirmation' },
    })
    await lab.destroy({ name: 'x', confirmation: 'x' })
  })
  it('turns an unexpected fault in the middle of events into a neutral one, with the truth in the log', async () => {
    const lab = createClient()
    const iterator = (await lab.watch())[Symbol.asyncIterator]()
    expect((await iterator.next()).value).toBe(1)
    const error = await iterator.next().then(undefined, (thrown: unknown) => thrown as AppError)
    expect(error).toMatchObject({ code: 'internal', requestId: expect.stringMatching(/^[0-9a-f]{8}$/) })
    expect(lines.join()).toContain('hunter2')
    expect(lines.join()).toContain((error as AppError).requestId)
  })
  it('does not send an answer that breaks its own contract', async () => {
    await expect(createClient().lie()).rejects.toMatchObject({ code: 'internal' })
    expect(lines.join()).toContain('Unexpected fault')
  })
})
