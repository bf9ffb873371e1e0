// The desk against the demo lab's real protocol servers: a job from order to result and archive, answers that are lost,
// a kill at the worst moment, evictions and memory, and a script over SSH. Containers need this computer's Python.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tableFromIPC } from 'apache-arrow'
import type { Job, JobOrder, JobTargetKind } from '#shared/contracts/jobs.ts'
import { AppError } from '#shared/errors.ts'

import { openDatabase } from '../../storage/database.ts'
import { endedStatus } from '../../../demo/kubernetes/controllers/pod-states.ts'
import type { Pod } from '../../../demo/kubernetes/storage/kinds.ts'
import { createJobStore } from '../../storage/job-store.ts'
import { createRunStore } from '../../storage/run-store.ts'
import { createJobLab, hasPython, type JobLab } from './testing/job-lab.ts'

let lab: JobLab
beforeAll(async () => {
  lab = await createJobLab()
}, 60_000)
afterAll(() => lab?.dispose())

const idOf = (name: string): string => createHash('sha256').update(name).digest('hex').replace(/^(.{8})(.{4})(.{3})(.{3})(.{12}).*/, '$1-$2-4$3-8$4-$5')

function orderOf(name: string, script: string, more: { target?: JobTargetKind; memoryMiB?: number } = {}): JobOrder {
  const { target = 'kubernetes-job', memoryMiB = 256 } = more
  return {
    submissionId: idOf(name), siteId: lab.siteId, templateId: 'generic-python', target,
    connectionId: target === 'ssh-script' ? lab.sshId : lab.kubernetesId, namespace: target === 'ssh-script' ? null : 'desi-voids',
    name, parameters: { script, cores: 0.5, memoryMiB, image: 'registry.radioastronomy.io/lab/desi-python:2025.7' }, data: null, manifest: null,
  }
}
const submit = (order: JobOrder): Promise<Job> => lab.desk().submit(order, new AbortController().signal, undefined)
const find = (name: string): Job => lab.desk().details(lab.siteId, idOf(name)).job
const reaches = (name: string, state: Job['state'], timeout = 30_000): Promise<void> => expect.poll(() => find(name).state, { timeout, interval: 100 }).toBe(state)
const jobsNamed = (name: string) => lab.kubernetes.store.list('batch/jobs').filter((one) => one.metadata.labels?.['meridian.io/submission'] === idOf(name))

describe('never twice', () => {
  it('finds a submission again whose answer was lost, and has sent it once', async () => {
    lab.faultOnce('lost-answer')
    const job = await submit(orderOf('lost answer', 'pass'))
    expect(job.state).toBe('unknown')
    await expect.poll(() => find('lost answer').state, { timeout: 10_000 }).not.toBe('unknown')
    expect(jobsNamed('lost answer')).toHaveLength(1)
    expect(lab.created('lost answer')).toBe(1)
    // Asked again with the same id: the same submission.
    await submit(orderOf('lost answer', 'pass'))
    expect(lab.created('lost answer')).toBe(1)
  })

  it('says that it was not submitted when the target does not have it', async () => {
    lab.faultOnce('lost-request')
    expect((await submit(orderOf('lost request', 'pass'))).state).toBe('unknown')
    lab.advance(60_000)
    await reaches('lost request', 'not-sent', 15_000)
    expect(jobsNamed('lost request')).toHaveLength(0)
  })

  it('takes what a killed process had sent for sent, and what it had not for not sent', async () => {
    await submit(orderOf('sent before the kill', 'pass'))
    lab.forget('sent before the kill', { wasSent: true })
    lab.forget('not sent before the kill', { wasSent: false, order: orderOf('not sent before the kill', 'pass') })
    await lab.restart()
    await expect.poll(() => find('sent before the kill').state, { timeout: 10_000 }).not.toBe('unknown')
    lab.advance(60_000)
    await reaches('not sent before the kill', 'not-sent', 15_000)
    expect(lab.created('sent before the kill')).toBe(1)
    expect(lab.created('not sent before the kill')).toBe(0)
  })

  it('leaves nothing behind after a plain refusal', async () => {
    const order = { ...orderOf('refused', 'pass'), namespace: 'no-such-namespace' }
    await expect(submit(order)).rejects.toMatchObject({ code: 'not-found' })
    expect(() => find('refused')).toThrow(AppError)
    const { problems, verdict } = await lab.desk().check(order, new AbortController().signal)
    expect(verdict).toBe('The API server would refuse it.')
    expect(problems[0]?.message).toContain('no-such-namespace')
  })

  it('refuses a name that belongs to somebody else’s object', async () => {
    const order = orderOf('taken', 'pass')
    const { manifest } = await lab.desk().preview(order)
    const name = /name: (taken-\w+)/.exec(manifest)?.[1] ?? ''
    lab.kubernetes.store.create('/configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'desi-voids' }, data: {} })
    await expect(submit(order)).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe.skipIf(!hasPython)('jobs that really run (need Python 3.9 or later)', { timeout: 45_000 }, () => {
  // Somebody looks at the list, as in the application.
  const watching = new AbortController()
  beforeAll(() => void followList())
  afterAll(() => watching.abort())
  async function followList(): Promise<void> {
    for await (const _list of lab.desk().watch(lab.siteId, watching.signal));
  }
  const table = `job.say("working")\njob.progress(1, 2)\njob.result([("id", "int8", "", "An id"), ("flux", "float8", "nanomaggy", "A flux")], [(39627652591521181, 1.5), (7, None)])`

  it('comes back as a table, is archived, and reads the same when the cluster has forgotten it', async () => {
    await submit(orderOf('a table', table))
    await reaches('a table', 'succeeded')
    const job = find('a table')
    expect(job.progress).toEqual({ done: 1, total: 2 })
    const store = createRunStore(lab.database(), { directory: `${lab.dataDir}/results`, log: lab.log })
    const run = store.get(job.resultRunId ?? '')
    expect(run.fromJob).toMatchObject({ jobId: job.jobId, name: 'a table' })
    expect(run.columns[1]).toEqual({ name: 'flux', pgType: 'float8', unit: 'nanomaggy', description: 'A flux' })
    const chunks = []
    for await (const chunk of store.read(run.runId)) chunks.push(chunk)
    const rows = tableFromIPC(Buffer.concat(chunks)).toArray().map((row) => row.toJSON())
    expect(rows).toEqual([{ id: 39627652591521181n, flux: 1.5 }, { id: 7n, flux: null }])
    lab.kubernetes.store.remove('batch/jobs', 'desi-voids', job.objectName)
    await expect.poll(() => find('a table').isArchived, { timeout: 15_000 }).toBe(true)
    expect(await lab.readLog('a table')).toContain('working')
    expect(lab.desk().details(lab.siteId, job.jobId).events.map(({ reason }) => reason)).toContain('SuccessfulCreate')
  })

  it('is told rightly when it runs out of memory', async () => {
    await submit(orderOf('greedy', 'data = []\nwhile True:\n    data.append(bytearray(8 * 2**20))', { memoryMiB: 96 }))
    await reaches('greedy', 'failed')
    expect(find('greedy').words).toBe('failed: OOM-killed: it used more memory than its limit of 96Mi')
  })

  it('is told rightly when its pod is evicted', async () => {
    await submit(orderOf('evicted', 'import time\nprint("begun", flush=True)\ntime.sleep(60)'))
    await reaches('evicted', 'running')
    const pod = lab.kubernetes.store.list('/pods').find((one) => one.metadata.labels?.['meridian.io/submission'] === idOf('evicted'))
    const gone = endedStatus(pod as Pod, { exitCode: 137, reason: 'Error' }, Date.now())
    lab.kubernetes.store.update('/pods', { ...pod!, status: { ...gone, reason: 'Evicted', message: 'The node was low on resource: memory.' } })
    await reaches('evicted', 'failed')
    expect(find('evicted').words).toBe('failed: evicted: The node was low on resource: memory.')
  })

  it('stops when it is asked to, keeps its log, and leaves nothing in the cluster', async () => {
    await submit(orderOf('long', 'import time\nprint("begun", flush=True)\ntime.sleep(60)'))
    await reaches('long', 'running')
    await expect.poll(() => lab.readLog('long', true), { timeout: 10_000 }).toContain('begun')
    await lab.desk().stop(lab.siteId, idOf('long'), new AbortController().signal, undefined)
    await reaches('long', 'stopped')
    await expect.poll(() => jobsNamed('long').length, { timeout: 5_000 }).toBe(0)
    expect(await lab.readLog('long')).toContain('begun')
  })

  it('runs on a machine over SSH, and is found again after the connection was lost', async () => {
    await submit(orderOf('script', `import time\nprint("begun", flush=True)\ntime.sleep(2)\n${table}`, { target: 'ssh-script' }))
    await reaches('script', 'running')
    lab.cutSsh()
    await reaches('script', 'succeeded')
    expect(find('script').resultRunId).not.toBeNull()
    expect(await lab.readLog('script')).toContain('— a result table of 2 rows —')
  })
})

it('the store keeps a submission before it is sent', () => {
  // What the tests above rely on: the record stands in the file, not in memory.
  const fresh = openDatabase(`${lab.dataDir}/meridian.sqlite`, lab.log)
  expect(createJobStore(fresh).find(idOf('lost answer'))?.job.name).toBe('lost answer')
  fresh.dispose()
})

