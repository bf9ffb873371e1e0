// The controllers of the demo cluster in the order they run in each round.
import type { ControllerMaker } from './cluster.ts'
import { claims, quotas } from './claims-and-quotas.ts'
import { cronJobs } from './cron-jobs.ts'
import { daemonSets, statefulSets } from './daemon-and-stateful-sets.ts'
import { endpoints } from './endpoints.ts'
import { eventExpiry, garbageCollector, namespaces } from './garbage.ts'
import { jobs } from './jobs.ts'
import { kubelet } from './kubelet.ts'
import { rayClusters } from './ray-clusters.ts'
import { rayJobs } from './ray-jobs.ts'
import { deployments, replicaSets } from './replica-sets.ts'
import { scheduler } from './scheduler.ts'

/** `caPem` is the cluster's authority, which every namespace holds a copy of. */
export const allControllers = (caPem: string): ControllerMaker[] => [
  namespaces(caPem),
  garbageCollector,
  cronJobs,
  jobs,
  deployments,
  replicaSets,
  daemonSets,
  statefulSets,
  rayClusters,
  rayJobs,
  scheduler,
  kubelet,
  claims,
  endpoints,
  quotas,
  eventExpiry,
]
