// How severities look: a shape, a colour and a word each.
import { severities, type Alert, type Severity } from '#shared/model/alert.ts'
import type { Health } from '#shared/model/inventory.ts'
import { healthColor, healthSymbol } from './theme.ts'

export const severityHealth: Record<Severity, Health> = { critical: 'error', warning: 'warning', info: 'off' }
export const severityWord: Record<Severity, string> = { critical: 'Critical', warning: 'Warning', info: 'Info' }

export function SeverityMark({ severity, hasWord = false }: { severity: Severity; hasWord?: boolean }) {
  return (
    <span className="severity" title={severityWord[severity]}>
      <span aria-hidden style={{ color: healthColor(severityHealth[severity]) }}>
        {severity === 'info' ? 'ℹ' : healthSymbol[severityHealth[severity]]}
      </span>
      {hasWord ? severityWord[severity] : <span className="visually-hidden">{severityWord[severity]}</span>}
    </span>
  )
}

export const worstSeverity = (alerts: readonly Alert[]): Severity | null => severities.find((severity) => alerts.some((alert) => alert.severity === severity)) ?? null
