// One bulk action over many guests: a few at a time, each followed to its own end. It goes on when its dialog is closed;
// what became of each guest stays in one list.
import { create } from 'zustand'
import { toAppError } from '#client/client.ts'
import type { Entity } from '#shared/model/inventory.ts'

export type BulkState = 'waiting' | 'beginning' | 'begun' | 'refused' | 'left out'

export interface BulkItem {
  guest: Entity
  state: BulkState
  taskId: string | null
  /** Why it was refused or left out. */
  reason: string | null
}

export interface BulkRun {
  title: string
  items: readonly BulkItem[]
  isCancelled: boolean
}

/** Null when none was begun since the last was put away. */
export const useBulk = create<{ run: BulkRun | null }>(() => ({ run: null }))

/** Requests that may be on the way at once. */
const atOnce = 4

const change = (index: number, changes: Partial<BulkItem>): void =>
  useBulk.setState(({ run }) => (run ? { run: { ...run, items: run.items.map((item, at) => (at === index ? { ...item, ...changes } : item)) } } : {}))

/** What has not begun yet does not begin any more. */
export const cancelBulk = (): void => useBulk.setState(({ run }) => (run ? { run: { ...run, isCancelled: true } } : {}))
export const clearBulk = (): void => useBulk.setState({ run: null })

/**
 * Begins `begin` for every guest without an obstacle and resolves when all have begun or been refused. `settled` resolves
 * when a begun one has ended: with it only so many run at once, where they would stand in each other's way.
 */
export async function runBulk(
  title: string,
  guests: ReadonlyArray<{ guest: Entity; obstacle: string | null }>,
  begin: (guest: Entity) => Promise<{ taskId: string }>,
  settled: ((taskId: string) => Promise<void>) | null,
): Promise<void> {
  useBulk.setState({
    run: {
      title,
      isCancelled: false,
      items: guests.map(({ guest, obstacle }) => ({ guest, state: obstacle === null ? 'waiting' : 'left out', taskId: null, reason: obstacle })),
    },
  })
  const queue = guests.flatMap(({ guest, obstacle }, index) => (obstacle === null ? [{ guest, index }] : []))
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { guest, index } = next
      if (useBulk.getState().run?.isCancelled) {
        change(index, { state: 'left out', reason: 'Cancelled before it began.' })
        continue
      }
      change(index, { state: 'beginning' })
      try {
        const { taskId } = await begin(guest)
        change(index, { state: 'begun', taskId })
        await settled?.(taskId)
      } catch (thrown) {
        const error = toAppError(thrown)
        change(index, { state: 'refused', reason: [error.message, error.remedy].filter(Boolean).join(' ') })
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, queue.length) }, work))
}
