import { act, screen, within } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { setActionProviders, useEntityActions, type ActionContext } from '#client/entity-actions.store.ts'
import { useTasks } from '#client/tasks.store.ts'
import type { MigrationPlan } from '#shared/contracts/guests.ts'
import { AppError } from '#shared/errors.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { EntityActions } from '#ui/EntityActions.tsx'
import { DialogHost } from '../../app/DialogHost.tsx'
import { sampleEntity } from '../../testing/sample-inventory.ts'
import { connectionId, sampleSiteRecord, sampleSource, siteId } from '../../testing/sample-session.ts'
import { sampleTask } from '../../testing/sample-tasks.ts'
import { freshPage, knowSampleSite, show } from '../../testing/show.tsx'
import { changesBetween, parseConfigText, toConfigText } from './config-text.ts'
import { guestActions } from './entity-actions.tsx'
import { guestObstacle } from './guest-obstacles.ts'
import { chartsOf } from './performance-charts.ts'
import { SnapshotPanel } from './SnapshotPanel.tsx'
import { MigrateDialog } from './MigrateDialog.tsx'
import { ConfigPanel } from './ConfigPanel.tsx'

const guest = (name: string, vmid: number, extra: Partial<Entity> = {}): Entity =>
  sampleEntity(name, 'guest', 'guests', { ...extra, facts: { vmid, type: 'qemu', node: 'node01', ...extra.facts } })
const running = guest('pg01', 2002)
const stopped = guest('k8s01', 3001, { status: 'stopped', health: 'off' })
const site = sampleSiteRecord()
const sources = [sampleSource({ kind: 'proxmox', label: 'radioastronomy' })]
const context = { site, sources, rights: new Map() } satisfies Pick<ActionContext, 'site' | 'sources' | 'rights'>

beforeEach(() => {
  freshPage({ sites: [site], siteId }, '/inventory')
  knowSampleSite({ sources })
  useTasks.setState(useTasks.getInitialState(), true)
  setActionProviders([guestActions])
})

describe('what stands in the way', () => {
  it.each([
    [running, 'start', 'It is running already.'],
    [running, 'shutdown', null],
    [stopped, 'stop', 'It is not running.'],
    [stopped, 'start', null],
    [running, 'resume', 'It is not paused.'],
    [guest('p', 1, { status: 'paused' }), 'resume', null],
    [guest('b', 1, { status: 'running (backup)', facts: { lock: 'backup' } }), 'migrate', 'It is locked (backup): something else is being done with it.'],
    [guest('b', 1, { status: 'running (backup)', facts: { lock: 'backup' } }), 'stop', null],
    [guest('s', 1, { status: 'stopped (suspended)', facts: { lock: 'suspended' } }), 'resume', null],
    [guest('t', 1, { status: 'template', facts: { isTemplate: true } }), 'start', 'A template is cloned, not run.'],
    [guest('c', 1, { facts: { type: 'lxc' } }), 'hibernate', 'A container cannot do that.'],
    [guest('u', 1, { status: 'unknown' }), 'stop', 'Its state is not known: its node does not answer.'],
  ] as const)('%#: %s', (entity, verb, expected) => expect(guestObstacle(entity, verb, context)).toBe(expected))

  it('is told in this order: the connection, the site, the rights, the state', () => {
    const rights = new Map([[connectionId, { identity: 'auditor@pve', paths: { '/': { 'VM.Audit': true } } }]])
    const readOnly = { ...site, isReadOnly: true }
    const lost = [sampleSource({ kind: 'proxmox', label: 'radioastronomy', state: 'lost' })]
    expect(guestObstacle(running, 'start', { site: readOnly, sources: lost, rights })).toContain('radioastronomy does not answer')
    expect(guestObstacle(running, 'start', { site: readOnly, sources, rights })).toContain('read-only in Meridian')
    expect(guestObstacle(running, 'start', { site, sources, rights })).toBe('auditor@pve lacks the privilege VM.PowerMgmt on /vms/2002.')
  })
})

function Actions({ entities }: { entities: readonly Entity[] }) {
  return (
    <>
      <EntityActions actions={useEntityActions(entities)} />
      <DialogHost />
    </>
  )
}

describe('actions', () => {
  it('start at once, and ask before a shutdown', async () => {
    const power = vi.fn().mockResolvedValue({ taskId: 't' })
    const { user, unmount } = show(<Actions entities={[stopped]} />, { guests: { power } })
    await user.click(screen.getByRole('button', { name: 'Start' }))
    expect(power).toHaveBeenCalledWith({ connectionId, vmid: 3001, entityId: 'k8s01', action: 'start' })
    unmount()
    const second = show(<Actions entities={[running]} />, { guests: { power } })
    await second.user.click(screen.getByRole('button', { name: 'Shut down…' }))
    await second.user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Shut down' }))
    expect(power).toHaveBeenLastCalledWith(expect.objectContaining({ vmid: 2002, action: 'shutdown' }))
  })

  it('want the name typed before the plug is pulled, and show a refusal', async () => {
    const interrupt = vi.fn().mockRejectedValueOnce(new AppError('conflict', 'VM is locked (backup)', { remedy: 'Wait for the backup.' }))
    const { user } = show(<Actions entities={[running]} />, { guests: { interrupt } })
    await user.click(screen.getByRole('button', { name: 'More' }))
    await user.click(await screen.findByRole('menuitem', { name: 'Stop…' }))
    const dialog = await screen.findByRole('dialog')
    expect(within(dialog).getByRole('button', { name: 'Stop' })).toBeDisabled()
    await user.type(within(dialog).getByRole('textbox', { name: 'Type “pg01” to confirm' }), 'pg01')
    await user.click(within(dialog).getByRole('button', { name: 'Stop' }))
    expect(interrupt).toHaveBeenCalledWith({ connectionId, vmid: 2002, entityId: 'pg01', action: 'stop', confirmation: 'pg01' })
    expect(await within(dialog).findByRole('alert')).toHaveTextContent('Wait for the backup.')
  })

  it('over several guests leave out what they do not fit, and list what became of each', async () => {
    const power = vi.fn(({ vmid }: { vmid: number }) =>
      vmid === 2003 ? Promise.reject(new AppError('forbidden', 'Permission check failed')) : Promise.resolve({ taskId: `task-${vmid}` }),
    )
    const other = guest('dc02', 2003)
    const { user } = show(<Actions entities={[running, other, stopped]} />, { guests: { power: power as never } })
    await user.click(screen.getByRole('button', { name: 'Shut down…' }))
    const dialog = await screen.findByRole('dialog')
    expect(dialog).toHaveTextContent('Left out: It is not running.')
    await user.click(within(dialog).getByRole('button', { name: 'Shut down 2 guests' }))
    expect(power).toHaveBeenCalledTimes(2)
    expect(await screen.findByText('Permission check failed')).toBeInTheDocument()
    act(() => useTasks.setState({ tasks: new Map([['task-2002', sampleTask({ taskId: 'task-2002', state: 'done' })]]) }))
    const rows = within(screen.getByRole('table', { name: 'Results' })).getAllByRole('row').map((row) => row.textContent)
    expect(rows).toEqual(['pg01●Done', 'dc02✕FailedPermission check failed', 'k8s01○Left outIt is not running.'])
  })
})

const plan: MigrationPlan = {
  name: 'pg01',
  node: 'node01',
  type: 'qemu',
  isRunning: true,
  localDisks: [{ volume: 'nvme:vm-2002-disk-0', storage: 'nvme', sizeBytes: 2 ** 30 }],
  obstacles: [],
  targets: [
    { node: 'node02', verdict: 'warning', reasons: ['nvme is not there: choose a storage for the disks.'], cpuFraction: 0.2, cpuCount: 20, memoryFreeBytes: 2 ** 34, memoryTotalBytes: 2 ** 36, needsStorage: true, storages: [{ storage: 'local-lvm', type: 'lvmthin', isShared: false, freeBytes: 2 ** 36, totalBytes: 2 ** 37 }] },
    { node: 'node03', verdict: 'refused', reasons: ['node03 is offline.'], cpuFraction: null, cpuCount: 20, memoryFreeBytes: null, memoryTotalBytes: 2 ** 36, needsStorage: false, storages: [] },
  ],
}

describe('migration', () => {
  it('says why a node cannot be chosen, and what is still missing', async () => {
    const migrate = vi.fn().mockResolvedValue({ taskId: 't' })
    const { user } = show(<MigrateDialog guest={running} />, { guests: { migrationPlan: vi.fn().mockResolvedValue(plan), migrate } })
    expect(await screen.findByRole('radio', { name: 'node03' })).toBeDisabled()
    expect(screen.getByText(/node03 is offline/)).toBeInTheDocument()
    expect(screen.getByRole('button', { name: 'Migrate to node02' })).toHaveAttribute('aria-disabled', 'true')
    await user.click(screen.getByRole('combobox', { name: 'Storage for its disks' }))
    await user.click(await screen.findByRole('option', { name: /local-lvm/ }))
    await user.click(screen.getByRole('button', { name: 'Migrate to node02' }))
    expect(migrate).toHaveBeenCalledWith(expect.objectContaining({ target: 'node02', targetStorage: 'local-lvm' }))
  })
})

describe('snapshots', () => {
  it('stand as a tree, with the present state in its place', async () => {
    const snapshot = (name: string, parent: string | null, at: number) => ({ name, parent, takenAtMs: at, description: '', hasMemory: false })
    const listSnapshots = vi.fn().mockResolvedValue({
      snapshots: [snapshot('b', 'a', 2), snapshot('a', null, 1), snapshot('c', 'a', 3)],
      currentParent: 'b',
      isRunning: true,
      canSnapshot: true,
    })
    show(<SnapshotPanel guest={running} context={context} />, { guests: { listSnapshots } })
    const tree = await screen.findByRole('list', { name: 'Snapshots' })
    expect(tree.querySelectorAll(':scope > li')).toHaveLength(1)
    const [first] = within(tree).getAllByRole('listitem')
    expect(first!.querySelectorAll(':scope > ul > li')).toHaveLength(2)
    expect(within(tree).getByText('Now').closest('ul')!.parentElement).toHaveTextContent(/^b/)
  })
})

describe('the configuration', () => {
  it('is the same text back, and only differences are sent', () => {
    const values = { cores: '4', description: 'two\nlines', tags: 'a;b', onboot: '1', net0: 'virtio=02:60,bridge=vmbr1' }
    const text = toConfigText(values)
    expect(parseConfigText(text)).toEqual(values)
    expect(text).toContain('cores: 4\n')
    const edited = text.replace('cores: 4', 'cores: 8').replace('onboot: 1\n', '')
    expect(changesBetween(values, parseConfigText(edited))).toEqual({ set: { cores: '8' }, remove: ['onboot'] })
    expect(() => parseConfigText('cores: [1, 2]')).toThrow('The value of cores')
    expect(() => parseConfigText('just words')).toThrow('no list of options')
  })

  it('shows what waits for the next start and takes it back', async () => {
    const config = { digest: 'd1', values: { cores: '8' }, pending: [{ key: 'cores', now: '4', next: '8' }] }
    const changeConfig = vi.fn().mockResolvedValue({ digest: 'd2', values: { cores: '4' }, pending: [] })
    const { user } = show(<ConfigPanel guest={running} context={context} />, { guests: { readConfig: vi.fn().mockResolvedValue(config), changeConfig } })
    expect(await screen.findByText('4 → 8')).toBeInTheDocument()
    await user.click(screen.getByRole('button', { name: 'Take back cores' }))
    expect(changeConfig).toHaveBeenCalledWith(expect.objectContaining({ digest: 'd1', revert: ['cores'] }))
    await vi.waitFor(() => expect(screen.queryByText('4 → 8')).not.toBeInTheDocument())
  })
})

describe('performance', () => {
  it('draws what a version records and nothing else', () => {
    const charts = chartsOf('guest', { timesMs: [1, 2], series: { cpu: [0.1, null], mem: [1, 2], maxmem: [4, 4], pressurecpusome: [0, 1] } })
    expect(charts.map((chart) => [chart.title, chart.series.map((line) => line.label)])).toEqual([
      ['CPU', ['Used']],
      ['Memory', ['Used', 'Has']],
      ['Pressure (waiting for)', ['CPU']],
    ])
    expect(charts[0]!.series[0]!.values).toEqual([0.1, null])
  })
})
