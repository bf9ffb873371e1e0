// What a target says of a job at one moment, in the words that the list shows. The describers beside this file make it
// from each system's own answers.
import type { Job, JobPart, JobState } from '#shared/contracts/jobs.ts'

export interface Observation {
  state: JobState
  words: string
  progress: Job['progress']
  startedAtMs: number | null
  endedAtMs: number | null
  cores: number | null
  parts: Omit<JobPart, 'logBytes'>[]
}

export const endedStates: ReadonlySet<JobState> = new Set(['succeeded', 'failed', 'stopped', 'not-sent', 'gone'])
export const isEnded = (state: JobState): boolean => endedStates.has(state)

export const millisOf = (time: string | null | undefined): number | null => {
  const atMs = Date.parse(time ?? '')
  return Number.isNaN(atMs) ? null : atMs
}

/** `1 pod`, `3 pods`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`
