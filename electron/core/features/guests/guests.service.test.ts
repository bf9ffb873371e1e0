// Acting on guests of the demo cluster, through the whole pipeline: what works, what is refused and how it is said, and
// every way in which an answer can be lost.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createContainer } from '#demo/proxmox/container.ts'
import { checkRequest, loadApiDescription } from '#demo/testing/api-description.ts'
import { createGuestsLab, type GuestsLab } from './testing/guests-lab.ts'

let lab: GuestsLab
beforeAll(async () => {
  lab = await createGuestsLab()
})
afterAll(() => lab.dispose())
afterEach(() => {
  lab.hooks.beforeCall = undefined
  lab.bench.context.faults.set('proxmox', undefined)
  lab.core.sites.update(lab.site.id, { isReadOnly: false })
})

const on = (vmid: number) => ({ connectionId: lab.connectionId, vmid })

describe('power', () => {
  it('shuts down and starts a guest, each followed to its end and told in the audit log', async () => {
    const down = await lab.client.power({ ...on(2022), action: 'shutdown', entityId: 'pve/x/guest/2022' })
    expect(lab.newestRecord()).toMatchObject({ outcome: 'running', subject: 'Shut down proj-cisbench (2022)' })
    expect(await lab.ended(down.taskId)).toMatchObject({ state: 'done', title: 'Shut down proj-cisbench', subject: 'proj-cisbench (2022)', entityId: 'pve/x/guest/2022' })
    expect(lab.newestRecord()).toMatchObject({ outcome: 'done', procedure: expect.stringContaining('power') })
    expect(lab.guest(2022).state).toBe('stopped')
    const up = await lab.client.power({ ...on(2022), action: 'start' })
    expect((await lab.ended(up.taskId)).state).toBe('done')
    expect(lab.guest(2022).state).toBe('running')
    expect(lab.logOf(up.taskId).at(-1)).toBe('TASK OK')
  })

  it('says in the task why it failed, and what to do', async () => {
    const { taskId } = await lab.client.power({ ...on(2022), action: 'start' })
    expect(await lab.ended(taskId)).toMatchObject({ state: 'failed', message: 'VM 2022 already running', remedy: 'It runs already: there is nothing to start.' })
    expect(lab.newestRecord()).toMatchObject({ outcome: 'failed', message: 'VM 2022 already running' })
  })

  it('stops at once only with the name typed', async () => {
    const refused = await lab.refusal(lab.client.interrupt({ ...on(2022), action: 'stop', confirmation: 'proj-pg01' }))
    expect(refused).toMatchObject({ code: 'invalid-input', detail: { kind: 'confirmation', expected: 'proj-cisbench' } })
    expect((await lab.refusal(lab.client.interrupt({ ...on(2022), action: 'stop', confirmation: '' }))).code).toBe('invalid-input')
    expect(lab.guest(2022).state).toBe('running')
    const { taskId } = await lab.client.interrupt({ ...on(2022), action: 'stop', confirmation: 'proj-cisbench' })
    expect((await lab.ended(taskId)).state).toBe('done')
    expect(lab.guest(2022).state).toBe('stopped')
  })

  it('waits for the guest where high availability takes the request', async () => {
    const { taskId } = await lab.client.power({ ...on(2002), action: 'shutdown' })
    expect(await lab.ended(taskId, 5000)).toMatchObject({ state: 'done', message: expect.stringContaining('Done by high availability: it is stopped on') })
    expect(lab.guest(2002).state).toBe('stopped')
    const { taskId: again } = await lab.client.power({ ...on(2002), action: 'start' })
    expect((await lab.ended(again, 5000)).state).toBe('done')
  })

  it('is refused while the site is read-only', async () => {
    lab.core.sites.update(lab.site.id, { isReadOnly: true })
    const before = lab.sent.length
    expect((await lab.refusal(lab.client.power({ ...on(2022), action: 'start' }))).detail).toMatchObject({ kind: 'read-only' })
    expect(lab.sent).toHaveLength(before)
  })

  it('tells an identity what it lacks', async () => {
    const auditor = lab.asAuditor()
    const refused = await lab.refusal(lab.client.power({ connectionId: auditor, vmid: 2022, action: 'start' }))
    expect(refused).toMatchObject({ code: 'forbidden', remedy: expect.stringContaining('VM.PowerMgmt on /vms/2022') })
  })
})

describe('a lost answer', () => {
  const cutTheAnswer = (): void => {
    lab.hooks.beforeCall = async (call) => {
      if (call.method === 'POST') await lab.cutAnswers()
    }
  }

  it('to a start is resolved by reading: the task is found and followed, nothing is sent again', async () => {
    cutTheAnswer()
    const before = lab.sent.length
    const { taskId } = await lab.client.power({ ...on(2022), action: 'start' })
    await vi.waitFor(() => expect(lab.task(taskId).message).toContain('The answer was lost'))
    expect(lab.newestRecord().outcome).toBe('running')
    lab.bench.context.faults.set('proxmox', undefined)
    expect((await lab.ended(taskId)).state).toBe('done')
    expect(lab.logOf(taskId)[0]).toMatch(/^The answer to the request was lost; the task list of node\d\d has it as UPID:/)
    expect(lab.guest(2022).state).toBe('running')
    expect(lab.sent.slice(before).filter((call) => call.method === 'POST')).toHaveLength(1)
  })

  it('to a request that was never carried out says that it was not', async () => {
    lab.hooks.beforeCall = async (call) => {
      if (call.method === 'POST') lab.bench.context.faults.set('proxmox', 'garbage')
    }
    const { taskId } = await lab.client.power({ ...on(2022), action: 'reboot' })
    lab.bench.context.faults.set('proxmox', undefined)
    expect(await lab.ended(taskId, 0)).toMatchObject({ state: 'failed', message: expect.stringContaining('It was not begun') })
    expect(lab.newestRecord().outcome).toBe('failed')
  })

  it('stays unknown when nothing can be read for long', async () => {
    cutTheAnswer()
    const { taskId } = await lab.client.takeSnapshot({ ...on(2022), snapshot: 'lost' })
    const task = await lab.core.tasks.ended(taskId, AbortSignal.timeout(5000))
    expect(task).toMatchObject({ state: 'unknown', remedy: 'Look at the state of the guest before you do it again.' })
    expect(lab.newestRecord().outcome).toBe('unknown')
    lab.bench.context.clock.advance(60_000)
  })
})

describe('two at once', () => {
  it('are told apart by the lock', async () => {
    const first = await lab.client.takeSnapshot({ ...on(2021), snapshot: 'one' })
    const second = await lab.client.takeSnapshot({ ...on(2021), snapshot: 'two' })
    expect(await lab.ended(second.taskId, 300)).toMatchObject({
      state: 'failed',
      message: 'VM is locked (snapshot)',
      remedy: expect.stringContaining('A snapshot of it is being taken'),
    })
    expect((await lab.ended(first.taskId)).state).toBe('done')
  })
})

describe('snapshots', () => {
  it('form a tree, are rolled back to and deleted by name', async () => {
    const take = async (snapshot: string): Promise<void> => {
      const { taskId } = await lab.client.takeSnapshot({ ...on(2023), snapshot, description: `before ${snapshot}` })
      expect((await lab.ended(taskId)).state).toBe('done')
    }
    await take('first')
    await take('second')
    const back = await lab.client.rollBack({ ...on(2023), snapshot: 'first', startAfterwards: true, confirmation: 'proj-oscal01' })
    expect((await lab.ended(back.taskId)).state).toBe('done')
    await take('third')
    const tree = await lab.client.listSnapshots(on(2023))
    expect(tree.snapshots.map(({ name, parent }) => [name, parent])).toEqual([['first', null], ['second', 'first'], ['third', 'first']])
    expect(tree).toMatchObject({ currentParent: 'third', canSnapshot: true })
    await lab.client.describeSnapshot({ ...on(2023), snapshot: 'third', description: 'kept' })
    const gone = await lab.client.deleteSnapshot({ ...on(2023), snapshot: 'first', confirmation: 'proj-oscal01' })
    expect((await lab.ended(gone.taskId)).state).toBe('done')
    const rest = await lab.client.listSnapshots(on(2023))
    expect(rest.snapshots.map(({ name, parent, description }) => [name, parent, description])).toEqual([['second', null, 'before second'], ['third', null, 'kept']])
  })

  it.each(['current', '1st', 'a', 'with space'])('refuse the name %s', async (snapshot) => {
    expect((await lab.refusal(lab.client.takeSnapshot({ ...on(2023), snapshot }))).code).toBe('invalid-input')
  })
})

describe('migration', () => {
  it('plans by what the nodes have: refusals with their reasons first in nobody’s way', async () => {
    const plan = await lab.client.migrationPlan(on(2004))
    expect(plan.localDisks.length).toBeGreaterThan(0)
    expect(plan.targets).toHaveLength(6)
    expect(plan.targets.map((target) => target.node)).not.toContain(plan.node)
    for (const target of plan.targets) {
      expect(target.memoryFreeBytes).toBeGreaterThan(0)
      expect(target.verdict === 'possible').toBe(target.reasons.length === 0)
    }
    const verdicts = plan.targets.map((target) => target.verdict)
    expect(verdicts).toEqual(verdicts.toSorted((a, b) => ['possible', 'warning', 'refused'].indexOf(a) - ['possible', 'warning', 'refused'].indexOf(b)))
  })

  it('refuses what holds a device of its node', async () => {
    const plan = await lab.client.migrationPlan(on(2005))
    expect(plan.obstacles.join(' ')).toContain('hostpci0 is a passed-through device')
    const refused = await lab.refusal(lab.client.migrate({ ...on(2005), target: 'node01' }))
    expect(refused).toMatchObject({ code: 'conflict', message: expect.stringContaining('cannot go to node01') })
  })

  it('moves a running guest with its disks', async () => {
    const plan = await lab.client.migrationPlan(on(2023))
    const target = plan.targets.find((item) => !item.needsStorage && item.verdict !== 'refused')!.node
    const { taskId } = await lab.client.migrate({ ...on(2023), target })
    expect((await lab.ended(taskId)).state).toBe('done')
    expect(lab.guest(2023).node).toBe(target)
  })

  it('ends as unknown when its node is lost, and says where the guest is', async () => {
    const plan = await lab.client.migrationPlan(on(2021))
    const target = plan.targets.find((item) => !item.needsStorage && item.verdict !== 'refused')!.node
    const { taskId } = await lab.client.migrate({ ...on(2021), target })
    const { node } = plan
    lab.bench.demo.cluster.loseNode(node)
    const task = await lab.core.tasks.ended(taskId, AbortSignal.timeout(8000))
    expect(task).toMatchObject({ state: 'unknown', message: expect.stringMatching(new RegExp(`${node} has not answered.*Guest 2021 is now unknown on ${node}`)) })
    lab.bench.demo.cluster.regainNode(node)
    lab.bench.context.clock.advance(300_000)
  })
})

describe('clone and backup', () => {
  it('clones a template under the next free VMID', async () => {
    const choices = await lab.client.cloneChoices(on(9001))
    expect(choices).toMatchObject({ isTemplate: true, pools: expect.arrayContaining(['database']) })
    const { taskId } = await lab.client.clone({ ...on(9001), newVmid: choices.nextVmid, name: 'proj-new01', isFull: true, storage: choices.storages[0]!.storage })
    expect((await lab.ended(taskId)).state).toBe('done')
    expect(lab.guest(choices.nextVmid)).toMatchObject({ name: 'proj-new01', lock: undefined })
    const taken = await lab.refusal(lab.client.clone({ ...on(9001), newVmid: choices.nextVmid, name: 'proj-new02', isFull: false }))
    expect(taken).toMatchObject({ code: 'conflict', remedy: 'Choose another VMID: this one is taken.' })
  })

  it('backs up now, to the backup server first', async () => {
    const { storages } = await lab.client.backupChoices(on(2023))
    expect(storages[0]).toMatchObject({ storage: 'pbs01', type: 'pbs' })
    const { taskId } = await lab.client.backUp({ ...on(2023), storage: 'pbs01', notes: 'before the upgrade', isProtected: true })
    const task = await lab.ended(taskId, 120_000)
    expect(task).toMatchObject({ state: 'done', title: 'Back up proj-oscal01 to pbs01' })
    expect(task.logLines).toBeGreaterThan(5)
  })
})

describe('configuration', () => {
  it('is changed by difference, and what waits for the next start is told apart', async () => {
    const before = await lab.client.readConfig(on(2020))
    expect(before.values).toMatchObject({ cores: '2', name: 'proj-ztna01' })
    expect(before.values).not.toHaveProperty('digest')
    const after = await lab.client.changeConfig({ ...on(2020), digest: before.digest, set: { cores: '4', tags: 'infra;proj' } })
    expect(after.pending).toEqual([{ key: 'cores', now: '2', next: '4' }])
    expect(after.values).toMatchObject({ cores: '4', tags: 'infra;proj' })
    expect(lab.newestRecord()).toMatchObject({ outcome: 'done', subject: 'Change cores, tags of proj-ztna01 (2020)' })
    const reverted = await lab.client.changeConfig({ ...on(2020), digest: after.digest, revert: ['cores'] })
    expect(reverted.pending).toEqual([])
  })

  it('is not overwritten when somebody else changed it meanwhile', async () => {
    const { digest } = await lab.client.readConfig(on(2020))
    await lab.bench.send('PUT', `/nodes/${lab.guest(2020).node}/qemu/2020/config`, { description: 'another admin' })
    const refused = await lab.refusal(lab.client.changeConfig({ ...on(2020), digest, set: { tags: 'mine' } }))
    expect(refused).toMatchObject({ code: 'conflict', remedy: expect.stringContaining('Load it anew') })
    expect(lab.guest(2020).tags).not.toContain('mine')
  })

  it('never deletes a disk and never touches what Proxmox keeps itself', async () => {
    const { digest } = await lab.client.readConfig(on(2020))
    const changes: Array<{ set?: Record<string, string>; remove?: string[] }> = [{ remove: ['unused0'] }, { set: { lock: '' } }, { set: { digest: 'x' } }, {}]
    for (const change of changes)
      expect((await lab.refusal(lab.client.changeConfig({ ...on(2020), digest, ...change }))).code).toBe('invalid-input')
  })

  it('resolves a lost answer by reading', async () => {
    const { digest } = await lab.client.readConfig(on(2020))
    lab.hooks.beforeCall = async (call) => {
      if (call.method === 'PUT') await lab.cutAnswers()
      else lab.bench.context.faults.set('proxmox', undefined)
    }
    const after = await lab.client.changeConfig({ ...on(2020), digest, set: { description: 'kept' } })
    expect(after.values['description']).toBe('kept')
    expect(lab.newestRecord().outcome).toBe('done')
  })
})

describe('a container', () => {
  const ct = 5100
  beforeAll(() => lab.bench.demo.cluster.addGuest(createContainer({ vmid: ct, name: 'proj-ct01', node: 'node06', storage: 'nvmethin01', startedMs: lab.bench.context.clock.nowMs() - 3_600_000 })))

  it('is started, stopped and snapshot in its own way', async () => {
    expect(await lab.client.describe(on(ct))).toMatchObject({ type: 'lxc', state: 'running', name: 'proj-ct01' })
    const down = await lab.client.power({ ...on(ct), action: 'shutdown', timeoutSeconds: 60 })
    expect((await lab.ended(down.taskId)).state).toBe('done')
    const up = await lab.client.power({ ...on(ct), action: 'start' })
    const task = await lab.ended(up.taskId)
    expect(task).toMatchObject({ state: 'done', reference: expect.stringContaining(':vzstart:5100:') })
    const taken = await lab.client.takeSnapshot({ ...on(ct), snapshot: 'first', withMemory: true })
    expect((await lab.ended(taken.taskId)).state).toBe('done')
    expect((await lab.client.listSnapshots(on(ct))).snapshots).toMatchObject([{ name: 'first', hasMemory: false }])
  })

  it('is not asked for what containers cannot do', async () => {
    expect((await lab.refusal(lab.client.power({ ...on(ct), action: 'hibernate' }))).code).toBe('unsupported')
    expect((await lab.refusal(lab.client.interrupt({ ...on(ct), action: 'reset', confirmation: 'proj-ct01' }))).code).toBe('unsupported')
  })

  it('is cloned, moved with a restart, and configured', async () => {
    const cloned = await lab.client.clone({ ...on(ct), newVmid: 5101, name: 'proj-ct02', isFull: true })
    expect((await lab.ended(cloned.taskId)).state).toBe('done')
    expect(lab.guest(5101)).toMatchObject({ type: 'lxc', name: 'proj-ct02' })
    const plan = await lab.client.migrationPlan(on(ct))
    expect(plan).toMatchObject({ type: 'lxc', isRunning: true, localDisks: [{ storage: 'nvmethin01', sizeBytes: 8 * 2 ** 30 }] })
    const moved = await lab.client.migrate({ ...on(ct), target: 'node01' })
    expect((await lab.ended(moved.taskId)).state).toBe('done')
    expect(lab.guest(ct).node).toBe('node01')
    const { digest } = await lab.client.readConfig(on(ct))
    const after = await lab.client.changeConfig({ ...on(ct), digest, set: { memory: '4096' } })
    expect(after.values).toMatchObject({ memory: '4096', hostname: 'proj-ct01' })
  })
})

describe('tasks of others', () => {
  it('are listed and can be followed', async () => {
    const list = await lab.client.listTasks({ ...on(2022), limit: 5 })
    expect(list.length).toBeGreaterThan(1)
    const ended = list.find((task) => task.status === 'OK')!
    const { taskId } = await lab.client.followTask({ connectionId: lab.connectionId, upid: ended.upid })
    expect((await lab.ended(taskId)).state).toBe('done')
  })
})

describe('a ticket that expires', () => {
  it('in the middle of a task does not lose it', async () => {
    const connectionId = lab.asUser('meridian@pve')
    const { taskId } = await lab.client.takeSnapshot({ connectionId, vmid: 2020, snapshot: 'ticket' })
    // More than the two hours that a ticket is good for, in the lab's time; Meridian's own clock has not moved.
    lab.bench.context.clock.advance(3 * 3_600_000)
    expect(await lab.ended(taskId)).toMatchObject({ state: 'done' })
  })
})

describe('every request', () => {
  const api = loadApiDescription('pve')
  it.skipIf(!api)(`is one that Proxmox VE describes${api ? '' : ' (skipped: no API description beside this checkout)'}`, () => {
    const faults = lab.sent.flatMap((call) => checkRequest(api!, call.method ?? 'GET', call.path, { ...call.query, ...(typeof call.body === 'object' ? call.body : {}) }))
    expect(lab.sent.length).toBeGreaterThan(80)
    expect([...new Set(faults)]).toEqual([])
  })
})
