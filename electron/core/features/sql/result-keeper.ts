// Keeps the batches of one run on disk for as long as that works. A disk that is full (or any other failing write)
// ends the keeping, never the run: the file goes, and the user is told. Owned by the run.
import type { Log } from '../../platform.ts'
import type { RunStore, Spool } from '../../storage/run-store.ts'

export interface ResultKeeper {
  /** Bytes kept; 0 when nothing is. */
  readonly byteLength: number
  /** The schema message comes first. Never rejects. */
  keep(bytes: Uint8Array): Promise<void>
  /** Ends the file properly. Never rejects. */
  finish(): Promise<void>
}

/** `onGivenUp` is told once, with a sentence for the user. */
export function createResultKeeper(
  runId: string,
  { store, log }: { store: RunStore; log: Log },
  onGivenUp: (sentence: string) => void,
): ResultKeeper {
  let spool: Spool | undefined
  let state: 'new' | 'keeping' | 'over' = 'new'

  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      state = 'over'
      const failed = spool
      spool = undefined
      log.warn('A result could not be kept', { runId, fault: String(error) })
      await failed?.discard().catch(() => undefined)
      onGivenUp(sentenceFor((error as NodeJS.ErrnoException).code))
    }
  }
  return {
    get byteLength() {
      return spool?.byteLength ?? 0
    },
    async keep(bytes) {
      if (state === 'over') return
      await attempt(async () => {
        if (state === 'new') spool = await store.openSpool(runId)
        state = 'keeping'
        await spool?.append(bytes)
      })
    },
    async finish() {
      if (state !== 'keeping') return
      state = 'over'
      await attempt(async () => spool?.finish())
    },
  }
}

const sentenceFor = (code: string | undefined): string =>
  code === 'ENOSPC' || code === 'EDQUOT'
    ? 'The disk of this computer is full: the rows are shown but not kept. Free some space, then run it again to keep them.'
    : 'The rows are shown but not kept, because Meridian’s data directory could not be written.'
