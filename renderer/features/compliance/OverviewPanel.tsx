// The overview: how much of each implementation group stands, where the gaps are, what changed since the last run, and
// what to do first. Every figure has its denominator beside it.
import { RingProgress, Text } from '@mantine/core'
import { useMemo } from 'react'
import type { ComplianceOverview } from '#shared/contracts/compliance.ts'
import { assessedOf, scoreSentence, type Group, type Score } from '#shared/model/compliance.ts'
import { Age } from '#ui/Age.tsx'
import { TimeChart } from '#ui/TimeChart.tsx'
import type { Catalogue } from './compliance.store.ts'
import { HeatTable } from './HeatTable.tsx'
import { SeverityWord, VerdictCounts } from './marks.tsx'
import { showComparison, showFinding, showFindings } from './places.ts'

const groups: readonly Group[] = [1, 2, 3]
const topFindings = 6

export function OverviewPanel({ overview, catalogue }: { overview: ComplianceOverview; catalogue: Catalogue }) {
  const { run, scores, failing, changes, trend } = overview
  const checks = useMemo(() => new Map(catalogue.checks.map((check) => [check.id, check])), [catalogue])
  return (
    <>
      <div className="compliance-scores">
        {groups.map((group) => (
          <ScoreCard key={group} group={group} score={scores[group]} />
        ))}
      </div>
      <div className="compliance-columns">
        <section className="compliance-card">
          <h2>Controls by implementation group</h2>
          <HeatTable overview={overview} catalogue={catalogue} />
        </section>
        <div style={{ display: 'grid', gap: 14 }}>
          {run ? (
            <section className="compliance-card" aria-label="Newest run">
              <h2>
                Checked <Age atMs={run.startedAtMs} />{run.state === 'done' ? '' : ` (${run.state === 'cancelled' ? 'cancelled before its end' : 'cut off before its end'})`}
              </h2>
              <VerdictCounts counts={run.counts} onPick={showFindings} />
              {changes ? (
                <button className="compliance-link" style={{ marginTop: 8 }} onClick={() => showComparison(changes.from.runId, changes.to.runId)}>
                  Since the run before: {changes.fixed.length} fixed, {changes.broken.length} broken, {changes.appeared.length} new, {changes.gone.length} gone
                </button>
              ) : null}
            </section>
          ) : null}
          <section className="compliance-card">
            <h2>What to do first</h2>
            {failing.length === 0 ? (
              <Text size="sm" c="var(--text-dim)">
                {run ? 'No check fails. Look at what is unknown, and confirm what is supported by checks.' : 'Run the checks to see what fails.'}
              </Text>
            ) : null}
            {failing.slice(0, topFindings).map((result) => {
              const check = checks.get(result.checkId)
              return (
                <div className="compliance-finding-row" key={`${result.checkId} ${result.targetId}`}>
                  <SeverityWord severity={check?.severity ?? 'low'} />
                  <div>
                    <button className="compliance-link" onClick={() => showFinding(result.checkId, result.targetId)}>
                      <b>{check?.title ?? result.checkId}</b>
                    </button>
                    <Text size="xs" pl={4}>
                      {result.targetLabel}: {result.says}
                    </Text>
                    <Text size="xs" c="var(--text-dim)" pl={4}>
                      {check?.remedy}
                    </Text>
                  </div>
                </div>
              )
            })}
            {failing.length > topFindings ? (
              <button className="compliance-link" onClick={() => showFindings('fail')}>
                All {failing.length} that fail
              </button>
            ) : null}
          </section>
          {trend.length > 1 ? (
            <section className="compliance-card">
              <TimeChart
                title="Checks over the runs"
                timesMs={trend.map(({ atMs }) => atMs)}
                series={[
                  { label: 'pass', values: trend.map(({ counts }) => counts.pass ?? 0) },
                  { label: 'fail', values: trend.map(({ counts }) => counts.fail ?? 0) },
                  { label: 'not answered', values: trend.map(({ counts }) => (counts.unknown ?? 0) + (counts.error ?? 0)) },
                ]}
                format={(value) => String(Math.round(value))}
                heightPx={130}
              />
            </section>
          ) : null}
        </div>
      </div>
      <Text size="xs" c="var(--text-dim)" mt="md">
        {catalogue.notice}
      </Text>
    </>
  )
}

function ScoreCard({ group, score }: { group: Group; score: Score }) {
  const assessed = assessedOf(score)
  const share = (count: number): number => (score.total === 0 ? 0 : (100 * count) / score.total)
  return (
    <section className="compliance-card" aria-label={`Implementation group ${group}`} style={{ display: 'flex', gap: 14, alignItems: 'center' }}>
      <RingProgress
        size={92}
        thickness={10}
        aria-hidden
        sections={[
          { value: share(score.met), color: 'var(--health-ok)' },
          { value: share(score.supported), color: 'var(--accent-supported)' },
          { value: share(score.partial), color: 'var(--health-warning)' },
          { value: share(score.notMet), color: 'var(--health-error)' },
        ]}
        label={
          <Text ta="center" size="xs" fw={700}>
            {score.met}/{assessed}
          </Text>
        }
      />
      <div style={{ minWidth: 0 }}>
        <h2 style={{ marginBottom: 2 }}>
          IG{group} <span style={{ fontWeight: 400, color: 'var(--text-dim)' }}>{score.total} safeguards</span>
        </h2>
        <Text size="xs">{scoreSentence(score)}.</Text>
        <Text size="xs" c="var(--text-dim)">
          {score.partial} partly, {score.notMet} not met
        </Text>
      </div>
    </section>
  )
}
