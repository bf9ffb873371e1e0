// Slows down guessing at the passphrase: each wrong one doubles the wait before the next, across restarts. An
// attempt is counted before it is checked, so that ending the process in the middle does not buy a free one.
import { readFile, rm } from 'node:fs/promises'
import { z } from 'zod'
import { AppError } from '#shared/errors.ts'
import { replaceFile } from '../storage/atomic-file.ts'

const firstWaitMs = 1_000
const longestWaitMs = 15 * 60_000

const record = z.object({ failures: z.number().int().min(0).max(1_000_000), retryAtMs: z.number() })

export interface AttemptThrottle {
  /** When the next attempt is accepted; null = now. */
  retryAtMs(): number | null
  /** Counts an attempt as failed in advance. Throws `rate-limited` when it comes too early. */
  begin(): Promise<void>
  /** The attempt was right after all: everything is forgotten. */
  succeed(): Promise<void>
}

/** Waits of 1 s, 2 s, 4 s … at most a quarter of an hour. */
export const waitAfter = (failures: number): number =>
  Math.min(firstWaitMs * 2 ** Math.min(failures - 1, 30), longestWaitMs)

export async function loadAttemptThrottle(path: string, now: () => number): Promise<AttemptThrottle> {
  let { failures, retryAtMs } = await readRecord(path)
  const remaining = (): number | null => {
    // A clock that was set back must not lock the owner out for years.
    retryAtMs = Math.min(retryAtMs, now() + longestWaitMs)
    return retryAtMs > now() ? retryAtMs : null
  }
  return {
    retryAtMs: remaining,
    async begin() {
      const waitUntil = remaining()
      if (waitUntil !== null) {
        const seconds = Math.ceil((waitUntil - now()) / 1000)
        throw new AppError(
          'rate-limited',
          `Too many wrong passphrases: the next attempt is possible in ${seconds} s.`,
          {
            remedy: 'Wait, then try again. Each wrong passphrase doubles the wait.',
            retryable: false,
          },
        )
      }
      failures += 1
      retryAtMs = now() + waitAfter(failures)
      await replaceFile(path, Buffer.from(JSON.stringify({ failures, retryAtMs })))
    },
    async succeed() {
      failures = 0
      retryAtMs = 0
      await rm(path, { force: true })
    },
  }
}

async function readRecord(path: string): Promise<z.infer<typeof record>> {
  try {
    return record.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return { failures: 0, retryAtMs: 0 }
  }
}
