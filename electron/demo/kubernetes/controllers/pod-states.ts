// The statuses a pod passes through, as plain values: pending, running, restarted, ended. Pure; the scheduler, the
// kubelet and the daily life of the lab write them.
import { createHash } from 'node:crypto'
import type { Condition, ContainerStatus, Pod, PodStatus, TerminatedState } from '../storage/kinds.ts'
import { timestamp } from '../storage/kube-time.ts'

const condition = (
  type: string,
  isTrue: boolean,
  atMs: number,
  reason?: string,
  message?: string,
): Condition => ({
  type,
  status: isTrue ? 'True' : 'False',
  lastProbeTime: null,
  lastTransitionTime: timestamp(atMs),
  ...(reason === undefined ? {} : { reason }),
  ...(message === undefined ? {} : { message }),
})

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The image with the registry it came from and the digest it resolved to. */
export const imageIdOf = (image: string): string => {
  const bare = image.replace(/(@sha256:.*|:[^/:]*)$/, '')
  const qualified = /^[^/]+[.:][^/]*\//.test(bare)
    ? bare
    : bare.includes('/')
      ? `docker.io/${bare}`
      : `docker.io/library/${bare}`
  return `${qualified}@sha256:${digest(image)}`
}

export const containerIdOf = (pod: Pod, name: string, run: number): string =>
  `containerd://${digest(`${pod.metadata.uid ?? ''}/${name}/${run}`)}`

/** Not placed on any node. `why` is the scheduler's sentence when it tried in vain. */
export function unscheduledStatus(pod: Pod, atMs: number, why: string): PodStatus {
  return {
    ...pod.status,
    phase: 'Pending',
    conditions: [condition('PodScheduled', false, atMs, 'Unschedulable', why)],
  }
}

/** Placed, containers not yet started. */
export function creatingStatus(pod: Pod, hostIP: string, atMs: number): PodStatus {
  const names = pod.spec.containers.map((one) => one.name).join(' ')
  const unready = ['ContainersNotReady', `containers with unready status: [${names}]`] as const
  return {
    ...pod.status,
    phase: 'Pending',
    hostIP,
    hostIPs: [{ ip: hostIP }],
    startTime: timestamp(atMs),
    conditions: [
      condition('PodReadyToStartContainers', false, atMs),
      condition('Initialized', true, atMs),
      condition('Ready', false, atMs, ...unready),
      condition('ContainersReady', false, atMs, ...unready),
      condition('PodScheduled', true, atMs),
    ],
    containerStatuses: pod.spec.containers.map((one) => ({
      name: one.name,
      image: one.image,
      imageID: '',
      ready: false,
      restartCount: 0,
      started: false,
      state: { waiting: { reason: 'ContainerCreating' } },
      lastState: {},
    })),
  }
}

const readyConditions = (pod: Pod, atMs: number): Condition[] => {
  const since = pod.status.startTime === undefined ? atMs : Date.parse(pod.status.startTime)
  return [
    condition('PodReadyToStartContainers', true, atMs),
    condition('Initialized', true, since),
    condition('Ready', true, atMs),
    condition('ContainersReady', true, atMs),
    condition('PodScheduled', true, since),
  ]
}

export function runningStatus(pod: Pod, podIP: string, atMs: number): PodStatus {
  return {
    ...pod.status,
    phase: 'Running',
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: readyConditions(pod, atMs),
    containerStatuses: pod.spec.containers.map((one) => ({
      name: one.name,
      image: one.image,
      imageID: imageIdOf(one.image),
      containerID: containerIdOf(pod, one.name, 0),
      ready: true,
      restartCount: 0,
      started: true,
      state: { running: { startedAt: timestamp(atMs) } },
      lastState: {},
    })),
  }
}

export interface ContainerEnd {
  exitCode: number
  reason: string
}

const terminated = (status: ContainerStatus, end: ContainerEnd, atMs: number): TerminatedState => ({
  exitCode: end.exitCode,
  reason: end.reason,
  startedAt: status.state.running?.startedAt ?? timestamp(atMs),
  finishedAt: timestamp(atMs),
  ...(status.containerID === undefined ? {} : { containerID: status.containerID }),
})

/** Every container has ended for good. */
export function endedStatus(pod: Pod, end: ContainerEnd, atMs: number): PodStatus {
  const reason = end.exitCode === 0 ? 'PodCompleted' : 'PodFailed'
  const since = pod.status.startTime === undefined ? atMs : Date.parse(pod.status.startTime)
  return {
    ...pod.status,
    phase: end.exitCode === 0 ? 'Succeeded' : 'Failed',
    conditions: [
      condition('PodReadyToStartContainers', false, atMs),
      condition('Initialized', true, since, ...(end.exitCode === 0 ? [reason] : [])),
      condition('Ready', false, atMs, reason),
      condition('ContainersReady', false, atMs, reason),
      condition('PodScheduled', true, since),
    ],
    containerStatuses: (pod.status.containerStatuses ?? []).map((status) => ({
      ...status,
      ready: false,
      started: false,
      state: { terminated: terminated(status, end, atMs) },
    })),
  }
}

/** One container ended and is up again; the pod stays. */
export function restartedStatus(pod: Pod, name: string, end: ContainerEnd, atMs: number): PodStatus {
  return {
    ...pod.status,
    phase: 'Running',
    conditions: readyConditions(pod, atMs),
    containerStatuses: (pod.status.containerStatuses ?? []).map((status) =>
      status.name !== name
        ? status
        : {
            ...status,
            ready: true,
            started: true,
            restartCount: status.restartCount + 1,
            containerID: containerIdOf(pod, name, status.restartCount + 1),
            state: { running: { startedAt: timestamp(atMs + 1000) } },
            lastState: { terminated: terminated(status, end, atMs) },
          },
    ),
  }
}

export const isPodReady = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  (pod.status.conditions ?? []).some((one) => one.type === 'Ready' && one.status === 'True')

export const isPodOver = (pod: Pod): boolean =>
  pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
