// Verdicts, states and severities as people see them: a shape, a colour and a word, never a colour alone.
import { Group } from '@mantine/core'
import {
  stateWord,
  verdictWord,
  type SafeguardState,
  type Severity,
  type Verdict,
} from '#shared/model/compliance.ts'

const verdictLook: Record<Verdict, { symbol: string; color: string }> = {
  fail: { symbol: '✕', color: 'var(--health-error)' },
  error: { symbol: '!', color: 'var(--health-error)' },
  unknown: { symbol: '?', color: 'var(--health-unknown)' },
  warn: { symbol: '▲', color: 'var(--health-warning)' },
  excepted: { symbol: '◇', color: 'var(--health-warning)' },
  pass: { symbol: '●', color: 'var(--health-ok)' },
  'not-applicable': { symbol: '–', color: 'var(--text-dim)' },
}
const stateLook: Record<SafeguardState, { symbol: string; color: string }> = {
  met: { symbol: '●', color: 'var(--health-ok)' },
  supported: { symbol: '◐', color: 'var(--accent-supported)' },
  partial: { symbol: '▲', color: 'var(--health-warning)' },
  'not-met': { symbol: '✕', color: 'var(--health-error)' },
  unlooked: { symbol: '?', color: 'var(--health-unknown)' },
  'not-applicable': { symbol: '–', color: 'var(--text-dim)' },
}

const Mark = ({ symbol, color, word }: { symbol: string; color: string; word: string }) => (
  <span className="compliance-mark">
    <span aria-hidden style={{ color }}>
      {symbol}
    </span>
    {word}
  </span>
)

export const VerdictMark = ({ verdict }: { verdict: Verdict }) => <Mark {...verdictLook[verdict]} word={verdictWord[verdict]} />
export const StateMark = ({ state }: { state: SafeguardState }) => <Mark {...stateLook[state]} word={stateWord[state]} />
export const SeverityWord = ({ severity }: { severity: Severity }) => (
  <span className="compliance-severity" data-severity={severity}>
    {severity}
  </span>
)

/** How many of each verdict, as links where `onPick` is given. */
export function VerdictCounts(props: { counts: Partial<Record<Verdict, number>>; onPick?: (verdict: Verdict) => void }) {
  const shown = (Object.keys(verdictLook) as Verdict[]).filter((verdict) => (props.counts[verdict] ?? 0) > 0)
  return (
    <Group gap="sm">
      {shown.map((verdict) => {
        const text = (
          <>
            <b>{props.counts[verdict]}</b>&nbsp;
            <VerdictMark verdict={verdict} />
          </>
        )
        return props.onPick ? (
          <button key={verdict} className="compliance-link" onClick={() => props.onPick?.(verdict)}>
            {text}
          </button>
        ) : (
          <span key={verdict}>{text}</span>
        )
      })}
    </Group>
  )
}
