import { screen, waitFor, within } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { ComplianceOverview, ComplianceRun } from '#shared/contracts/compliance.ts'
import { scoreOf, type CheckResult } from '#shared/model/compliance.ts'
import { AppError } from '#shared/errors.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { DialogHost } from '../../app/DialogHost.tsx'
import { freshPage, show } from '../../testing/show.tsx'
import ComplianceScreen from './ComplianceScreen.tsx'

const siteId = 'lab' as SiteId
const run: ComplianceRun = {
  runId: 'r1', siteId, startedAtMs: Date.now() - 60_000, endedAtMs: Date.now() - 50_000, state: 'done', appVersion: '1', catalogueSha256: 'a'.repeat(64), includesActive: false, systems: [], counts: { fail: 1, unknown: 1 }, importedFrom: null,
}
const result: CheckResult = {
  checkId: 'PVE-ACC-01', targetId: 'pve', targetLabel: 'Lab cluster', connectionId: null, verdict: 'fail', says: 'ada@pve: has no second factor that works', evidence: ['e1'], elapsedMs: 3, counts: { fail: 1, pass: 2 },
  objects: [{ name: 'ada@pve', entity: null, verdict: 'fail', says: 'has no second factor that works' }],
}
const catalogue = {
  framework: 'CIS Controls', version: '8.0', notice: 'The official text counts.',
  controls: [{ id: 6, title: 'Manage access rights' }],
  safeguards: [{ id: '6.5', title: 'Second factor for every administrator login', assetType: 'Users', securityFunction: 'Protect', group: 1 as const }],
  checks: [{ id: 'PVE-ACC-01', target: 'pve-cluster', title: 'Every enabled person has a second factor', severity: 'critical' as const, safeguards: ['6.5'], rule: 'Each has one.', remedy: 'Enrol one.', requires: null, note: null, probes: [], lists: [], isManual: false }],
}
function overview(more: Partial<ComplianceOverview> = {}): ComplianceOverview {
  const score = scoreOf(['not-met'])
  const scores = { 1: score, 2: score, 3: score }
  return {
    run, scores, controls: [{ id: 6, scores }], failing: [result], changes: null, trend: [],
    safeguards: [{ id: '6.5', state: 'not-met', says: '1 check fails.', counts: { fail: 1 }, checkIds: ['PVE-ACC-01'], owner: null, attestation: null }],
    ...more,
  }
}
const evidence = { id: 'e1', probe: 'GET /access/tfa', target: 'Lab cluster', identity: 'auditor@pve!read', atMs: Date.now(), elapsedMs: 5, appVersion: '1', sha256: 'b'.repeat(64), byteLength: 2, isCut: false, redactions: 1, problem: null }

const showScreen = (more: Record<string, unknown> = {}) =>
  show(
    <>
      <ComplianceScreen />
      <DialogHost />
    </>,
    {
      compliance: {
        catalogue: () => Promise.resolve(catalogue),
        overview: () => Promise.resolve(overview()),
        results: () => Promise.resolve([result]),
        watchRun: async (_input: unknown, { signal }: { signal: AbortSignal }) => {
          await Promise.resolve()
          return (async function* () {
            yield null
            await new Promise((resolve) => signal.addEventListener('abort', resolve))
          })()
        },
        ...more,
      } as never,
    },
  )

beforeEach(() => freshPage({ siteId, sites: [{ id: siteId, name: 'Lab', isDemo: false, isReadOnly: false, connections: [] }] }, '/compliance'))

describe('the compliance screen', () => {
  it('shows scores with their denominators and what to do first', async () => {
    showScreen()
    expect(await screen.findByRole('region', { name: 'Implementation group 1' })).toHaveTextContent('0 of 1 assessed safeguards met, 0 not looked at')
    expect(screen.getByText('Lab cluster: ada@pve: has no second factor that works')).toBeInTheDocument()
    expect(screen.getByText('Enrol one.')).toBeInTheDocument()
  })

  it('says what to do before anything was run', async () => {
    showScreen({ overview: () => Promise.resolve(overview({ run: null, failing: [] })) })
    expect(await screen.findByText('Run the checks to see what fails.')).toBeInTheDocument()
  })

  it('opens a finding, reads its evidence when asked, and asks for two people to accept the risk', async () => {
    const acceptRisk = vi.fn().mockRejectedValueOnce(new AppError('conflict', 'The record is busy.')).mockResolvedValue({})
    const { user } = showScreen({
      finding: () => Promise.resolve({ run, result, evidence: [evidence], history: [{ runId: 'r1', atMs: 1, verdict: 'fail' }], exceptions: [] }),
      evidenceText: () => Promise.resolve('[{"userid":"ada@pve"}]'),
      acceptRisk,
    })
    await user.click(await screen.findByRole('button', { name: 'Every enabled person has a second factor' }))
    await user.click(await screen.findByRole('button', { name: 'Show the answer' }))
    expect(await screen.findByRole('region', { name: 'Answer to GET /access/tfa' })).toHaveTextContent('ada@pve')
    expect(screen.getByText('1 redacted')).toBeInTheDocument()
    await user.click(screen.getByRole('button', { name: 'Accept the risk…' }))
    const dialog = await screen.findByRole('dialog')
    await user.type(within(dialog).getByLabelText(/Reason/), 'Next month.')
    await user.type(within(dialog).getByLabelText(/Requested by/), 'Ada')
    await user.type(within(dialog).getByLabelText(/Approved by/), 'ada')
    expect(within(dialog).getByRole('button', { name: 'Accept the risk' })).toBeDisabled()
    await user.clear(within(dialog).getByLabelText(/Approved by/))
    await user.type(within(dialog).getByLabelText(/Approved by/), 'Grace')
    await user.click(within(dialog).getByRole('button', { name: 'Accept the risk' }))
    expect(await within(dialog).findByText('The record is busy.')).toBeInTheDocument()
    await user.click(within(dialog).getByRole('button', { name: 'Accept the risk' }))
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument())
    expect(acceptRisk).toHaveBeenLastCalledWith(expect.objectContaining({ checkId: 'PVE-ACC-01', objects: [], approvedBy: 'Grace' }))
  })

  it('shows where a broken chain breaks', async () => {
    freshPage({ siteId, sites: [] }, '/compliance?view=signed')
    const { user } = showScreen({
      signOffs: () => Promise.resolve([]),
      verifyChain: () => Promise.resolve({ isIntact: false, records: 3, brokenAt: 2, says: 'The content of record 2 was changed after it was signed.' }),
    })
    await user.click(await screen.findByRole('button', { name: 'Verify the chain' }))
    expect(await screen.findByText('The chain is broken at record 2')).toBeInTheDocument()
  })
})
