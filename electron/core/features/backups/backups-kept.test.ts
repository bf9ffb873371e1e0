// After a restart without a network: what was last read is judged anew, with its age, and nothing is greener than it was.
import { expect, it } from 'vitest'
import { createTestHost } from '../../testing/test-host.ts'
import { labPassphrase, startBackupLab } from './testing/backup-lab.ts'

const hourMs = 3_600_000

it('what was read outlives the process and the network', { timeout: 60_000 }, async () => {
  const lab = await startBackupLab('2026-11-24T10:00:00Z')
  const before = await lab.look()
  const { dataDir } = lab.core.test
  const nowMs = lab.context.clock.nowMs() + 30 * hourMs
  await lab.endCore()
  for (const service of ['proxmox', 'pbs', 's3'] as const) lab.context.faults.set(service, 'cut')

  const again = await createTestHost({ dataDir, nowMs })
  await again.client.vault.unlock({ passphrase: labPassphrase })
  const after = await again.client.backups.lastKnown({ siteId: lab.site.id })
  expect(after.rows).toHaveLength(before.rows.length)
  expect(after.sources.map((source) => [source.state, source.readAtMs])).toEqual(
    before.sources.map((source) => ['lost', source.readAtMs]),
  )
  const row = after.rows.find((it) => it.name === 'mgmt-repo01')!
  expect(row.lastBackupAtMs).toBe(before.rows.find((it) => it.name === 'mgmt-repo01')!.lastBackupAtMs)
  expect([row.verdict, row.meetsRpo]).toEqual(['unknown', null])
  expect(after.groups).toHaveLength(before.groups.length)
  const group = after.groups.find((it) => it.backupId === '2002' && it.type === 'vm')!
  expect((await again.client.backups.snapshots({ siteId: lab.site.id, group })).length).toBeGreaterThan(5)
  expect(after.offsiteRows.length).toBe(before.offsiteRows.length)
  await again.dispose()
  await lab.dispose()
})
