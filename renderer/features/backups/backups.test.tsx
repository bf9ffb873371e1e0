// The screen by what a person sees: the sentence and the worst first, promises that cannot hold, targets that are
// changed, destructive actions behind the group's name, and everything greyed with its reason while a system is away.
import { screen, waitFor, within } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { coverageVerdicts, type BackupState, type CoverageRow } from '#shared/contracts/backups.ts'
import { defaultBackupPolicy } from '#shared/model/backup-policy.ts'
import type { ConnectionId, Site, SiteId } from '#shared/model/connection.ts'
import { freshPage, show } from '../../testing/show.tsx'
import { DialogHost } from '../../app/DialogHost.tsx'
import BackupsScreen from './BackupsScreen.tsx'

const siteId = 'site-1' as SiteId
const pbs = 'pbs-1' as ConnectionId
const site: Site = { id: siteId, name: 'Lab', isDemo: false, isReadOnly: false, connections: [] }
const hourMs = 3_600_000
const group = { connectionId: pbs, store: 'main', namespace: '', type: 'vm' as const, backupId: '100' }
const target = { isRequired: true, rpoHours: 4, verifyAgeHours: 26 }

const row = (name: string, changes: Partial<CoverageRow> = {}): CoverageRow => ({
  entityId: `guest/${name}`, kind: 'guest', name, detail: '100', node: 'node01', tags: [], pool: null, verdict: 'ok', problems: [], target,
  targetFrom: 'the site', lastBackupAtMs: Date.now() - hourMs, lastVerifiedAtMs: Date.now() - hourMs, meetsRpo: true,
  promise: { state: 'broken', text: 'Backed up daily at 09:00: up to 1 d lie between two backups.' }, jobs: ['nightly'], nextRunAtMs: null,
  groups: [group], days: [{ day: '2026-11-24', state: 'ok', verification: 'ok', text: 'Backed up at 09:00; verified' }], evidence: [], ...changes,
})

function stateOf(changes: Partial<BackupState> = {}): BackupState {
  const rows = [
    row('web01', { verdict: 'failed', meetsRpo: false, problems: [{ kind: 'backup-failed', text: 'The last backup failed: no space left' }], days: [{ day: '2026-11-24', state: 'failed', verification: 'none', text: 'Failed at 09:00: no space left' }] }),
    row('db01', { problems: [{ kind: 'partial', text: 'Its disk scsi1 is left out of every backup.' }], verdict: 'partial' }),
    row('mail01'),
  ]
  return {
    siteId, atMs: Date.now(), policy: { ...defaultBackupPolicy, target }, headline: '2 of 3 guests meet RPO 4 h; failed: web01.',
    counts: Object.fromEntries(coverageVerdicts.map((verdict) => [verdict, rows.filter((item) => item.verdict === verdict).length])) as BackupState['counts'],
    meetRpo: { yes: 2, no: 1, unknown: 0 },
    sources: [{ connectionId: pbs, label: 'pbs01', kind: 'pbs', state: 'live', readAtMs: Date.now(), problem: null, remedy: null, clockSkewMs: 0, timeZone: 'UTC', limits: [] }],
    promises: [{ title: 'At most 4 h of work are lost (RPO)', state: 'broken', text: 'No schedule here can keep it.' }],
    rows, datastores: [], jobs: [], offsite: [], offsiteRows: [],
    groups: [{ ...group, entityId: null, ofEntityId: 'guest/web01', ofName: 'web01', owner: 'backup@pbs', snapshotCount: 2, lastBackupAtMs: Date.now(), sizeBytes: 1, verification: 'ok', protectedCount: 1, isEncrypted: false, comment: '' }],
    ...changes,
  }
}

const snapshot = (backupTime: number, isProtected: boolean) => ({
  backupTime, sizeBytes: 10, isRunning: false, isProtected, owner: 'backup@pbs', comment: 'web01', encryption: 'none', keyFingerprint: null,
  verification: 'ok', verifiedAtMs: null, files: [],
})

function open(state: BackupState, procedures: Record<string, unknown> = {}) {
  return show(
    <>
      <BackupsScreen />
      <DialogHost />
    </>,
    {
      backups: {
        watch: async function* () {
          yield state
          await new Promise(() => undefined)
        },
        snapshots: () => Promise.resolve([snapshot(1_795_500_000, false), snapshot(1_795_400_000, true)]),
        ...procedures,
      },
    } as never,
  )
}

beforeEach(() => freshPage({ sites: [site], siteId }, '/backups'))

describe('backups', () => {
  it('says in a sentence what is not protected, worst first, with a mark a day', async () => {
    open(stateOf())
    expect(await screen.findByText('2 of 3 guests meet RPO 4 h; failed: web01.')).toBeVisible()
    const promises = screen.getByRole('list', { name: 'Promises and proof' })
    expect(promises).toHaveTextContent('At most 4 h of work are lost (RPO) is not kept')
    const [, first] = within(screen.getByRole('grid', { name: 'Coverage' })).getAllByRole('row')
    expect(first).toHaveTextContent(/web01.*Failed.*no space left/)
    expect(within(first!).getByRole('img')).toHaveAccessibleName('Last 1 days: 1 failed')
  })

  it('its counts are filters', async () => {
    const { user } = open(stateOf())
    await user.click(await screen.findByRole('button', { name: /1\s*In part/ }))
    await waitFor(() => expect(within(screen.getByRole('grid', { name: 'Coverage' })).getAllByRole('row')).toHaveLength(2))
    expect(screen.getByRole('grid', { name: 'Coverage' })).toHaveTextContent('db01')
  })

  it('a lost system is said above everything, with its age, and its actions say why they rest', async () => {
    const lost = stateOf()
    lost.sources = [{ ...lost.sources[0]!, state: 'lost', readAtMs: Date.now() - 2 * hourMs - 60_000, problem: 'pbs01 cannot be reached.', remedy: 'Check the network.' }]
    freshPage({ sites: [site], siteId }, `/backups?tab=groups&group=${encodeURIComponent('pbs-1|main||vm|100')}`)
    const { user } = open(lost)
    expect(await screen.findByText(/is known as of/)).toHaveTextContent('pbs01 is known as of 2 h ago: pbs01 cannot be reached. Check the network.')
    const [menu] = await screen.findAllByRole('button', { name: /^Actions for the backup/ })
    await user.click(menu!)
    const forget = await screen.findByRole('menuitem', { name: 'Forget…' })
    expect(forget).toHaveAttribute('aria-disabled', 'true')
    expect(forget).toHaveAttribute('title', expect.stringContaining('does not answer'))
  })

  it('forgets a backup only with its group typed, and a protected one not at all', async () => {
    const forget = vi.fn(() => Promise.resolve())
    freshPage({ sites: [site], siteId }, `/backups?tab=groups&group=${encodeURIComponent('pbs-1|main||vm|100')}`)
    const { user } = open(stateOf(), { forget })
    const menus = await screen.findAllByRole('button', { name: /^Actions for the backup/ })
    await user.click(menus[1]!)
    expect(await screen.findByRole('menuitem', { name: 'Forget…' })).toHaveAttribute('title', expect.stringContaining('protected'))
    await user.keyboard('{Escape}')
    await user.click(menus[0]!)
    await user.click(await screen.findByRole('menuitem', { name: 'Forget…' }))
    const button = await screen.findByRole('button', { name: 'Forget it' })
    expect(button).toBeDisabled()
    await user.type(screen.getByRole('textbox', { name: /Type “vm\/100”/ }), 'vm/100')
    await user.click(button)
    expect(forget).toHaveBeenCalledWith(expect.objectContaining({ backupTime: 1_795_500_000, confirmation: 'vm/100' }))
  })

  it('a guest gets a target of its own, with the reason', async () => {
    const setPolicy = vi.fn(() => Promise.resolve())
    freshPage({ sites: [site], siteId }, '/backups?entity=guest/mail01')
    const { user } = open(stateOf(), { setPolicy })
    await user.click(await screen.findByRole('button', { name: 'Target of its own' }))
    await user.click(await screen.findByRole('switch', { name: 'It has a target of its own' }))
    await user.click(await screen.findByRole('switch', { name: 'A backup is wanted' }))
    await user.type(screen.getByRole('textbox', { name: 'Why it differs' }), 'made anew')
    await user.click(screen.getByRole('button', { name: 'Save the targets' }))
    const rule = { scope: 'guest', value: 'guest/mail01', target: { ...target, isRequired: false }, note: 'made anew' }
    expect(setPolicy).toHaveBeenCalledWith({ siteId, policy: expect.objectContaining({ rules: [rule] }) })
  })
})
