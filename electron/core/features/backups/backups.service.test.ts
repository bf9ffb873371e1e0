// The service against the demo lab's own servers, on a clock that moves: what is said of the lab, what is done to its
// backups, and what is said while the backup server or the object store is away.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { BackupState, CoverageRow, GroupName } from '#shared/contracts/backups.ts'
import type { Task } from '#shared/contracts/tasks.ts'
import type { AppError } from '#shared/errors.ts'
import { defaultBackupPolicy } from '#shared/model/backup-policy.ts'
import { startBackupLab, type BackupLab } from './testing/backup-lab.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
let lab: BackupLab
beforeAll(async () => {
  lab = await startBackupLab('2026-11-24T12:30:00Z')
  const policy = {
    ...defaultBackupPolicy,
    target: { isRequired: true, rpoHours: 4, verifyAgeHours: 26 },
    backupAt: '09:00',
    verifiedAt: '11:00',
    offsite: { ...defaultBackupPolicy.offsite, recoveryHours: 12 },
  }
  await lab.core.client.backups.setPolicy({ siteId: lab.site.id, policy })
}, 60_000)
afterAll(() => lab.dispose())

const rowOf = (state: BackupState, name: string): CoverageRow => {
  const row = state.rows.find((it) => it.name === name)
  if (!row) throw new Error(`No row ${name}.`)
  return row
}
const groupOf = (backupId: string): GroupName => ({
  connectionId: lab.idOf('pbs'),
  store: 'datastore01',
  namespace: 'vm',
  type: 'vm',
  backupId,
})
const failure = (work: Promise<unknown>): Promise<AppError> =>
  work.then(
    () => Promise.reject(new Error('It should have failed.')),
    (error: AppError) => error,
  )
/** The desk asks every few seconds; the lab's own clock is moved so that the server has finished by then. */
const ended = (task: Task): Promise<Task> =>
  vi.waitFor(
    async () => {
      lab.context.clock.advance(minuteMs)
      const [known] = (await lab.core.client.tasks.list({ siteId: lab.site.id, limit: 50 })).filter(
        (it) => it.taskId === task.taskId,
      )
      expect(known?.state).not.toBe('running')
      return known!
    },
    { timeout: 60_000, interval: 100 },
  )

describe('what is said of the lab', () => {
  it('in a sentence, by guest, and of each promise', async () => {
    const state = await lab.look()
    expect(state.headline).toBe('29 of 30 guests meet RPO 4 h; failed: proj-milvus01; 8 leave disks out.')
    expect(rowOf(state, 'proj-pg01')).toMatchObject({
      verdict: 'ok',
      meetsRpo: true,
      promise: { state: 'broken', text: expect.stringContaining('an RPO of 4 h cannot be kept') },
      jobs: ['backup-daily-vm'],
    })
    expect(rowOf(state, 'proj-milvus01')).toMatchObject({ verdict: 'failed', meetsRpo: false })
    expect(rowOf(state, 'proj-milvus01').days.map((day) => day.state)).toEqual([
      ...Array(12).fill('ok'),
      'failed',
      'failed',
    ])
    expect(rowOf(state, 'proj-mon01')).toMatchObject({ verdict: 'partial', problems: [{ kind: 'partial' }] })
    expect(state.promises.map((it) => it.state)).toEqual(['broken', 'kept', 'broken', 'kept', 'unknown'])
    expect(state.datastores[0]).toMatchObject({ store: 'datastore01', deduplication: 9.4, failedCount: 0 })
    expect(state.jobs.filter((job) => job.kind === 'vzdump').map((job) => job.lastState)).toEqual([
      '1 of its guests failed',
      'OK',
    ])
    expect(state.offsiteRows.filter((row) => row.entityId !== null)).toHaveLength(30)
  })

  it('four hours later: nothing meets its objective, and that is what is said', async () => {
    lab.advance(5 * hourMs)
    const state = await lab.look()
    expect(state.headline).toContain('0 of 30 guests meet RPO 4 h')
    expect(rowOf(state, 'mgmt-repo01').problems).toMatchObject([
      {
        kind: 'stale',
        text: expect.stringMatching(/^Its newest backup is 8 h \d+ min old; the RPO is 4 h\.$/),
      },
    ])
  })
})

describe('what is done', { timeout: 90_000 }, () => {
  it('a verification is followed to its end, and the page knows of it', async () => {
    const { backups } = lab.core.client
    const [newest] = await backups.snapshots({ siteId: lab.site.id, group: groupOf('2001') })
    lab.pbs.server.backups.list({ backupId: '2001' }).forEach((it) => (it.verification = undefined))
    expect(rowOf(await lab.look(), 'proj-dp01').problems.map((it) => it.kind)).toContain('never-verified')
    const task = await backups.verify({
      siteId: lab.site.id,
      connectionId: lab.idOf('pbs'),
      store: 'datastore01',
      group: groupOf('2001'),
      backupTime: newest!.backupTime,
      isAgain: false,
    })
    expect(task).toMatchObject({
      title: expect.stringContaining('Verify vm/2001 of 2026-11-24 09:0'),
      kind: 'pbs',
    })
    expect(await ended(task)).toMatchObject({ state: 'done' })
    const [after] = await vi.waitFor(
      async () => {
        await lab.look()
        const found = await backups.snapshots({ siteId: lab.site.id, group: groupOf('2001') })
        expect(found[0]!.verification).toBe('ok')
        return found
      },
      { timeout: 30_000, interval: 100 },
    )
    expect(after!.verifiedAtMs).toBeGreaterThan(newest!.verifiedAtMs!)
  })

  it('protection and notes change; what is protected is not forgotten, what is confirmed wrongly neither', async () => {
    const { backups } = lab.core.client
    const group = groupOf('2004')
    const oldest = (await backups.snapshots({ siteId: lab.site.id, group })).at(-1)!
    const named = { siteId: lab.site.id, group, backupTime: oldest.backupTime }
    await backups.protect({ ...named, isProtected: true })
    await backups.editNotes({ ...named, notes: 'before the upgrade\nsecond line' })
    expect(await backups.readNotes(named)).toEqual({ notes: 'before the upgrade\nsecond line' })
    expect(await failure(backups.forget({ ...named, confirmation: 'vm/2005' }))).toMatchObject({
      detail: { kind: 'confirmation', expected: 'vm/2004' },
    })
    expect((await failure(backups.forget({ ...named, confirmation: 'vm/2004' }))).message).toContain(
      'cannot remove protected snapshot',
    )
    await backups.protect({ ...named, isProtected: false })
    await backups.forget({ ...named, confirmation: 'vm/2004' })
    await lab.look()
    expect(
      (await backups.snapshots({ siteId: lab.site.id, group })).some(
        (it) => it.backupTime === oldest.backupTime,
      ),
    ).toBe(false)
  })

  it('a prune does what its preview showed, and none without a keep option', async () => {
    const { backups } = lab.core.client
    const group = groupOf('2006')
    const input = { siteId: lab.site.id, group, keep: { last: 3 } }
    const preview = await backups.previewPrune(input)
    expect(preview.map((row) => row.isKept)).toEqual([
      true,
      true,
      true,
      ...Array(preview.length - 3).fill(false),
    ])
    expect((await failure(backups.prune({ ...input, keep: {}, confirmation: 'vm/2006' }))).message).toMatch(
      /how many/,
    )
    expect(await backups.prune({ ...input, confirmation: 'vm/2006' })).toEqual(preview)
    const state = await lab.look()
    expect(await backups.snapshots({ siteId: lab.site.id, group })).toHaveLength(3)
    // The calendar still knows what was made, because the server's task list does.
    expect(rowOf(state, 'proj-rds01').days.every((day) => day.state === 'ok')).toBe(true)
  })

  it('jobs run now: those of the backup server, and vzdump on every node that has guests of the job', async () => {
    const { backups } = lab.core.client
    const job = await backups.runServerJob({
      siteId: lab.site.id,
      connectionId: lab.idOf('pbs'),
      kind: 'prune',
      id: 'prune-daily',
    })
    expect(await ended(job)).toMatchObject({ state: 'done' })
    const begun = await backups.runBackupJob({
      siteId: lab.site.id,
      connectionId: lab.idOf('proxmox'),
      id: 'backup-daily-k8s',
    })
    expect(begun.map((task) => task.title)).toEqual(
      ['node01', 'node02', 'node03', 'node04'].map(
        (node) => `Run the backup job backup-daily-k8s on ${node}`,
      ),
    )
    for (const task of begun) expect(await ended(task)).toMatchObject({ state: 'done' })
    const guests = (await lab.look()).rows.filter((row) => ['proj-pg01', 'mgmt-repo01'].includes(row.name))
    const some = await backups.backUpGuests({
      siteId: lab.site.id,
      entityIds: guests.map((row) => row.entityId),
      storage: 'pbs01',
      mode: 'snapshot',
      isProtected: true,
      notes: '{{guestname}} before the release',
    })
    expect(some).toHaveLength(2)
    for (const task of some) expect(await ended(task)).toMatchObject({ state: 'done' })
    await lab.look()
    const [newest] = await backups.snapshots({ siteId: lab.site.id, group: groupOf('2002') })
    expect(newest).toMatchObject({ isProtected: true, comment: 'proj-pg01 before the release' })
  })

  it('nothing on a read-only site, and nothing through another site’s connection', async () => {
    const { backups, sites } = lab.core.client
    const wish = { siteId: lab.site.id, connectionId: lab.idOf('pbs'), store: 'datastore01' }
    await sites.update({ siteId: lab.site.id, isReadOnly: true })
    expect(await failure(backups.collectGarbage(wish))).toMatchObject({
      code: 'forbidden',
      detail: { kind: 'read-only' },
    })
    const other = await sites.create({ name: 'Other' })
    expect(await failure(backups.collectGarbage({ ...wish, siteId: other.id }))).toMatchObject({
      code: 'not-found',
    })
    const [newest] = await backups.snapshots({ siteId: lab.site.id, group: groupOf('2002') })
    const around = {
      siteId: other.id,
      group: groupOf('2002'),
      backupTime: newest!.backupTime,
      isProtected: false,
    }
    expect(await failure(backups.protect(around))).toMatchObject({ code: 'not-found' })
    await sites.update({ siteId: lab.site.id, isReadOnly: false })
  })

  it('an archived copy is asked back once; what was asked for twice says so', async () => {
    const { backups } = lab.core.client
    const copy = rowOfOffsite(await lab.look(), 'proj-pg01')
    const wish = {
      siteId: lab.site.id,
      connectionId: lab.idOf('s3'),
      key: copy.keys[0]!,
      tier: 'Standard' as const,
      days: 3,
    }
    expect(await backups.requestRestore(wish)).toEqual({ restore: 'ongoing' })
    expect((await failure(backups.requestRestore(wish))).message).toContain('restoring this object already')
    lab.advance(5 * hourMs)
    expect(rowOfOffsite(await lab.look(), 'proj-pg01').restore).toBe('readable')
  })

  it('a pattern that cannot tell copies apart is refused', async () => {
    const policy = {
      ...defaultBackupPolicy,
      offsite: { ...defaultBackupPolicy.offsite, pattern: 'everything/*' },
    }
    expect(
      (await failure(lab.core.client.backups.setPolicy({ siteId: lab.site.id, policy }))).message,
    ).toContain('{cadence}')
  })
})

const rowOfOffsite = (state: BackupState, name: string) =>
  state.offsiteRows.find((row) => row.name === name)!.copies.find((copy) => copy.cadence === 'weekly')!

describe('while the backup server is away', () => {
  it('at 09:05 the page says what is known and until when, and nothing turns green or red by itself', async () => {
    const tomorrow = Date.parse('2026-11-26T09:05:00Z')
    lab.advance(Date.parse('2026-11-26T08:50:00Z') - lab.context.clock.nowMs())
    await lab.look()
    lab.context.faults.set('pbs', 'cut')
    lab.advance(tomorrow - lab.context.clock.nowMs())
    const state = await lab.look()
    const source = state.sources.find((it) => it.kind === 'pbs')!
    expect(source).toMatchObject({ state: 'lost', problem: expect.any(String) })
    const row = rowOf(state, 'mgmt-repo01')
    expect(row.verdict).toBe('unknown')
    expect(row.meetsRpo).toBeNull()
    expect(row.problems[0]).toMatchObject({
      kind: 'not-visible',
      text: expect.stringContaining('since 08:50'),
    })
    lab.advance(3 * hourMs)
    const later = await lab.look()
    expect(rowOf(later, 'mgmt-repo01').days.at(-1)).toMatchObject({
      state: 'unknown',
      text: 'Due at 09:00; nothing is known since 08:50',
    })
    expect(later.promises[0]).toMatchObject({ state: 'unknown' })
    lab.context.faults.set('pbs', undefined)
    const back = await lab.look()
    expect(rowOf(back, 'mgmt-repo01')).toMatchObject({ verdict: 'ok', meetsRpo: true })
  })

  it('a bucket that does not answer keeps its copies, as of then', async () => {
    lab.context.faults.set('s3', 'server-error')
    const state = await lab.look()
    expect(state.sources.find((it) => it.kind === 's3')).toMatchObject({ state: 'lost' })
    expect(state.offsiteRows.length).toBeGreaterThan(30)
    expect(state.promises.find((it) => it.title.startsWith('Off-site'))).toMatchObject({ state: 'unknown' })
    lab.context.faults.set('s3', undefined)
  })
})
