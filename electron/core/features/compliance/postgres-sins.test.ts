// The SQL checks against real PostgreSQL servers: the sins of the lived-in lab are found, the clean one has none of them,
// and what the role may not see is unknown.
import { knownSins } from '#demo/compliance/sins.ts'
import { makeDataDir, removeDataDir, startSmallLab } from '#demo/postgres/testing/small-lab.ts'
import type { LabVariant } from '#demo/world/site.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CheckResult } from '#shared/model/compliance.ts'
import { createTestHost } from '../../testing/test-host.ts'

const sins = knownSins.filter(({ service }) => service === 'postgres')
let dataDir = ''
let lived: CheckResult[] = []
let clean: CheckResult[] = []

async function check(variant: LabVariant): Promise<CheckResult[]> {
  const lab = await startSmallLab(dataDir, { variant })
  const host = await createTestHost()
  try {
    await host.client.vault.create({ passphrase: 'a passphrase for tests' })
    const { id: siteId } = await host.client.sites.create({ name: variant })
    for (const draft of lab.demo.drafts) await host.client.sites.addConnection({ siteId, draft })
    await host.client.compliance.startRun({ siteId, includesActive: false })
    for await (const state of await host.client.compliance.watchRun({ siteId }, { signal: AbortSignal.timeout(60_000) })) if (state === null) break
    return await host.client.compliance.results({ siteId })
  } finally {
    await host.dispose()
    await lab.demo.dispose()
  }
}

// The second start finds the databases built and only writes the configuration anew.
beforeAll(async () => {
  dataDir = await makeDataDir()
  lived = await check('lived-in')
  clean = await check('clean')
}, 240_000)
afterAll(() => removeDataDir(dataDir))

const verdictsOf = (results: readonly CheckResult[], id: string) => results.filter(({ checkId }) => checkId === id).map(({ verdict }) => verdict)

describe('the databases of the lab', () => {
  it.each(sins)('$checkId: $what', ({ checkId, object }) => {
    expect(verdictsOf(lived, checkId)).toContain('fail')
    if (object !== undefined) expect(lived.find((one) => one.checkId === checkId)?.objects.map(({ name }) => name)).toContain(object)
    expect(verdictsOf(clean, checkId)).not.toContain('fail')
  })
  it('hide from an ordinary role what only a superuser sees, and that is not a pass', () => {
    for (const id of ['PG-HBA-01', 'PG-AUTH-02']) expect(new Set(verdictsOf(lived, id))).toEqual(new Set(['unknown']))
    expect(lived.find(({ checkId }) => checkId === 'PG-HBA-01')?.says).toContain('ermission denied')
  })
  it('speak TLS, and answer in every database', () => {
    expect(new Set(verdictsOf(lived, 'PG-TLS-01'))).toEqual(new Set(['pass']))
    expect(new Set(verdictsOf(lived, 'PG-PRIV-01'))).toEqual(new Set(['pass']))
    expect(lived.filter(({ verdict }) => verdict === 'error')).toEqual([])
  })
})
