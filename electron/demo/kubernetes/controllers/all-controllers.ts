// The controllers of the demo cluster in the order they run in each round.
import { shelf } from '../api/resource-table.ts'
import type { ControllerMaker } from './cluster.ts'
import { whenChanged, whenOthersChanged } from './cluster.ts'
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

const restless = [shelf.events, shelf.nodes]

/** `caPem` is the cluster's authority, which every namespace holds a copy of. */
export const allControllers = (caPem: string): ControllerMaker[] => [
  whenOthersChanged([shelf.nodes], namespaces(caPem)),
  whenOthersChanged(restless, garbageCollector),
  cronJobs,
  jobs,
  whenChanged([shelf.deployments, shelf.replicaSets], deployments),
  whenChanged([shelf.replicaSets, shelf.pods], replicaSets),
  whenChanged([shelf.daemonSets, shelf.pods, shelf.nodes], daemonSets),
  whenChanged([shelf.statefulSets, shelf.pods, shelf.claims], statefulSets),
  whenChanged([shelf.rayClusters, shelf.pods, shelf.services], rayClusters),
  rayJobs,
  whenChanged([shelf.pods, shelf.nodes], scheduler),
  kubelet,
  whenChanged([shelf.claims, shelf.volumes, shelf.pods], claims),
  whenChanged([shelf.services, shelf.pods, shelf.endpoints, shelf.endpointSlices], endpoints),
  whenOthersChanged(restless, quotas),
  eventExpiry,
]
