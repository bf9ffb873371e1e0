// The columns of pods and nodes, with the status words that kubectl users know. Pure.
import type { ContainerStatus, Node, Pod } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { listAt, textAt } from '../storage/kube-object.ts'
import { parseTime, printDuration } from '../storage/kube-time.ts'
import type { Column } from './columns.ts'
import { ageColumn, column, joined, nameColumn, pathCell, wide } from './columns.ts'

const statuses = (object: KubeObject): ContainerStatus[] => as<Pod>(object).status?.containerStatuses ?? []

/** The STATUS word: the reason of a waiting or ended container wins over the phase. */
export function podStatusWord(object: KubeObject): string {
  const pod = as<Pod>(object)
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating'
  let word = textAt(pod, 'status.reason') || textAt(pod, 'status.phase') || 'Unknown'
  let hasRunning = false
  for (const { state, ready } of [...statuses(pod)].reverse()) {
    if (state.waiting !== undefined) word = state.waiting.reason
    else if (state.terminated !== undefined)
      word = state.terminated.reason || `ExitCode:${state.terminated.exitCode}`
    else if (state.running !== undefined && ready) hasRunning = true
  }
  return word === 'Completed' && hasRunning ? 'Running' : word
}

function restarts(object: KubeObject, nowMs: number): string {
  const count = statuses(object).reduce((sum, status) => sum + status.restartCount, 0)
  const lastMs = Math.max(
    ...statuses(object).map((one) => parseTime(one.lastState.terminated?.finishedAt) || 0),
    0,
  )
  return count === 0 || lastMs === 0 ? String(count) : `${count} (${printDuration(nowMs - lastMs)} ago)`
}

export const podColumns: Column[] = [
  nameColumn,
  column('Ready', (object) => {
    const ready = statuses(object).filter((status) => status.ready).length
    return `${ready}/${listAt(object, 'spec.containers').length}`
  }),
  column('Status', podStatusWord),
  column('Restarts', restarts),
  ageColumn,
  wide('IP', pathCell('status.podIP')),
  wide('Node', pathCell('spec.nodeName')),
  wide('Nominated Node', pathCell('status.nominatedNodeName')),
  wide('Readiness Gates', () => '<none>'),
]

const address =
  (type: string): Column['cell'] =>
  (object) =>
    as<Node>(object).status.addresses.find((entry) => entry.type === type)?.address ?? '<none>'

function nodeStatus(object: KubeObject): string {
  const ready = as<Node>(object).status.conditions.find((condition) => condition.type === 'Ready')
  const word = ready?.status === 'True' ? 'Ready' : 'NotReady'
  return as<Node>(object).spec.unschedulable === true ? `${word},SchedulingDisabled` : word
}

const roleLabel = 'node-role.kubernetes.io/'
const roles = (object: KubeObject): string =>
  joined(
    Object.keys(object.metadata.labels ?? {})
      .filter((label) => label.startsWith(roleLabel))
      .map((label) => label.slice(roleLabel.length))
      .sort(),
  )

export const nodeColumns: Column[] = [
  nameColumn,
  column('Status', nodeStatus),
  column('Roles', roles),
  ageColumn,
  column('Version', pathCell('status.nodeInfo.kubeletVersion')),
  wide('Internal-IP', address('InternalIP')),
  wide('External-IP', address('ExternalIP')),
  wide('OS-Image', pathCell('status.nodeInfo.osImage')),
  wide('Kernel-Version', pathCell('status.nodeInfo.kernelVersion')),
  wide('Container-Runtime', pathCell('status.nodeInfo.containerRuntimeVersion')),
]
