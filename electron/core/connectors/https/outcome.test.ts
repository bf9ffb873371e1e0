// Which failures of a change leave its outcome in doubt: real requests to a server that does what it is told.
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { isAppError, type AppError } from '#shared/errors.ts'
import { createSelfSigned, type TestLeaf } from '../tls/test-certificates.ts'
import { createHttpsClient, type HttpsCall } from './https-client.ts'
import { sendJson, startScriptedServer, type Answer } from './testing/scripted-server.ts'

let leaf: TestLeaf
const ends: Array<() => unknown> = []

beforeAll(async () => {
  leaf = await createSelfSigned()
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function failureOf(answer: Answer, call: Partial<HttpsCall>, port?: number): Promise<AppError> {
  const server = await startScriptedServer(leaf, answer)
  const client = createHttpsClient({
    system: 'Test system',
    url: port === undefined ? server.url : `https://127.0.0.1:${port}`,
    tls: { trust: { mode: 'pinned', sha256: leaf.sha256 } },
  })
  ends.push(
    () => client.dispose(),
    () => server.dispose(),
  )
  const error: unknown = await client.json({ path: '/start', method: 'POST', body: {}, ...call }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!isAppError(error)) throw new Error(`not an AppError: ${String(error)}`)
  return error
}
const isInDoubt = (error: AppError): boolean => error.detail?.kind === 'outcome-unknown'

const cut: Answer = (_request, response) => void response.destroy()
const stall: Answer = () => undefined
const state =
  (status: number): Answer =>
  (_request, response) =>
    sendJson(response, {}, status)

describe('the outcome of a change', () => {
  it.each<[string, Answer, Partial<HttpsCall>]>([
    ['the connection is cut after it was sent', cut, {}],
    ['no answer comes in time', stall, { timeoutMs: 150 }],
    ['a proxy has lost the server behind it', state(502), {}],
    ['a cluster node timed out behind the one that was asked', state(596), {}],
    ['the answer is no JSON', (_request, response) => void response.end('<html>'), {}],
  ])('is in doubt when %s', async (_what, answer, call) => {
    const error = await failureOf(answer, call)
    expect(isInDoubt(error)).toBe(true)
    expect(error).toMatchObject({ retryable: false, remedy: expect.stringContaining('current state') })
  })

  it('is in doubt when its caller gave up after it was sent', async () => {
    const controller = new AbortController()
    const error = await failureOf(() => controller.abort(), { signal: controller.signal })
    expect(error.code).toBe('cancelled')
    expect(isInDoubt(error)).toBe(true)
  })

  it.each<[string, Answer, Partial<HttpsCall>]>([
    ['it was refused', state(403), {}],
    ['it failed in the server', state(500), {}],
    ['the node behind could not be reached', state(595), {}],
    ['it only reads', cut, { method: 'GET' }],
  ])('is not in doubt when %s', async (_what, answer, call) => {
    expect(isInDoubt(await failureOf(answer, call))).toBe(false)
  })

  it('is not in doubt when nobody listens there', async () => {
    expect(isInDoubt(await failureOf(cut, {}, 9))).toBe(false)
  })
})
