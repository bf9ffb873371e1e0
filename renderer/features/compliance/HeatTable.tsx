// The 18 controls by implementation group: how much is met, how sure that is. The colour follows the worst that is known,
// its depth how much of the control was looked at; the figures say it exactly.
import type { CSSProperties } from 'react'
import type { ComplianceOverview } from '#shared/contracts/compliance.ts'
import { assessedOf, type Group, type Score } from '#shared/model/compliance.ts'
import type { Catalogue } from './compliance.store.ts'
import { showControl } from './places.ts'

const groups: readonly Group[] = [1, 2, 3]

export function HeatTable({ overview, catalogue }: { overview: ComplianceOverview; catalogue: Catalogue }) {
  const titles = new Map(catalogue.controls.map(({ id, title }) => [id, title]))
  return (
    <table className="heat">
      <thead>
        <tr>
          <th scope="col">Control</th>
          {groups.map((group) => (
            <th key={group} scope="col" style={{ textAlign: 'center' }}>
              IG{group}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {overview.controls.map(({ id, scores }) => (
          <tr key={id}>
            <th scope="row">
              <button className="compliance-link" onClick={() => showControl(id)}>
                {id}. {titles.get(id)}
              </button>
            </th>
            {groups.map((group) => (
              <HeatCell key={group} score={scores[group]} label={`Control ${id}, IG${group}`} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function HeatCell({ score, label }: { score: Score; label: string }) {
  if (score.total === 0) return <td style={{ '--heat-share': '0%' } as CSSProperties}>–</td>
  const assessed = assessedOf(score)
  const looked = assessed / Math.max(1, score.total - score.notApplicable)
  const color =
    score.notMet > 0
      ? 'var(--health-error)'
      : score.partial > 0
        ? 'var(--health-warning)'
        : score.met > 0 && score.met === assessed
          ? 'var(--health-ok)'
          : score.supported > 0 || score.met > 0
            ? 'var(--accent-supported)'
            : 'var(--line)'
  const words = `${score.met} of ${assessed} assessed met, ${score.supported} supported, ${score.partial} partly, ${score.notMet} not met, ${score.unlooked} of ${score.total} not looked at`
  return (
    <td title={`${label}: ${words}`} style={{ '--heat': color, '--heat-share': `${Math.round(14 + 26 * looked)}%` } as CSSProperties}>
      {score.met}/{assessed}
      <span style={{ fontSize: 11 }}> of {score.total}</span>
    </td>
  )
}
