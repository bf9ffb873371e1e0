// The parts of the built-in kinds that controllers and seeds read: typed views on stored objects. Admission has
// checked these fields, so a cast from a stored object is sound; everything else in an object passes through unread.
import type { JsonRecord, KubeObject } from './kube-object.ts'

export interface ResourceNeeds {
  requests?: Record<string, string>
  limits?: Record<string, string>
}

export interface ContainerSpec extends JsonRecord {
  name: string
  image: string
  command?: string[]
  args?: string[]
  env?: { name: string; value?: string }[]
  ports?: { name?: string; containerPort: number; protocol?: string }[]
  resources?: ResourceNeeds
}

export interface PodSpec extends JsonRecord {
  containers: ContainerSpec[]
  initContainers?: ContainerSpec[]
  nodeName?: string
  nodeSelector?: Record<string, string>
  restartPolicy?: string
  hostNetwork?: boolean
  tolerations?: { key?: string; operator?: string; effect?: string; value?: string }[]
  volumes?: JsonRecord[]
}

export interface ContainerStatus extends JsonRecord {
  name: string
  image: string
  imageID: string
  containerID?: string
  ready: boolean
  restartCount: number
  started?: boolean
  state: ContainerState
  lastState: ContainerState
}

export interface ContainerState {
  waiting?: { reason: string; message?: string }
  running?: { startedAt: string }
  terminated?: TerminatedState
}

export interface TerminatedState {
  exitCode: number
  reason: string
  startedAt: string
  finishedAt: string
  containerID?: string
}

export interface Condition {
  type: string
  status: string
  lastTransitionTime?: string | null
  lastProbeTime?: string | null
  lastUpdateTime?: string
  lastHeartbeatTime?: string
  reason?: string
  message?: string
  observedGeneration?: number
}

export interface PodStatus extends JsonRecord {
  phase: string
  conditions?: Condition[]
  podIP?: string
  hostIP?: string
  startTime?: string
  containerStatuses?: ContainerStatus[]
}

export interface Pod extends KubeObject {
  spec: PodSpec
  status: PodStatus
}

export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }
  spec: PodSpec
}

interface WorkloadSpec extends JsonRecord {
  selector: JsonRecord
  template: PodTemplate
}

export interface Deployment extends KubeObject {
  spec: WorkloadSpec & { replicas: number; paused?: boolean }
  status?: JsonRecord
}

export interface ReplicaSet extends KubeObject {
  spec: WorkloadSpec & { replicas: number }
  status?: JsonRecord
}

export interface StatefulSet extends KubeObject {
  spec: WorkloadSpec & { replicas: number; serviceName: string }
  status?: JsonRecord
}

export interface DaemonSet extends KubeObject {
  spec: WorkloadSpec
  status?: JsonRecord
}

export interface JobSpec extends JsonRecord {
  parallelism: number
  completions?: number
  backoffLimit: number
  suspend?: boolean
  ttlSecondsAfterFinished?: number
  selector?: JsonRecord
  template: PodTemplate
}

export interface Job extends KubeObject {
  spec: JobSpec
  status?: JsonRecord & { succeeded?: number; failed?: number; active?: number; conditions?: Condition[] }
}

export interface CronJob extends KubeObject {
  spec: JsonRecord & {
    schedule: string
    suspend?: boolean
    concurrencyPolicy: string
    successfulJobsHistoryLimit: number
    failedJobsHistoryLimit: number
    jobTemplate: { metadata?: JsonRecord; spec: JobSpec }
  }
  status?: JsonRecord & { lastScheduleTime?: string }
}

export interface Node extends KubeObject {
  spec: JsonRecord & { unschedulable?: boolean; taints?: { key: string; value?: string; effect: string }[] }
  status: JsonRecord & {
    capacity: Record<string, string>
    allocatable: Record<string, string>
    conditions: Condition[]
    addresses: { type: string; address: string }[]
  }
}

export interface WorkerGroup extends JsonRecord {
  groupName: string
  replicas: number
  minReplicas: number
  maxReplicas: number
  template: PodTemplate
}

export interface RayCluster extends KubeObject {
  spec: JsonRecord & {
    rayVersion?: string
    suspend?: boolean
    headGroupSpec: JsonRecord & { template: PodTemplate }
    workerGroupSpecs: WorkerGroup[]
  }
  status?: JsonRecord
}

/** A view of a stored object as the kind its shelf holds. */
export const as = <K extends KubeObject>(object: KubeObject): K => object as K
