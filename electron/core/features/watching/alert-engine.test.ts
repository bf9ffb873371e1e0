import { describe, expect, it } from 'vitest'
import type { Alert, AlertRule } from '#shared/model/alert.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import { endAlert, isInScope, stepAlert, type Reading } from './alert-engine.ts'

const rule = (more: Partial<AlertRule> = {}): AlertRule => ({
  id: 'fill',
  name: 'Storage is filling up',
  signal: 'fill',
  severity: 'warning',
  isEnabled: true,
  threshold: 0.85,
  clearThreshold: 0.8,
  forSeconds: 60,
  clearForSeconds: 120,
  scope: { kinds: [], tags: [], names: [] },
  ...more,
})
const reading = (value: number | null, more: Partial<Reading> = {}): Reading => ({
  subjectId: 'storage/local',
  subjectName: 'local',
  subjectKind: 'storage',
  tags: [],
  connectionId: 'c1' as ConnectionId,
  value,
  text: `local is at ${value}`,
  ...more,
})

/** Runs values at their seconds; tells the state after each, with ! where it was told and ? where it is not known. */
function run(values: Array<[second: number, value: number | null]>, with_: AlertRule = rule()): string {
  let alert: Alert | undefined
  return values
    .map(([second, value]) => {
      const step = stepAlert('site' as SiteId, with_, reading(value), alert, second * 1000)
      alert = step.alert
      const word = `${alert?.state ?? 'inactive'}${alert?.unknownSinceMs != null ? '?' : ''}${step.transition ? '!' : ''}`
      if (alert?.state === 'resolved') alert = undefined
      return word
    })
    .join(' ')
}

describe('the life of an alert', () => {
  it.each<[string, Array<[number, number | null]>, string]>([
    ['fires once, when it has held long enough', [[0, 0.9], [30, 0.9], [60, 0.9], [90, 0.95]], 'pending pending firing! firing'],
    ['forgets what did not last', [[0, 0.9], [30, 0.5], [60, 0.9], [90, 0.9]], 'pending inactive pending pending'],
    ['does not fire at the threshold itself', [[0, 0.85], [90, 0.85]], 'inactive inactive'],
    ['stays while the value is between the two thresholds', [[0, 0.9], [60, 0.9], [120, 0.82], [600, 0.82]], 'pending firing! firing firing'],
    ['ends when it has been better long enough', [[0, 0.9], [60, 0.9], [120, 0.7], [200, 0.7], [240, 0.7]], 'pending firing! firing firing resolved!'],
    ['begins to wait anew when it was worse in between', [[0, 0.9], [60, 0.9], [120, 0.7], [200, 0.9], [300, 0.7], [400, 0.7], [420, 0.7]], 'pending firing! firing firing firing firing resolved!'],
    ['does not end because nothing is known', [[0, 0.9], [60, 0.9], [120, null], [9999, null]], 'pending firing! firing? firing?'],
    ['does not begin because nothing is known', [[0, null], [9999, null]], 'inactive inactive'],
    ['does not count the time in which nothing was known for it', [[0, 0.9], [30, null], [500, null], [600, 0.9], [629, 0.9], [630, 0.9]], 'pending pending? pending? pending pending firing!'],
    ['nor against it: being better begins anew', [[0, 0.9], [60, 0.9], [120, 0.7], [180, null], [300, 0.7], [400, 0.7], [420, 0.7]], 'pending firing! firing firing? firing firing resolved!'],
  ])('%s', (_what, values, expected) => {
    expect(run(values)).toBe(expected)
  })

  it('fires at once when nothing has to last, also for what has no number', () => {
    expect(run([[0, Infinity]], rule({ signal: 'backup-age', threshold: 26, clearThreshold: 26, forSeconds: 0 }))).toBe('firing!')
  })

  it('knows signals of which less is worse', () => {
    const days = rule({ signal: 'certificate-days', threshold: 21, clearThreshold: 21, forSeconds: 0, clearForSeconds: 0 })
    expect(run([[0, 30], [1, 20], [2, 365]], days)).toBe('inactive firing! resolved!')
  })

  it('ends a firing alert with the reason, and drops a pending one', () => {
    const firing = stepAlert('site' as SiteId, rule({ forSeconds: 0 }), reading(0.9), undefined, 0).alert!
    expect(endAlert(firing, 'local is gone.', 5)).toMatchObject({ transition: 'resolved', alert: { state: 'resolved', resolution: 'local is gone.' } })
    const pending = stepAlert('site' as SiteId, rule(), reading(0.9), undefined, 0).alert!
    expect(endAlert(pending, 'local is gone.', 5)).toEqual({ alert: undefined, transition: null })
  })
})

describe('the scope of a rule', () => {
  it.each([
    [{ kinds: ['storage'] }, true],
    [{ kinds: ['datastore'] }, false],
    [{ names: ['local'] }, true],
    [{ names: ['LOC*'] }, true],
    [{ names: ['*c*l'] }, true],
    [{ names: ['*x*'] }, false],
    [{ names: ['l*cal*al'] }, false],
    [{ names: ['!local'] }, false],
    [{ names: ['*', '!lo*'] }, false],
    [{ tags: ['prod'] }, true],
    [{ tags: ['prod', 'db'] }, false],
  ])('%j', (scope, isIn) => {
    const full = rule({ scope: { kinds: [], tags: [], names: [], ...scope } as AlertRule['scope'] })
    expect(isInScope(full, reading(1, { tags: ['prod'] }))).toBe(isIn)
  })
})
