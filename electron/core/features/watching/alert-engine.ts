// The life of one alert, as a pure step: what is known of a subject now → the alert's next state. Inactive, pending,
// firing, resolved; and beside each of them "not known", during which no clock runs and nothing is ever fine.
import { randomUUID } from 'node:crypto'
import { signals, type Alert, type AlertRule } from '#shared/model/alert.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'

/** What a signal says of one subject at one moment. */
export interface Reading {
  subjectId: string
  subjectName: string
  subjectKind: string
  tags: readonly string[]
  connectionId: ConnectionId
  /** Null = not known now. */
  value: number | null
  /** What is the matter if it is too much, as a sentence without a full stop; why it is not known when it is not. */
  text: string
}

export type Transition = 'fired' | 'resolved' | null

export interface Step {
  /** Undefined when there is nothing to remember: inactive. */
  alert: Alert | undefined
  transition: Transition
}

/** One step of the alert of one rule and one subject. `before` is undefined while it is inactive. */
export function stepAlert(siteId: SiteId, rule: AlertRule, reading: Reading, before: Alert | undefined, nowMs: number): Step {
  if (reading.value === null) return { alert: before && asUnknown(before, nowMs), transition: null }
  const known = before && resume(before, nowMs)
  const isWorse = beats(rule, reading.value, rule.threshold)
  if (known?.state === 'firing') return stepFiring(rule, reading, known, isWorse, nowMs)
  if (!isWorse) return { alert: undefined, transition: null }
  const base = known ?? begin(siteId, rule, reading, nowMs)
  const alert = { ...base, ...told(rule, reading) }
  if (nowMs - alert.sinceMs < rule.forSeconds * 1000) return { alert, transition: null }
  return { alert: { ...alert, state: 'firing', firedAtMs: nowMs }, transition: 'fired' }
}

/** Its subject is not in what is known, and who would know does not answer. */
export const loseAlert = (before: Alert, nowMs: number): Step => ({ alert: asUnknown(before, nowMs), transition: null })

/** The end of an alert whose subject or rule is no longer there. A pending one is simply dropped. */
export const endAlert = (before: Alert, resolution: string, nowMs: number): Step =>
  before.state === 'firing'
    ? { alert: { ...before, state: 'resolved', resolvedAtMs: nowMs, resolution, unknownSinceMs: null }, transition: 'resolved' }
    : { alert: undefined, transition: null }

function stepFiring(rule: AlertRule, reading: Reading, known: Alert, isWorse: boolean, nowMs: number): Step {
  const alert = { ...known, ...told(rule, reading) }
  // Between the two thresholds it goes on: that is what keeps a value at the edge from ringing all day.
  const isBetter = !isWorse && !beats(rule, reading.value!, rule.clearThreshold)
  if (!isBetter) return { alert: { ...alert, clearSinceMs: null }, transition: null }
  const clearSinceMs = alert.clearSinceMs ?? nowMs
  if (nowMs - clearSinceMs < rule.clearForSeconds * 1000) return { alert: { ...alert, clearSinceMs }, transition: null }
  return {
    alert: { ...alert, text: known.text, state: 'resolved', resolvedAtMs: nowMs, clearSinceMs, resolution: 'It is over.' },
    transition: 'resolved',
  }
}

const begin = (siteId: SiteId, rule: AlertRule, reading: Reading, nowMs: number): Alert => ({
  id: randomUUID(),
  siteId,
  ...told(rule, reading),
  ruleId: rule.id,
  signal: rule.signal,
  subjectId: reading.subjectId,
  subjectKind: reading.subjectKind,
  connectionId: reading.connectionId,
  state: 'pending',
  unknownSinceMs: null,
  sinceMs: nowMs,
  firedAtMs: null,
  clearSinceMs: null,
  resolvedAtMs: null,
  resolution: null,
  acknowledgement: null,
})

const told = (rule: AlertRule, reading: Reading): Pick<Alert, 'ruleName' | 'severity' | 'subjectName' | 'value' | 'text'> => ({
  ruleName: rule.name,
  severity: rule.severity,
  subjectName: reading.subjectName,
  value: reading.value !== null && Number.isFinite(reading.value) ? reading.value : null,
  text: reading.text,
})

/** Nothing is known: the alert stays what it is, and its clocks stand still. */
const asUnknown = (alert: Alert, nowMs: number): Alert => ({
  ...alert,
  unknownSinceMs: alert.unknownSinceMs ?? nowMs,
  clearSinceMs: null,
})

/** Known again: the time in between counts neither for nor against it. */
function resume(alert: Alert, nowMs: number): Alert {
  if (alert.unknownSinceMs === null) return alert
  const blindMs = Math.max(0, nowMs - alert.unknownSinceMs)
  return { ...alert, unknownSinceMs: null, sinceMs: alert.state === 'pending' ? alert.sinceMs + blindMs : alert.sinceMs }
}

/** Whether `value` is worse than `limit` for this rule's signal. */
const beats = (rule: AlertRule, value: number, limit: number): boolean =>
  signals[rule.signal].worse === 'above' ? value > limit : value < limit

/** Whether the rule is about this subject. */
export function isInScope({ scope }: AlertRule, reading: Pick<Reading, 'subjectKind' | 'subjectName' | 'tags'>): boolean {
  if (scope.kinds.length > 0 && !scope.kinds.some((kind) => kind === reading.subjectKind)) return false
  if (!scope.tags.every((tag) => reading.tags.includes(tag))) return false
  const excluded = scope.names.filter((name) => name.startsWith('!')).map((name) => name.slice(1))
  if (excluded.some((pattern) => fits(pattern, reading.subjectName))) return false
  const included = scope.names.filter((name) => !name.startsWith('!'))
  return included.length === 0 || included.some((pattern) => fits(pattern, reading.subjectName))
}

/** `*` stands for anything; case does not matter. Walks the pieces: no regular expression is made of what people type. */
function fits(pattern: string, name: string): boolean {
  const pieces = pattern.toLowerCase().split('*')
  const text = name.toLowerCase()
  if (pieces.length === 1) return text === pieces[0]
  const [first, last] = [pieces[0]!, pieces.at(-1)!]
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false
  let at = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return at <= text.length - last.length
}
