// Alerts, rules and watching in words, and the values of rules as people write them.
import type { WatchState } from '#shared/contracts/alerts.ts'
import { signals, type AlertRule, type SignalUnit } from '#shared/model/alert.ts'
import { formatDuration } from '#shared/model/quantities.ts'

/** A fraction is kept from 0 to 1 and written in percent. */
export const unitWord: Record<SignalUnit, string> = { state: '', fraction: '%', days: 'days', hours: 'h', seconds: 's', celsius: '°C' }

export const toShown = (unit: SignalUnit, value: number): number => (unit === 'fraction' ? Math.round(value * 1000) / 10 : value)
export const fromShown = (unit: SignalUnit, value: number): number => (unit === 'fraction' ? value / 100 : value)

const valueText = (unit: SignalUnit, value: number): string => `${toShown(unit, value)} ${unitWord[unit]}`

/** `above 85 % for 5 min; over below 82 % for 5 min`. */
export function conditionText({ signal, threshold, clearThreshold, forSeconds, clearForSeconds }: AlertRule): string {
  const { unit, worse } = signals[signal]
  const lasting = (seconds: number): string => (seconds === 0 ? '' : ` for ${formatDuration(seconds * 1000)}`)
  if (unit === 'state') return forSeconds === 0 ? 'at once' : `after ${formatDuration(forSeconds * 1000)}`
  const opposite = worse === 'above' ? 'below' : 'above'
  const end = clearThreshold === threshold && clearForSeconds === 0 ? '' : `; over ${opposite} ${valueText(unit, clearThreshold)}${lasting(clearForSeconds)}`
  return `${worse} ${valueText(unit, threshold)}${lasting(forSeconds)}${end}`
}

export function scopeText({ scope }: AlertRule): string {
  const parts = [
    scope.kinds.length > 0 ? scope.kinds.map((kind) => kind.replaceAll('-', ' ')).join(', ') : '',
    scope.tags.length > 0 ? `tagged ${scope.tags.join(' and ')}` : '',
    scope.names.length > 0 ? `named ${scope.names.join(', ')}` : '',
  ].filter((part) => part !== '')
  return parts.length > 0 ? parts.join('; ') : 'everything that has it'
}

/** Whether the site is looked after, as a sentence without its time. */
export const watchingWords: Record<WatchState['state'], string> = {
  on: 'Watching, also while no window is open, since',
  starting: 'Watching begins in a moment; last state from',
  locked: 'Not watching: the vault is locked, since',
  off: 'Not watching: switched off, since',
}
