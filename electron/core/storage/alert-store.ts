// Rules, alerts and silences in the store. What is firing and what has ended is kept; what is only pending is not,
// because nobody knows how it stood while the application was away. Called by the watching feature.
import type { z } from 'zod'
import { alert as alertSchema, alertRule, silence as silenceSchema, type Alert, type AlertRule, type Silence } from '#shared/model/alert.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { Database } from './database.ts'

export interface AlertStore {
  /** Undefined when none were ever saved. */
  rules(): AlertRule[] | undefined
  putRules(rules: readonly AlertRule[]): void
  firing(siteId: SiteId): Alert[]
  /** Ended ones, newest first. */
  ended(query: { siteId: SiteId; limit: number; beforeMs?: number | undefined; text?: string | undefined }): Alert[]
  put(alerts: readonly Alert[]): void
  silences(siteId: SiteId): Silence[]
  putSilence(silence: Silence): void
  removeSilence(siteId: SiteId, silenceId: string): void
  isWatched(siteId: SiteId): boolean
  setWatched(siteId: SiteId, isOn: boolean): void
  /** Forgets all other sites. */
  keepOnly(siteIds: readonly SiteId[]): void
}

const keptPerSite = 5000

export function createAlertStore(database: Database): AlertStore {
  const { sqlite } = database
  const putAlert = sqlite.prepare('INSERT OR REPLACE INTO alert VALUES (?, ?, ?, ?, ?)')
  return {
    rules() {
      const rows = sqlite.prepare('SELECT body FROM alert_rule ORDER BY position').all()
      return rows.length === 0 ? undefined : parseAll(rows, alertRule)
    },
    putRules(rules) {
      database.transaction(() => {
        sqlite.exec('DELETE FROM alert_rule')
        const insert = sqlite.prepare('INSERT INTO alert_rule VALUES (?, ?, ?)')
        rules.forEach((rule, position) => insert.run(rule.id, position, JSON.stringify(rule)))
      })
    },
    firing: (siteId) => parseAll(sqlite.prepare("SELECT body FROM alert WHERE site_id = ? AND state = 'firing'").all(siteId), alertSchema),
    ended({ siteId, limit, beforeMs, text }) {
      const wanted = text ? text.toLowerCase() : null
      const rows = sqlite
        .prepare(
          `SELECT body FROM alert WHERE site_id = ? AND state = 'resolved' AND resolved_at_ms < ?
             AND (? IS NULL OR instr(lower(body), ?) > 0)
           ORDER BY resolved_at_ms DESC LIMIT ?`,
        )
        .all(siteId, beforeMs ?? Number.MAX_SAFE_INTEGER, wanted, wanted, limit)
      return parseAll(rows, alertSchema)
    },
    put(alerts) {
      if (alerts.length === 0) return
      database.transaction(() => {
        for (const one of alerts)
          putAlert.run(one.id, one.siteId, one.state, one.resolvedAtMs === null ? null : Math.round(one.resolvedAtMs), JSON.stringify(one))
        for (const siteId of new Set(alerts.map((one) => one.siteId)))
          sqlite
            .prepare(
              `DELETE FROM alert WHERE site_id = ? AND state = 'resolved' AND id NOT IN
                 (SELECT id FROM alert WHERE site_id = ? AND state = 'resolved' ORDER BY resolved_at_ms DESC LIMIT ${keptPerSite})`,
            )
            .run(siteId, siteId)
      })
    },
    silences: (siteId) => parseAll(sqlite.prepare('SELECT body FROM alert_silence WHERE site_id = ?').all(siteId), silenceSchema),
    putSilence: (one) =>
      void sqlite
        .prepare('INSERT OR REPLACE INTO alert_silence VALUES (?, ?, ?, ?)')
        .run(one.id, one.siteId, Math.round(one.untilMs), JSON.stringify(one)),
    removeSilence: (siteId, silenceId) =>
      void sqlite.prepare('DELETE FROM alert_silence WHERE site_id = ? AND id = ?').run(siteId, silenceId),
    isWatched: (siteId) => sqlite.prepare('SELECT 1 FROM unwatched_site WHERE site_id = ?').get(siteId) === undefined,
    setWatched: (siteId, isOn) =>
      void sqlite
        .prepare(isOn ? 'DELETE FROM unwatched_site WHERE site_id = ?' : 'INSERT OR IGNORE INTO unwatched_site VALUES (?)')
        .run(siteId),
    keepOnly(siteIds) {
      const kept = JSON.stringify(siteIds)
      for (const table of ['alert', 'alert_silence', 'unwatched_site'])
        sqlite.prepare(`DELETE FROM ${table} WHERE site_id NOT IN (SELECT value FROM json_each(?))`).run(kept)
    },
  }
}

/** Rows that an older or a damaged store holds in another shape are left out. */
function parseAll<S extends z.ZodType>(rows: unknown[], schema: S): z.infer<S>[] {
  return (rows as Array<{ body: string }>).flatMap(({ body }) => {
    try {
      const parsed = schema.safeParse(JSON.parse(body))
      return parsed.success ? [parsed.data] : []
    } catch {
      return []
    }
  })
}
