// Everything that the page shows, from one ground: the judged rows, the promises, the whole in a sentence. Pure.
import {
  coverageVerdicts,
  type BackupSource,
  type BackupState,
  type CoverageRow,
} from '#shared/contracts/backups.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { assessCoverage } from './assess-coverage.ts'
import { assessOffsite, offsiteViews } from './assess-offsite.ts'
import { createGround, type GroundInput } from './ground.ts'
import { judgePromises, namesOf } from './promises.ts'
import { formatHours } from './schedule.ts'
import { datastoreViews, groupViews, jobViews } from './views.ts'

const collator = new Intl.Collator('en', { numeric: true })

export function assess(siteId: SiteId, input: GroundInput, sources: BackupSource[]): BackupState {
  const ground = createGround(input)
  const rows = assessCoverage(ground).sort(
    (a, b) =>
      coverageVerdicts.indexOf(a.verdict) - coverageVerdicts.indexOf(b.verdict) ||
      collator.compare(a.name, b.name),
  )
  const offsiteRows = assessOffsite(ground)
  const counts = Object.fromEntries(
    coverageVerdicts.map((verdict) => [verdict, rows.filter((row) => row.verdict === verdict).length]),
  ) as BackupState['counts']
  const wanted = rows.filter((row) => row.target.isRequired)
  const meetRpo = {
    yes: wanted.filter((row) => row.meetsRpo === true).length,
    no: wanted.filter((row) => row.meetsRpo === false).length,
    unknown: wanted.filter((row) => row.meetsRpo === null).length,
  }
  return {
    siteId,
    atMs: input.nowMs,
    sources,
    policy: input.policy,
    headline: headlineOf(wanted, meetRpo),
    counts,
    meetRpo,
    promises: judgePromises(ground, rows, offsiteRows),
    rows,
    datastores: datastoreViews(ground),
    groups: groupViews(ground),
    jobs: jobViews(ground),
    offsite: offsiteViews(ground),
    offsiteRows,
  }
}

/** "3 of 30 guests and databases meet RPO 4 h; 2 failed (…), 5 have no backup or no job." */
function headlineOf(wanted: readonly CoverageRow[], meetRpo: BackupState['meetRpo']): string {
  if (wanted.length === 0) return 'Nothing that wants a backup is known yet.'
  const objectives = [...new Set(wanted.map((row) => row.target.rpoHours))]
  const what = wanted.some((row) => row.kind === 'database') ? 'guests and databases' : 'guests'
  const objective = objectives.length === 1 ? `RPO ${formatHours(objectives[0]!)}` : 'their RPO'
  const of = (verdict: CoverageRow['verdict']): CoverageRow[] =>
    wanted.filter((row) => row.verdict === verdict)
  const partial = wanted.filter((row) => row.problems.some((problem) => problem.kind === 'partial'))
  const worst = [
    ...(of('failed').length > 0 ? [`failed: ${namesOf(of('failed'))}`] : []),
    ...(of('none').length > 0 ? [`no backup or no job: ${namesOf(of('none'))}`] : []),
    ...(of('unverified').length > 0 ? [`${of('unverified').length} unverified`] : []),
    ...(partial.length > 0 ? [`${partial.length} leave disks out`] : []),
    ...(meetRpo.unknown > 0 ? [`${meetRpo.unknown} not known`] : []),
  ]
  return `${meetRpo.yes} of ${wanted.length} ${what} meet ${objective}${worst.length > 0 ? `; ${worst.join('; ')}` : ''}.`
}
