// Port forwards as the store keeps them: what they are, never whether they run.
import { forwardDraft, type ForwardDraft } from '#shared/contracts/forwards.ts'
import type { Database } from './database.ts'

export type KeptForward = ForwardDraft & { forwardId: string }

export interface ForwardStore {
  list(): KeptForward[]
  save(forward: KeptForward): void
  remove(forwardId: string): void
}

export function createForwardStore({ sqlite }: Database): ForwardStore {
  const upsert = sqlite.prepare(
    'INSERT INTO forward VALUES (?, ?, ?) ON CONFLICT (forward_id) DO UPDATE SET connection_id = excluded.connection_id, body = excluded.body',
  )
  const select = sqlite.prepare('SELECT forward_id, body FROM forward ORDER BY rowid')
  const drop = sqlite.prepare('DELETE FROM forward WHERE forward_id = ?')
  return {
    list: () =>
      (select.all() as unknown as Array<{ forward_id: string; body: string }>).flatMap(({ forward_id, body }) => {
        const parsed = forwardDraft.safeParse(JSON.parse(body))
        return parsed.success ? [{ ...parsed.data, forwardId: forward_id }] : []
      }),
    save({ forwardId, ...draft }) {
      upsert.run(forwardId, draft.connectionId, JSON.stringify(draft))
    },
    remove: (forwardId) => void drop.run(forwardId),
  }
}
