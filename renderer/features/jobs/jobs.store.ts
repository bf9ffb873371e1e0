// The one list of jobs as the core tells it, for as long as the screen is shown; the last list stays when it is left.
import { useEffect } from 'react'
import { create } from 'zustand'
import { follow } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import type { Remote } from '#client/remote.ts'
import type { Job, JobState } from '#shared/contracts/jobs.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { Health } from '#shared/model/inventory.ts'

interface JobsState {
  siteId: SiteId | null
  jobs: Remote<Job[]>
}

export const useJobs = create<JobsState>(() => ({ siteId: null, jobs: { state: 'idle' } }))

const notRead: Remote<Job[]> = { state: 'loading' }

/** Follows the site's jobs while the calling component is shown. */
export function useFollowedJobs(siteId: SiteId): Remote<Job[]> {
  const client = useClient()
  useEffect(() => {
    const controller = new AbortController()
    if (useJobs.getState().siteId !== siteId) useJobs.setState({ siteId, jobs: { state: 'loading' } })
    void follow(
      (options) => client.jobs.watch({ siteId }, options),
      (jobs) => useJobs.setState({ siteId, jobs: { state: 'ready', value: jobs } }),
      { signal: controller.signal, onError: (error) => useJobs.setState({ jobs: { state: 'failed', error } }) },
    )
    return () => controller.abort()
  }, [client, siteId])
  return useJobs((state) => (state.siteId === siteId ? state.jobs : notRead))
}

const ended: ReadonlySet<JobState> = new Set(['succeeded', 'failed', 'stopped', 'not-sent', 'gone'])
export const isEnded = ({ state }: Job): boolean => ended.has(state)

/** The mark of a state. A job whose target cannot be asked is unknown, whatever it was last. */
export function jobHealth(job: Job): Health {
  if (!isEnded(job) && job.error) return 'unknown'
  const marks: Record<JobState, Health> = {
    sending: 'unknown', unknown: 'unknown', 'not-sent': 'warning', queued: 'warning', running: 'ok', stopping: 'warning',
    succeeded: 'ok', failed: 'error', stopped: 'off', gone: 'unknown',
  }
  return marks[job.state]
}

export const targetWords: Record<Job['target'], string> = { 'kubernetes-job': 'Kubernetes Job', 'ray-job': 'RayJob', 'ssh-script': 'Script over SSH' }
