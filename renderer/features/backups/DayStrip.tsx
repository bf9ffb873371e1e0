// Fourteen days of one thing as a strip of marks: how each day went, by colour and by shape, with the story on hover.
import type { CoverageDay } from '#shared/contracts/backups.ts'
import { dayWords } from './backup-words.ts'

const marks: Record<CoverageDay['state'], string> = { ok: '', failed: '✕', missing: '!', pending: '…', idle: '', unknown: '?', before: '' }

export function DayStrip({ days, isLarge = false }: { days: readonly CoverageDay[]; isLarge?: boolean }) {
  return (
    <span className="day-strip" data-large={isLarge || undefined} role="img" aria-label={summaryOf(days)}>
      {days.map((day) => (
        <span key={day.day} className="day-mark" data-state={day.state} data-verification={day.verification} title={`${day.day}: ${day.text}`}>
          {day.verification === 'failed' ? '✕' : marks[day.state]}
        </span>
      ))}
    </span>
  )
}

/** "12 days backed up, 2 failed", newest troubles by date. */
function summaryOf(days: readonly CoverageDay[]): string {
  const counts = Map.groupBy(days, (day) => day.state)
  const parts = [...counts].map(([state, list]) => `${list.length} ${dayWords[state]}`)
  return `Last ${days.length} days: ${parts.join(', ')}`
}

export function DayLegend() {
  const shown: Array<[CoverageDay['state'], CoverageDay['verification'], string]> = [
    ['ok', 'ok', 'backed up and verified'],
    ['ok', 'none', 'backed up'],
    ['failed', 'none', 'failed'],
    ['missing', 'none', 'missing'],
    ['pending', 'none', 'due'],
    ['idle', 'none', 'nothing due'],
    ['unknown', 'none', 'not known'],
  ]
  return (
    <span className="day-legend">
      {shown.map(([state, verification, words]) => (
        <span key={words}>
          <span className="day-mark" data-state={state} data-verification={verification} aria-hidden>
            {marks[state]}
          </span>
          {words}
        </span>
      ))}
    </span>
  )
}
