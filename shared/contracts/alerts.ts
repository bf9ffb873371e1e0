// Alerts: rules that are kept and edited here, and what they found, live and in the past. Rules hold for all sites.
import { z } from 'zod'
import { alert, alertRule, silence } from '../model/alert.ts'
import { siteId } from '../model/connection.ts'
import { command, events, query, timestampMs } from './kernel.ts'

/** Whether a site is being watched, and since when or since when not. */
export const watchState = z.object({
  state: z.enum(['on', 'starting', 'locked', 'off']),
  sinceMs: timestampMs,
  /** When the rules were last put to the site. */
  evaluatedAtMs: timestampMs.nullable(),
})
export type WatchState = z.infer<typeof watchState>

/** A rule that could not be put to some of its subjects: not known is not fine. */
export const blindSpot = z.object({ ruleId: z.string(), ruleName: z.string(), subjectCount: z.number(), reason: z.string() })
export type BlindSpot = z.infer<typeof blindSpot>

export const alertPicture = z.object({
  watching: watchState,
  /** Pending and firing ones, and those that ended in the last hour. */
  alerts: z.array(alert),
  blindSpots: z.array(blindSpot),
  silences: z.array(silence),
})
export type AlertPicture = z.infer<typeof alertPicture>

const note = z.string().max(500)

export const alerts = {
  watch: events({ input: z.object({ siteId }), event: alertPicture }),
  /** Ended alerts, newest first. */
  history: query({
    input: z.object({ siteId, limit: z.number().int().min(1).max(500), beforeMs: timestampMs.optional(), text: z.string().max(200).optional() }),
    output: alert.array(),
  }),
  listRules: query({ output: alertRule.array() }),
  /** Adds the rule or replaces the one with its id. */
  saveRule: command({ title: 'Change an alert rule', input: z.object({ rule: alertRule }), output: alertRule.array() }),
  removeRule: command({ title: 'Remove an alert rule', input: z.object({ ruleId: z.string().max(64) }), output: alertRule.array() }),
  /** Puts the shipped rules back as they were; own rules stay. */
  restoreRules: command({ title: 'Restore the shipped alert rules', output: alertRule.array() }),
  acknowledge: command({
    title: 'Acknowledge alerts',
    input: z.object({ siteId, alertIds: z.array(z.string()).min(1).max(1000), by: z.string().min(1).max(100), note, untilMs: timestampMs.nullable() }),
  }),
  withdrawAcknowledgement: command({
    title: 'Withdraw an acknowledgement',
    input: z.object({ siteId, alertIds: z.array(z.string()).min(1).max(1000) }),
  }),
  silence: command({
    title: 'Silence alerts',
    input: z.object({ siteId, ruleId: z.string().max(64).nullable(), subjectId: z.string().max(500).nullable(), note, untilMs: timestampMs }),
    output: silence,
  }),
  endSilence: command({ title: 'End a silence', input: z.object({ siteId, silenceId: z.string() }) }),
  setWatching: command({ title: 'Switch watching', input: z.object({ siteId, isOn: z.boolean() }) }),
}
