// What the supervisor of a run directory says, as the list shows it. Pure.
import { z } from 'zod'
import type { Observation } from './observation.ts'

/** One line of `supervise.py status`. Times in seconds. */
export const scriptStatus = z.object({
  state: z.enum(['not-started', 'starting', 'running', 'ended', 'lost']),
  exitCode: z.number().nullish(),
  reason: z.string().nullish(),
  startedAt: z.number().nullish(),
  endedAt: z.number().nullish(),
  logBytes: z.number().default(0),
})
export type ScriptStatus = z.infer<typeof scriptStatus>

/** Name of a script's only part. */
export const scriptPart = 'script'

export function describeScript(status: ScriptStatus, cores: number | null, limitMiB: number | null): Observation {
  const startedAtMs = status.startedAt ? status.startedAt * 1000 : null
  const endedAtMs = status.endedAt ? status.endedAt * 1000 : null
  const told = words(status, limitMiB)
  const state = told.state === 'queued' ? 'waiting' : told.state === 'running' ? 'running' : told.state === 'succeeded' ? 'succeeded' : 'failed'
  return {
    ...told,
    progress: null,
    startedAtMs,
    endedAtMs,
    cores,
    parts: [{ name: scriptPart, index: null, state, words: told.words, node: null, restarts: 0, exitCode: status.exitCode ?? null, startedAtMs, endedAtMs }],
  }
}

function words({ state, reason, exitCode }: ScriptStatus, limitMiB: number | null): Pick<Observation, 'state' | 'words'> {
  if (state === 'not-started') return { state: 'not-sent', words: 'not started: the run directory is there, the script was not begun' }
  if (state === 'starting') return { state: 'queued', words: 'queued: the supervisor starts' }
  if (state === 'running') return { state: 'running', words: 'running' }
  if (state === 'lost') return { state: 'failed', words: 'failed: the machine was restarted, or the supervisor was killed' }
  if (reason === 'stopped') return { state: 'stopped', words: 'stopped' }
  if (reason === 'time-limit') return { state: 'failed', words: 'failed: it was not done within its time limit' }
  if (reason === 'out-of-memory') return { state: 'failed', words: `failed: out of memory${limitMiB === null ? '' : ` (limit ${limitMiB} MiB)`}` }
  if (reason === 'not-started') return { state: 'failed', words: 'failed: the script could not be started; its log says why' }
  return exitCode === 0 ? { state: 'succeeded', words: 'succeeded' } : { state: 'failed', words: `failed: exit code ${exitCode ?? '?'}` }
}
