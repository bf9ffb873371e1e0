// Calls over any carrier: values, order, concurrency, cancellation and typed errors. Part of `describeCarrier`.
import { expect, it } from 'vitest'
import { AppError, cancelled } from '#shared/errors.ts'
import { patternBytes } from './contract.ts'
import type { Bench } from './describe-carrier.ts'

export function checkCalls(bench: Bench): void {
  checkValues(bench)
  checkOrder(bench)
  checkCancellation(bench)
  checkErrors(bench)
}

function checkValues(bench: Bench): void {
  it('carries values that JSON alone would not', async () => {
    const { client } = await bench.connect()
    const value = {
      big: 2n ** 62n,
      at: new Date(0),
      none: undefined,
      nan: NaN,
      nested: [new Map([['a', new Set([1])]])],
      text: 'ü–\u{1F30C}',
    }
    expect(await client.calls.echo(value)).toEqual(value)
    expect(await client.calls.nothing()).toBeUndefined()
  })
  it('carries a reply of 50 MB whole', async () => {
    const { client } = await bench.connect()
    const text = await client.calls.large({ length: 50_000_000 })
    expect(text.length).toBe(50_000_000)
    expect([text.slice(0, 10), text.slice(-10)]).toEqual(['0123456789', '0123456789'])
    expect(await client.calls.strict({ count: 7 })).toBe(7)
  })
  it('carries bytes unchanged', async () => {
    const { client } = await bench.connect()
    const blob = await client.calls.blob({ sizeBytes: 1_000_003 })
    expect(Buffer.from(await blob.arrayBuffer()).equals(patternBytes(1_000_003))).toBe(true)
  })
}

function checkOrder(bench: Bench): void {
  it('delivers calls in the order they were made', async () => {
    const { client } = await bench.connect()
    const key = bench.key()
    const entries = Array.from({ length: 200 }, (_, index) => `entry ${index}`)
    await Promise.all(entries.map((entry) => client.calls.append({ key, entry })))
    expect(await bench.journal(key)).toEqual(entries)
  })
  it('keeps concurrent calls of one procedure apart', async () => {
    const { client } = await bench.connect()
    const [first, second] = [bench.key(), bench.key()]
    const ended: string[] = []
    const note = (text: string): string => (ended.push(text), text)
    const slow = client.calls.delayedEcho({ text: 'slow', gate: first }).then(note)
    const fast = client.calls.delayedEcho({ text: 'fast', gate: second }).then(note)
    await client.calls.openGate({ gate: second })
    expect(await fast).toBe('fast')
    await client.calls.openGate({ gate: first })
    expect(await slow).toBe('slow')
    expect(ended).toEqual(['fast', 'slow'])
  })
}

function checkCancellation(bench: Bench): void {
  it('cancels before the call: nothing is started', async () => {
    const { client } = await bench.connect()
    const key = bench.key()
    const call = client.calls.waitForCancel({ key }, { signal: AbortSignal.abort() })
    await expect(call).rejects.toMatchObject({ name: 'AppError', code: 'cancelled' })
    await client.calls.nothing()
    expect(await bench.journal(key)).toEqual([])
  })
  it('cancels during the call: the handler is told, the caller is free at once', async () => {
    const { client } = await bench.connect()
    const key = bench.key()
    const controller = new AbortController()
    const call = client.calls.waitForCancel({ key }, { signal: controller.signal })
    const failure = expect(call).rejects.toMatchObject({ name: 'AppError', code: 'cancelled' })
    await expect.poll(() => bench.journal(key)).toEqual(['started'])
    controller.abort()
    await failure
    await expect.poll(() => bench.journal(key)).toEqual(['started', 'aborted'])
  })
  it('cancels in the same turn as the call: no handler is left waiting', async () => {
    const { client } = await bench.connect()
    const keys = Array.from({ length: 20 }, () => bench.key())
    const calls = keys.map((key) => {
      const controller = new AbortController()
      const call = client.calls.waitForCancel({ key }, { signal: controller.signal })
      controller.abort()
      return call
    })
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'cancelled' })
    for (const key of keys)
      await expect.poll(async () => (await bench.journal(key)).join()).not.toBe('started')
  })
  it('passes on why the caller gave up', async () => {
    const { client } = await bench.connect()
    const controller = new AbortController()
    const call = client.calls.waitForCancel({ key: bench.key() }, { signal: controller.signal })
    controller.abort(new AppError('timeout', 'It took too long.'))
    await expect(call).rejects.toMatchObject({ code: 'timeout', message: 'It took too long.' })
  })
  it('cancels after the call: nothing happens', async () => {
    const { client } = await bench.connect()
    const controller = new AbortController()
    expect(await client.calls.strict({ count: 3 }, { signal: controller.signal })).toBe(3)
    controller.abort()
    expect(await client.calls.strict({ count: 4 })).toBe(4)
  })
  it('drops the reply of a call that was given up', async () => {
    const { client } = await bench.connect()
    const key = bench.key()
    const controller = new AbortController()
    const call = client.calls.stubborn({ key, gate: key }, { signal: controller.signal })
    const failure = expect(call).rejects.toMatchObject({ code: 'cancelled', message: cancelled().message })
    await expect.poll(() => bench.journal(key)).toEqual(['started'])
    controller.abort()
    await failure
    await client.calls.openGate({ gate: key })
    await expect.poll(() => bench.journal(key)).toEqual(['started', 'finished'])
    expect(await client.calls.echo('next')).toBe('next')
  })
}

function checkErrors(bench: Bench): void {
  it('carries an AppError with all it says, but not its cause', async () => {
    const { client } = await bench.connect()
    const sent = {
      code: 'upstream' as const,
      message: 'The database refused the statement.',
      remedy: 'Correct it.',
      target: { system: 'PostgreSQL', endpoint: 'db:5432' },
      detail: { kind: 'sql' as const, sqlState: '42601', position: 8, hint: 'a comma' },
    }
    const error = await client.calls.fail(sent).then(undefined, (thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject({ ...sent, retryable: false })
    expect((error as AppError).requestId).toMatch(/^[0-9a-f]{8}$/)
    expect(String((error as AppError).cause)).not.toContain('stays at home')
  })
  it('says what is wrong with an input, field by field', async () => {
    const { client } = await bench.connect()
    const call = client.calls.strict({ count: 0 })
    await expect(call).rejects.toMatchObject({
      code: 'invalid-input',
      detail: { kind: 'validation', fields: { count: expect.any(String) } },
    })
  })
  it('keeps the text of an unexpected fault at home', async () => {
    const { client } = await bench.connect()
    const error = await client.calls.crash({ text: 'hunter2' }).then(undefined, (thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'AppError', code: 'internal' })
    expect(JSON.stringify(error) + String(error)).not.toContain('hunter2')
  })
}
