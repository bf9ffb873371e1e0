import { fork, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startDemoLab, type DemoLab } from './demo-lab.ts'
import { demoReport, type DemoCommand, type DemoReport } from './messages.ts'
import { call, formOf } from './testing/api-client.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'demo-lab-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

const quiet = () => {}
const pair = ['proxmox', 'pbs'] as const

type Draft = DemoLab['drafts'][number]

/** What a connector would do first with a draft: one read with its token, or after its login. */
const readVersion = async (draft: Draft): Promise<number> => (await get(draft, '/version')).status

async function read(draft: Draft, path: string): Promise<Record<string, unknown>[]> {
  const { data } = await get(draft, path)
  return Array.isArray(data) ? data : []
}

async function get(draft: Draft, path: string) {
  const { settings, secrets } = draft
  if (settings.kind !== 'proxmox' && settings.kind !== 'pbs') throw new Error('no API draft')
  const { auth, tls, url } = settings
  if (tls.mode !== 'ca') throw new Error('not the draft of the lab')
  const api = `${url}/api2/json`
  if (auth.mode === 'token') {
    const headers = { authorization: `PBSAPIToken=${auth.tokenId}:${secrets.tokenSecret}` }
    return call(`${api}${path}`, tls.caPem, 'GET', { headers })
  }
  const login = formOf({ username: `${auth.username}@${auth.realm}`, password: secrets.password })
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await call(`${api}/access/ticket`, tls.caPem, 'POST', { headers: type, body: login })
  if (answer.status !== 200) return answer
  const { ticket } = answer.data as { ticket: string }
  const cookie = `PVEAuthCookie=${encodeURIComponent(ticket)}`
  return call(`${api}${path}`, tls.caPem, 'GET', { headers: { cookie } })
}

describe('demo lab', () => {
  it('starts, reports its progress, can be reached by its drafts, fails on demand and stops', async () => {
    const steps: number[] = []
    const lab = await startDemoLab({
      dataDir,
      services: pair,
      signal: new AbortController().signal,
      onProgress: (_step, fraction) => steps.push(fraction),
      log: quiet,
    })
    expect(lab.siteName).toBe('Proxmox Astronomy Lab')
    expect(await Promise.all(lab.drafts.map(readVersion))).toEqual([200, 200])
    expect(steps.at(-1)).toBe(1)
    expect(steps).toEqual([...steps].sort((a, b) => a - b))
    lab.faults.set('proxmox', 'unauthorized')
    expect(await Promise.all(lab.drafts.map(readVersion))).toEqual([401, 200])
    await Promise.all([lab.dispose(), lab.dispose()])
    for (const draft of lab.drafts) await expect(readVersion(draft)).rejects.toThrow(/ECONNREFUSED/)
  })

  it('shows one truth on both sides of a backup', async () => {
    const eight = Date.parse('2026-11-24T08:00:00Z')
    const lab = await startDemoLab({
      dataDir,
      services: pair,
      signal: new AbortController().signal,
      onProgress: quiet,
      log: quiet,
      clockOffsetMs: eight - Date.now(),
    })
    lab.clock.advance(5.5 * 3_600_000)
    const [cluster, server] = lab.drafts
    if (!cluster || !server) throw new Error('no drafts')
    const volumes = await read(cluster, '/nodes/node02/storage/pbs01/content?vmid=2010')
    const snapshots = await read(
      server,
      '/admin/datastore/datastore01/snapshots?ns=vm&backup-type=vm&backup-id=2010',
    )
    expect(volumes.map((it) => it['ctime']).sort()).toEqual(snapshots.map((it) => it['backup-time']).sort())
    expect(volumes.map((it) => it['verification'])).toEqual(
      snapshots.map((it) => it['verification']).reverse(),
    )
    expect(volumes).toHaveLength(7)
    const tasks = await read(server, '/nodes/localhost/tasks?limit=0&typefilter=backup')
    const newest = Math.max(...snapshots.map((it) => Number(it['backup-time'])))
    expect(
      tasks.filter((it) => it['starttime'] === newest && it['worker_id'] === 'datastore01:vm:vm/2010'),
    ).toHaveLength(1)
    await lab.dispose()
  })

  it('leaves nothing behind when it is stopped while it starts', async () => {
    const stop = new AbortController()
    stop.abort()
    const start = startDemoLab({
      dataDir,
      services: pair,
      signal: stop.signal,
      onProgress: quiet,
      log: quiet,
    })
    await expect(start).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('demo lab process', () => {
  let child: ChildProcess | undefined
  afterEach(() => child?.kill('SIGKILL'))

  const launch = () => {
    const reports: DemoReport[] = []
    const running = fork(join(import.meta.dirname, 'process.ts'), [], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    })
    running.on('message', (message) => reports.push(demoReport.parse(message)))
    child = running
    const ended = new Promise<number | null>((resolve) => running.on('exit', resolve))
    const send = (command: DemoCommand) => running.send(command)
    const ready = () =>
      vi.waitFor(
        () => {
          const found = reports.find((it) => it.type === 'ready')
          if (found?.type !== 'ready') throw new Error('not ready yet')
          return found
        },
        { timeout: 15_000, interval: 20 },
      )
    return { running, reports, ended, send, ready }
  }

  it('starts, obeys, and stops when told to', async () => {
    const lab = launch()
    lab.running.send({ type: 'nonsense' })
    lab.send({ type: 'start', dataDir, services: ['pbs'] })
    const { drafts, siteName } = await lab.ready()
    expect(siteName).toBe('Proxmox Astronomy Lab')
    const [draft] = drafts
    if (!draft) throw new Error('no draft')
    expect(await readVersion(draft)).toBe(200)
    lab.send({ type: 'fault', service: 'pbs', fault: 'server-error' })
    await vi.waitFor(async () => expect(await readVersion(draft)).toBe(500), { timeout: 5_000 })
    lab.send({ type: 'fault', service: 'pbs' })
    await vi.waitFor(async () => expect(await readVersion(draft)).toBe(200), { timeout: 5_000 })
    lab.send({ type: 'stop' })
    expect(await lab.ended).toBe(0)
    expect(lab.reports.some((it) => it.type === 'progress')).toBe(true)
  })

  it('ends by itself when its parent is gone', async () => {
    const lab = launch()
    lab.send({ type: 'start', dataDir, services: ['pbs'] })
    await lab.ready()
    lab.running.disconnect()
    expect(await lab.ended).toBe(0)
  })

  it('says in a sentence why it could not start', async () => {
    const lab = launch()
    lab.send({ type: 'start', dataDir: '/dev/null/nowhere', services: ['pbs'] })
    expect(await lab.ended).toBe(1)
    expect(lab.reports.at(-1)).toEqual({
      type: 'failed',
      message: expect.stringMatching(/^The demo lab could not/),
    })
  })
})
