// The procedures of the compliance checklists: the catalogue, runs, what people attest and accept, signatures, reports and
// imported scans. Systems are only ever read; what changes is Meridian's own record.
import { join } from 'node:path'
import { contract } from '#shared/contracts/index.ts'
import { AppError } from '#shared/errors.ts'
import type { ByteChannel } from '#shared/wire/byte-channel.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import { createComplianceStore } from '../../storage/compliance-store.ts'
import { loadCatalogue, summaryOf } from './catalogue.ts'
import { readScan } from './imports/read-scan.ts'
import { createAssessmentDesk } from './record/assessment.ts'
import { compareRuns } from './record/compare-runs.ts'
import { createComplianceRecord } from './record/compliance-record.ts'
import { createFileShelf } from './record/file-shelf.ts'
import { verifyChain } from './record/sign-off-chain.ts'
import { createSigningDesk } from './record/signing-desk.ts'
import { offerReport } from './reports/offer-report.ts'
import { RunDesk } from './run-desk.ts'

export function createComplianceFeature(core: CoreServices) {
  const { platform, sites } = core
  const log = platform.log.child({ feature: 'compliance' })
  const catalogue = loadCatalogue(platform.paths.resources)
  const store = createComplianceStore(core.database)
  const record = createComplianceRecord(store, catalogue, platform.now)
  const shelf = createFileShelf(join(platform.paths.data, 'compliance'))
  const assessments = createAssessmentDesk({ store, record, catalogue, now: platform.now })
  const desk = new RunDesk({ core, store, catalogue, record })
  const signing = createSigningDesk({ store, record, assessments, catalogue, now: platform.now })
  const runOf = (siteId: Parameters<typeof store.run>[0], runId: string | undefined) => {
    const run = assessments.chosenRun(siteId, runId)
    if (!run) throw new AppError('not-found', 'The checks have not been run here yet.', { remedy: 'Run them first.' })
    return run
  }
  const fileOf = async (file: { name: string; sha256: string } | null) =>
    file === null ? null : { ...file, byteLength: await shelf.size(file.sha256) }

  const os = implementFeature(contract.compliance, core.pipeline)
  const router = os.router({
    catalogue: os.catalogue.handler(() => ({ ...catalogue.framework, checks: catalogue.checks.map(summaryOf) })),
    overview: os.overview.handler(({ input }) => assessments.overview(input.siteId, input.runId)),
    startRun: os.startRun.handler(({ input, context }) => {
      const site = sites.get(input.siteId)
      context.audit?.describe(`${site.name}${input.includesActive ? ', with active probes' : ''}`)
      return desk.start(site, input.includesActive)
    }),
    cancelRun: os.cancelRun.handler(({ input }) => desk.cancel(input.runId)),
    watchRun: os.watchRun.handler(({ input, signal, context }) => desk.watch(input.siteId, signal ?? context.peer.signal)),
    runs: os.runs.handler(({ input }) => store.runs(input.siteId)),
    results: os.results.handler(({ input }) => {
      const run = assessments.chosenRun(input.siteId, input.runId)
      return run ? assessments.results(input.siteId, run) : []
    }),
    finding: os.finding.handler(({ input }) => {
      const run = runOf(input.siteId, input.runId)
      const result = assessments
        .results(input.siteId, run)
        .find((one) => one.checkId === input.checkId && one.targetId === input.targetId)
      if (!result) throw new AppError('not-found', 'This run has no result of this check.', { remedy: 'Run the checks again.' })
      return {
        run,
        result,
        evidence: store.evidence(run.runId, result.evidence),
        history: store.history(input.siteId, input.checkId, input.targetId),
        exceptions: record.exceptions(input.siteId).filter((one) => one.checkId === input.checkId),
      }
    }),
    evidenceText: os.evidenceText.handler(({ input }) => store.evidenceText(input.runId, input.evidenceId)),
    compare: os.compare.handler(({ input }) => {
      const [from, to] = [store.run(input.siteId, input.fromRunId), store.run(input.siteId, input.toRunId)]
      return compareRuns(
        { run: from, results: assessments.results(input.siteId, from) },
        { run: to, results: assessments.results(input.siteId, to) },
      )
    }),

    uploadFile: os.uploadFile.handler(({ input, context }) => {
      context.audit?.describe(input.name)
      const take = async (channel: ByteChannel): Promise<void> => {
        try {
          const sha256 = await shelf.keep(channel.incoming, input.byteLength)
          await channel.write(new TextEncoder().encode(sha256))
          channel.close()
        } catch (error) {
          log.warn('A file did not arrive', { fault: String(error) })
          channel.close('The file could not be kept.')
        }
      }
      return core.channels.open(context.peer, (channel) => void take(channel))
    }),
    downloadFile: os.downloadFile.handler(async ({ input, context }) => {
      const known = record.attestations(input.siteId).find(({ file }) => file?.sha256 === input.sha256)
      if (!known) throw new AppError('not-found', 'No attestation holds this file.')
      await shelf.size(input.sha256)
      return core.streams.offer(context.peer, {
        contentType: 'application/octet-stream',
        filename: known.file?.name ?? input.sha256,
        open: () => shelf.read(input.sha256),
      })
    }),
    attest: os.attest.handler(async ({ input, context }) => {
      const { siteId, file, ...given } = input
      context.audit?.describe(`Safeguard ${given.safeguardId}: ${given.claim}, by ${given.owner}`)
      return record.attest(siteId, { ...given, file: await fileOf(file) })
    }),
    withdrawAttestation: os.withdrawAttestation.handler(({ input }) => record.withdraw(input.siteId, input.id)),
    acceptRisk: os.acceptRisk.handler(({ input, context }) => {
      const { siteId, ...given } = input
      context.audit?.describe(`${given.checkId}, approved by ${given.approvedBy}`)
      return record.except(siteId, given)
    }),
    revokeException: os.revokeException.handler(({ input }) => record.revoke(input.siteId, input.id)),
    exceptions: os.exceptions.handler(({ input }) => record.exceptions(input.siteId)),
    lists: os.lists.handler(({ input }) => record.lists(input.siteId)),
    saveList: os.saveList.handler(({ input, context }) => {
      const { siteId, ...given } = input
      context.audit?.describe(`${given.id}: ${given.items.length} entries, reviewed by ${given.owner}`)
      return record.saveList(siteId, given)
    }),
    suggestItems: os.suggestItems.handler(({ input }) => suggestItems(input.siteId, input.id)),
    setOwner: os.setOwner.handler(({ input, context }) => {
      context.audit?.describe(`Safeguard ${input.safeguardId}: ${input.owner ?? 'nobody'}`)
      record.setOwner(input.siteId, input.safeguardId, input.owner)
    }),

    signOff: os.signOff.handler(({ input, context }) => {
      const site = sites.get(input.siteId)
      context.audit?.describe(`Assessment of ${site.name}, by ${input.signedBy}`)
      if (input.confirmation !== site.name)
        throw new AppError('invalid-input', 'The name of the site was not typed as it is.', { detail: { kind: 'confirmation', expected: site.name } })
      if (desk.isActive(input.runId)) throw new AppError('conflict', 'This run is still at work.', { remedy: 'Sign it off when it has ended.' })
      return signing.sign(site, input)
    }),
    signOffs: os.signOffs.handler(({ input }) => signing.list(input.siteId)),
    verifyChain: os.verifyChain.handler(({ input }) => verifyChain(store.signOffs(input.siteId))),
    exportReport: os.exportReport.handler(({ input, context }) => {
      const site = sites.get(input.siteId)
      context.audit?.describe(`${site.name}, as ${input.format.toUpperCase()}`)
      return core.streams.offer(context.peer, offerReport(signing.content(site, input.runId), input.format))
    }),

    importScan: os.importScan.handler(async ({ input, context }) => {
      context.audit?.describe(`${input.fileName} of ${input.host}`)
      const { scan, rows } = readScan({ ...input, text: await shelf.text(input.sha256), nowMs: platform.now() })
      record.addScan(input.siteId, scan, rows)
      return scan
    }),
    scans: os.scans.handler(({ input }) => record.scans(input.siteId)),
    scanRows: os.scanRows.handler(({ input }) => record.scanRows(input.siteId, input.fileSha256)),
  })

  /** Names of what checks saw and could not approve by the list. */
  function suggestItems(siteId: Parameters<typeof store.run>[0], id: string): string[] {
    const run = assessments.chosenRun(siteId, undefined)
    if (!run) return []
    const asking = new Set(catalogue.checks.filter((check) => check.suggested.has(id)).map((check) => check.id))
    const names = store
      .results(run.runId)
      .filter(({ checkId }) => asking.has(checkId))
      .flatMap(({ objects }) => objects.map(({ name, entity }) => (id === 'assets' && entity ? entity.key : name.replace(/^[\w.-]+: /, ''))))
    return [...new Set(names)].slice(0, 5000)
  }

  return { router, dispose: () => desk.dispose() } satisfies Feature<typeof router>
}
