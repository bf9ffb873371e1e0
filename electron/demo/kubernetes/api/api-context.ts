// What every part of the demo API server works with: the cluster's state, the lab's clock and site, and the doors to
// the things that are computed instead of stored. Made once by kubernetes-server.ts.
import type { RealLine } from '../pods/real-containers.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DemoClock } from '../../context.ts'
import type { DemoSite } from '../../world/site.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { KubeUser } from './access.ts'
import type { ResourceRegistry } from './resource-registry.ts'
import type { ResourceRequest } from './request-info.ts'

export interface ApiContext {
  /** What a container that really ran has said, by the uid of its pod or Ray job. */
  realLog(uid: string): readonly RealLine[] | undefined
  killReal(uid: string): void
  store: ObjectStore
  registry: ResourceRegistry
  clock: DemoClock
  site: DemoSite
  tokens: ReadonlyMap<string, KubeUser>
  /** The address clients reach the server at, host and port. */
  serverAddress(): string
  /** Objects of metrics.k8s.io at this moment; undefined for a name that is not there. */
  metrics(plural: string): KubeObject[]
  /** Answers a pod's log. */
  podLog(request: ResourceRequest, response: ServerResponse): void
  /** Answers `services/proxy`. */
  serviceProxy(
    request: ResourceRequest,
    message: IncomingMessage,
    response: ServerResponse,
    body: string,
  ): void
  bookmarkMs?: number
}
