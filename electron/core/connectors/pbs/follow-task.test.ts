// PBS begins its log AT the line that is asked for: a line must never be told twice, nor one be lost.
import { describe, expect, it } from 'vitest'
import type { PbsConnector } from './pbs-connector.ts'
import { followPbsTask } from './follow-task.ts'

const upid = 'UPID:pbs01:00000FA1:00001B2C:00000003:6743A1B0:verificationjob:datastore01\\x3av1:root@pam:'

/** A server whose log grows by three lines at each status, and that counts lines as PBS does. */
function growingServer(until: number) {
  const asked: unknown[] = []
  let total = 0
  const asker = {
    call: () => {
      total = Math.min(until, total + 3)
      return Promise.resolve(total < until ? { status: 'running' } : { status: 'stopped', exitstatus: 'OK' })
    },
    rows: (_schema: unknown, path: string, _signal: unknown, query: { start: number; limit: number }) => {
      asked.push({ path, ...query })
      const first = Math.max(1, query.start)
      return Promise.resolve(Array.from({ length: Math.max(0, total - first + 1) }, (_, at) => ({ n: first + at, t: `line ${first + at}` })).slice(0, query.limit))
    },
  } as unknown as PbsConnector
  return { asker, asked }
}

describe('following a task of PBS', () => {
  it('reads each line once', async () => {
    const { asker, asked } = growingServer(8)
    const lines: string[] = []
    const ending = await followPbsTask(() => asker, upid, {
      signal: new AbortController().signal,
      linesKept: 2,
      wasStopped: () => false,
      append: (fresh) => void lines.push(...fresh),
      report: () => undefined,
      pauseMs: 1,
    })
    expect(ending.state).toBe('done')
    expect(lines).toEqual([3, 4, 5, 6, 7, 8].map((number) => `line ${number}`))
    expect(asked[0]).toEqual({ path: `/nodes/localhost/tasks/${encodeURIComponent(upid)}/log`, start: 2, limit: 500 })
  })
})
