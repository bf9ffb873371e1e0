// The user's settings: one JSON row, parsed by the contract's schema so that old or damaged values fall back.
import { settings as settingsSchema, type Settings } from '#shared/contracts/app.ts'
import { createFeed, type Feed } from '../router/event-feed.ts'
import type { Database } from './database.ts'

export interface SettingsStore {
  get(): Settings
  update(changes: Partial<Settings>): Settings
  readonly changes: Feed<Settings>
}

export function createSettingsStore(database: Database): SettingsStore {
  const { sqlite } = database
  const changes = createFeed<Settings>()
  let current = read()

  function read(): Settings {
    const row = sqlite.prepare("SELECT value FROM setting WHERE key = 'settings'").get() as { value: string } | undefined
    if (!row) return settingsSchema.parse({})
    try {
      const parsed = settingsSchema.safeParse(JSON.parse(row.value))
      return parsed.success ? parsed.data : settingsSchema.parse({})
    } catch {
      return settingsSchema.parse({})
    }
  }
  return {
    get: () => current,
    update(partial) {
      current = settingsSchema.parse({ ...current, ...partial })
      sqlite
        .prepare("INSERT INTO setting (key, value) VALUES ('settings', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        .run(JSON.stringify(current))
      changes.publish(current)
      return current
    },
    changes,
  }
}
