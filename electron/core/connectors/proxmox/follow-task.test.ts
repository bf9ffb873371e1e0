// Following tasks at the demo servers of both products, and through what goes wrong on the way.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { demoTokens } from '#demo/proxmox/identities.ts'
import { startBench, type ProxmoxBench } from '#demo/proxmox/proxmox-testing.ts'
import { AppError } from '#shared/errors.ts'
import { createTestLog, leaseOf } from '../https/testing/recording-client.ts'
import { followProxmoxTask, type Api2TaskEnding, type FollowTaskOptions } from './follow-task.ts'
import { createProxmoxConnector, type ProxmoxConnector } from './proxmox-connector.ts'

let bench: ProxmoxBench
let proxmox: ProxmoxConnector

beforeAll(async () => {
  bench = await startBench()
  proxmox = createProxmoxConnector(
    {
      kind: 'proxmox',
      url: bench.demo.url,
      tls: { mode: 'pinned', sha256: bench.context.certificate('proxmox').fingerprint256 },
      auth: { mode: 'token', tokenId: demoTokens[0]!.tokenId },
    },
    leaseOf({ tokenSecret: demoTokens[0]!.secret }),
    { log: createTestLog(), now: Date.now },
  )
})
afterAll(async () => {
  proxmox.dispose()
  await bench.dispose()
})
afterEach(() => bench.context.faults.set('proxmox', undefined))

function follow(connector: () => Pick<ProxmoxConnector, 'call' | 'rows'>, upid: string, more: Partial<FollowTaskOptions> = {}) {
  const lines: string[] = []
  const messages: string[] = []
  const controller = new AbortController()
  const ending: Promise<Api2TaskEnding> = followProxmoxTask(connector, upid, {
    signal: controller.signal,
    linesKept: 0,
    wasStopped: () => false,
    append: (fresh) => void lines.push(...fresh),
    report: ({ message }) => message !== undefined && messages.push(message),
    pauseMs: 5,
    ...more,
  })
  return { ending, lines, messages, controller }
}

const node = () => bench.context.site.guests.find((guest) => guest.vmid === 2001)!.node
const post = (path: string, body: Record<string, string | number> = {}): Promise<string> =>
  proxmox.call(z.string(), { method: 'POST', path, body })

describe('following a task of Proxmox VE', () => {
  it('reads its log once and its end, going on where it left off', async () => {
    const upid = await post(`/nodes/${node()}/qemu/2001/snapshot`, { snapname: 'first' })
    const first = follow(() => proxmox, upid)
    bench.context.clock.advance(60_000)
    expect(await first.ending).toEqual({ state: 'done', message: 'Done' })
    expect(first.lines.at(-1)).toBe('TASK OK')
    const again = follow(() => proxmox, upid, { linesKept: first.lines.length - 1 })
    expect(await again.ending).toMatchObject({ state: 'done' })
    expect(again.lines).toEqual(['TASK OK'])
  })

  it('goes on through a server that cuts its answers, and says so meanwhile', async () => {
    const upid = await post(`/nodes/${node()}/qemu/2001/snapshot/first/rollback`)
    bench.context.faults.set('proxmox', 'cut')
    const { ending, messages } = follow(() => proxmox, upid)
    await vi.waitFor(() => expect(messages).toContain(`${node()} does not answer; asking again`))
    bench.context.faults.set('proxmox', undefined)
    bench.context.clock.advance(60_000)
    expect(await ending).toMatchObject({ state: 'done' })
  })

  it('says that it does not know when the server stays silent', async () => {
    const upid = await post(`/nodes/${node()}/qemu/2001/snapshot`, { snapname: 'second' })
    bench.context.faults.set('proxmox', 'cut')
    const { ending } = follow(() => proxmox, upid, { patienceMs: 20 })
    expect(await ending).toMatchObject({ state: 'unknown', remedy: expect.stringContaining('before you do it again') })
    bench.context.clock.advance(60_000)
  })

  it('waits as long as the vault is locked', async () => {
    const upid = await post(`/nodes/${node()}/qemu/2001/snapshot`, { snapname: 'third' })
    let isLocked = true
    const { ending, messages } = follow(
      () => {
        if (isLocked) throw new AppError('locked', 'The vault is locked.')
        return proxmox
      },
      upid,
      { patienceMs: 1 },
    )
    await vi.waitFor(() => expect(messages.length).toBeGreaterThan(2))
    isLocked = false
    bench.context.clock.advance(60_000)
    expect(await ending).toMatchObject({ state: 'done' })
  })

  it('tells a stop that was asked for from a failure', async () => {
    const upid = await post(`/nodes/${node()}/qemu/2001/snapshot`, { snapname: 'fourth' })
    const { ending } = follow(() => proxmox, upid, { wasStopped: () => true })
    await proxmox.call(z.unknown(), { method: 'DELETE', path: `/nodes/${node()}/tasks/${encodeURIComponent(upid)}` })
    expect(await ending).toMatchObject({ state: 'cancelled' })
    expect(await follow(() => proxmox, upid).ending).toMatchObject({ state: 'failed', message: 'received interrupt' })
  })

  it('ends at once when nobody wants it any more', async () => {
    const upid = await post(`/nodes/${node()}/qemu/2001/snapshot`, { snapname: 'fifth' })
    const { ending, controller } = follow(() => proxmox, upid, { pauseMs: 60_000 })
    controller.abort()
    await expect(ending).rejects.toThrow()
  })

  it.each([
    ['WARNINGS: 2', { state: 'warning', message: 'Done with 2 warnings', remedy: 'Read the log.' }],
    ['unexpected status', { state: 'unknown' }],
    ['can\'t lock file', { state: 'failed', message: 'can\'t lock file' }],
  ])('reads the end %s', async (exitstatus, expected) => {
    const asker = {
      call: () => Promise.resolve({ status: 'stopped', exitstatus }),
      rows: () => Promise.resolve([{ n: 1, t: 'transferred 1.0 GiB of 4.0 GiB (25.00%)' }]),
    } as unknown as ProxmoxConnector
    const { ending, messages } = follow(() => asker, 'UPID:node01:00000001:00000001:00000001:qmstart:100:root@pam:')
    expect(await ending).toMatchObject(expected)
    expect(messages).toEqual(['transferred 1.0 GiB of 4.0 GiB (25.00%)'])
  })
})
