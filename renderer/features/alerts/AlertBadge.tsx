// How many alerts nobody has taken on yet: in the navigation and in the status bar.
import { useMemo } from 'react'
import { sortAlerts, useAlerts } from '#client/alerts.store.ts'
import { navigate } from '#client/location.ts'
import { useNowMs } from '#ui/clock.ts'
import { healthColor, healthSymbol } from '#ui/theme.ts'
import { severityHealth, worstSeverity } from '#ui/SeverityMark.tsx'
import './alerts.css'

function useOpen() {
  const picture = useAlerts((state) => state.picture)
  // Promises and silences run out: to the minute is soon enough for a badge.
  const minute = Math.floor(useNowMs() / 60_000)
  return useMemo(() => (picture ? { ...sortAlerts(picture, minute * 60_000), watching: picture.watching } : null), [picture, minute])
}

export function AlertBadge() {
  const sorted = useOpen()
  const worst = sorted ? worstSeverity(sorted.open) : null
  if (!sorted || !worst) return null
  // The link's name stays what it is; the status bar says the number in words.
  return <span className="alert-badge" aria-hidden data-severity={worst} data-count={sorted.open.length} />
}

export function AlertStatusItem() {
  const sorted = useOpen()
  if (!sorted) return null
  const { open, unknown, watching } = sorted
  const worst = worstSeverity(open)
  const isBlind = watching.state !== 'on'
  const health = isBlind ? 'unknown' : worst ? severityHealth[worst] : unknown.length > 0 ? 'unknown' : 'ok'
  const count = open.length === 1 ? '1 alert' : open.length > 0 ? `${open.length} alerts` : unknown.length > 0 ? `${unknown.length} not known` : 'No alerts'
  return (
    <button className="status-item" data-testid="alert-status" onClick={() => navigate('/alerts')}>
      <span aria-hidden style={{ color: healthColor(health) }}>
        {healthSymbol[health]}
      </span>
      {watching.state === 'starting' ? 'Looking for alerts…' : isBlind ? 'Not watching' : count}
    </button>
  )
}
