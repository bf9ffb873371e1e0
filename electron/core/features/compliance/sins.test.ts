// The checks against the demo lab: every known sin of the lived-in lab is found, and none of them in the clean one. The
// servers are real ones; what is missing (a database, hosts that cannot be reached) must come out as unknown.
import { startDemoLab, type DemoLab } from '#demo/demo-lab.ts'
import { knownSins } from '#demo/compliance/sins.ts'
import type { LabVariant } from '#demo/world/site.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ComplianceRun } from '#shared/contracts/compliance.ts'
import type { CheckResult } from '#shared/model/compliance.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { createTestHost, type TestHost } from '../../testing/test-host.ts'

const services = ['proxmox', 'pbs', 'kubernetes', 'ssh'] as const
const sins = knownSins.filter(({ service }) => (services as readonly string[]).includes(service))

interface Checked {
  lab: DemoLab
  host: TestHost
  siteId: SiteId
  folder: string
  results: CheckResult[]
  run: ComplianceRun
}

async function check(variant: LabVariant): Promise<Checked> {
  const folder = mkdtempSync(join(tmpdir(), 'compliance-sins-'))
  const lab = await startDemoLab({ dataDir: folder, services: [...services], variant, signal: new AbortController().signal, onProgress: () => undefined, log: () => undefined })
  const host = await createTestHost()
  await host.client.vault.create({ passphrase: 'a passphrase for tests' })
  const { id: siteId, name } = await host.client.sites.create({ name: `Lab ${variant}` })
  for (const draft of lab.drafts) await host.client.sites.addConnection({ siteId, draft }).catch(() => undefined)
  expect(name).toBe(`Lab ${variant}`)
  await host.client.compliance.startRun({ siteId, includesActive: false })
  for await (const state of await host.client.compliance.watchRun({ siteId }, { signal: AbortSignal.timeout(60_000) })) if (state === null) break
  const [run] = await host.client.compliance.runs({ siteId })
  return { lab, host, siteId, folder, results: await host.client.compliance.results({ siteId }), run: run! }
}
async function end({ lab, host, folder }: Checked): Promise<void> {
  await host.dispose()
  await lab.dispose()
  rmSync(folder, { recursive: true, force: true })
}
const failing = (checked: Checked, checkId: string) =>
  checked.results.filter((result) => result.checkId === checkId && result.verdict === 'fail')

describe('the lived-in lab', () => {
  let lived: Checked
  beforeAll(async () => void (lived = await check('lived-in')), 90_000)
  afterAll(() => end(lived))

  it('is looked at as a whole, and quickly', () => {
    expect(lived.run).toMatchObject({ state: 'done', appVersion: '0.0.0-test' })
    expect(lived.run.endedAtMs! - lived.run.startedAtMs).toBeLessThan(60_000)
    expect(lived.results.filter(({ verdict }) => verdict === 'error').map(({ checkId, says }) => `${checkId}: ${says}`)).toEqual([])
  })
  it.each(sins)('$checkId: $what', ({ checkId, object }) => {
    const found = failing(lived, checkId)
    expect(found.length).toBeGreaterThan(0)
    if (object === undefined) return
    const names = found.flatMap(({ objects }) => objects.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name))
    expect(names.some((name) => name === object || name.startsWith(`${object}-`))).toBe(true)
  })
  it('keeps no secret in results or evidence', async () => {
    const { client } = lived.host
    const ids = lived.results.flatMap(({ evidence }) => evidence)
    expect(ids.length).toBeGreaterThan(50)
    const texts = await Promise.all([...new Set(ids)].map((evidenceId) => client.compliance.evidenceText({ runId: lived.run.runId, evidenceId })))
    const all = JSON.stringify(lived.results) + texts.join('\n')
    const secrets = lived.lab.drafts.flatMap(({ secrets: own }) => Object.values(own)).filter((one): one is string => one.length > 8 && one.length < 200)
    for (const secret of [...secrets, 'correct-horse-battery']) expect(all.includes(secret)).toBe(false)
  })

  it('can be attested, excepted, signed and exported', async () => {
    const { client } = lived.host
    const { siteId, run } = lived
    const inAYear = Date.now() + 300 * 86_400_000
    await client.compliance.attest({ siteId, safeguardId: '14.1', claim: 'implemented', statement: 'Everybody is trained each spring.', owner: 'Ada', expiresAtMs: inAYear, file: null })
    await expect(
      client.compliance.acceptRisk({ siteId, checkId: 'PVE-FW-01', targetId: null, objects: [], reason: 'The firewall in front is enough.', requestedBy: 'Ada', approvedBy: 'ada', expiresAtMs: inAYear }),
    ).rejects.toThrow('cannot approve')
    await client.compliance.acceptRisk({ siteId, checkId: 'PVE-FW-01', targetId: null, objects: [], reason: 'The firewall in front is enough.', requestedBy: 'Ada', approvedBy: 'Grace', expiresAtMs: inAYear })
    const overview = await client.compliance.overview({ siteId })
    expect(overview.safeguards.find(({ id }) => id === '14.1')?.state).toBe('met')
    expect(overview.failing.some(({ checkId }) => checkId === 'PVE-FW-01')).toBe(false)
    await expect(client.compliance.signOff({ siteId, runId: run.runId, signedBy: 'Ada', statement: 'As seen today.', confirmation: 'Lab' })).rejects.toThrow('name of the site')
    const signed = await client.compliance.signOff({ siteId, runId: run.runId, signedBy: 'Ada', statement: 'As seen today.', confirmation: 'Lab lived-in' })
    expect(signed).toMatchObject({ sequence: 1, signedBy: 'Ada' })
    await expect(client.compliance.signOff({ siteId, runId: run.runId, signedBy: 'Ada', statement: 'Once more.', confirmation: 'Lab lived-in' })).rejects.toThrow('already')
    expect(await client.compliance.verifyChain({ siteId })).toMatchObject({ isIntact: true, records: 1 })

    const fetched = async (format: 'html' | 'pdf' | 'csv'): Promise<Buffer> => {
      const ticket = await client.compliance.exportReport({ siteId, runId: run.runId, format })
      const claimed = lived.host.host.streams.claim(ticket.streamId)
      return Buffer.from(await new Response(claimed!.body).arrayBuffer())
    }
    const html = (await fetched('html')).toString('utf8')
    expect(html).toContain(signed.hash)
    expect(html).not.toMatch(/<script|<img|https?:\/\/(?!www\.cisecurity\.org)/)
    const csv = (await fetched('csv')).toString('utf8')
    expect(csv.split('\r\n')).toHaveLength(1 + 153 + 1)
    expect(csv.startsWith('\uFEFFframework,version,safeguardId')).toBe(true)
    const pdf = await fetched('pdf')
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
    const startOfXref = Number(/startxref\s+(\d+)\s+%%EOF\s*$/.exec(pdf.subarray(-60).toString('latin1'))?.[1])
    expect(pdf.subarray(startOfXref, startOfXref + 4).toString()).toBe('xref')
    expect(pdf.toString('latin1').match(/\/Type \/Page\b/g)!.length).toBeGreaterThan(8)
  }, 60_000)
})

describe('the clean lab', () => {
  let clean: Checked
  beforeAll(async () => void (clean = await check('clean')), 90_000)
  afterAll(() => end(clean))

  it.each(sins)('is not guilty of $checkId', ({ checkId, object }) => {
    const names = failing(clean, checkId).flatMap(({ objects, targetLabel }) =>
      objects.length > 0 ? objects.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name) : [targetLabel],
    )
    expect(object === undefined ? names : names.filter((name) => name === object || name.startsWith(`${object}-`))).toEqual([])
  })
})
