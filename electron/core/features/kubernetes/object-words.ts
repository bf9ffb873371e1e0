// An object in sentences and facts, by kind: what it is, how it is, what matters of it. Pure.
import { fieldAt, flagAt, listAt, numberAt, recordAt, textAt, timeAt } from '#shared/model/kubernetes-fields.ts'
import { formatAge, formatDuration } from '#shared/model/quantities.ts'

export interface Words {
  summary: string[]
  facts: Array<{ label: string; value: string }>
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`
const joined = (record: Record<string, unknown>): string =>
  Object.entries(record)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(', ')

export function wordsOf(kind: string, object: unknown, nowMs: number): Words {
  const age = timeAt(object, 'metadata.creationTimestamp')
  const facts: Words['facts'] = []
  const fact = (label: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== '') facts.push({ label, value: String(value) })
  }
  const summary: string[] = []
  const say = (text: string): void => void summary.push(text)
  const since = age === null ? '' : ` It was made ${formatAge(nowMs - age)}.`
  switch (kind) {
    case 'Pod': {
      const node = textAt(object, 'spec.nodeName')
      const started = timeAt(object, 'status.startTime')
      say(node ? `Runs on ${node}${started === null ? '' : `, started ${formatAge(nowMs - started)}`}.` : `Not on a node yet.${since}`)
      fact('Pod IP', textAt(object, 'status.podIP'))
      fact('Quality of service', textAt(object, 'status.qosClass'))
      fact('Service account', textAt(object, 'spec.serviceAccountName') || textAt(object, 'spec.serviceAccount'))
      fact('Priority class', textAt(object, 'spec.priorityClassName'))
      fact('Restart policy', textAt(object, 'spec.restartPolicy'))
      fact('Node selector', joined(recordAt(object, 'spec.nodeSelector')))
      fact('Volumes', listAt(object, 'spec.volumes').map(volumeWords).join('\n'))
      break
    }
    case 'Deployment':
    case 'StatefulSet':
    case 'ReplicaSet':
      say(`${numberAt(object, 'status.readyReplicas') ?? 0} of ${plural(numberAt(object, 'spec.replicas') ?? 1, 'pod')} ready.${since}`)
      fact('Strategy', textAt(object, 'spec.strategy.type') || textAt(object, 'spec.updateStrategy.type'))
      fact('Revision', String(recordAt(object, 'metadata.annotations')['deployment.kubernetes.io/revision'] ?? ''))
      fact('Selector', joined(recordAt(object, 'spec.selector.matchLabels')))
      break
    case 'DaemonSet':
      say(`${numberAt(object, 'status.numberReady') ?? 0} of ${plural(numberAt(object, 'status.desiredNumberScheduled') ?? 0, 'pod')} ready, one on each fitting node.${since}`)
      fact('Selector', joined(recordAt(object, 'spec.selector.matchLabels')))
      fact('Node selector', joined(recordAt(object, 'spec.template.spec.nodeSelector')))
      break
    case 'Job': {
      const start = timeAt(object, 'status.startTime')
      const end = timeAt(object, 'status.completionTime')
      const done = numberAt(object, 'status.succeeded') ?? 0
      say(`${done} of ${plural(numberAt(object, 'spec.completions') ?? 1, 'completion')} done${start === null ? '' : end === null ? `, for ${formatDuration(nowMs - start)}` : `, took ${formatDuration(end - start)}`}.`)
      fact('Parallelism', numberAt(object, 'spec.parallelism'))
      fact('Completion mode', textAt(object, 'spec.completionMode'))
      fact('Retries allowed', numberAt(object, 'spec.backoffLimit'))
      const kept = numberAt(object, 'spec.ttlSecondsAfterFinished')
      fact('Deleted after its end', kept === undefined ? '' : formatDuration(kept * 1000))
      break
    }
    case 'CronJob': {
      const last = timeAt(object, 'status.lastScheduleTime')
      say(`Runs at “${textAt(object, 'spec.schedule')}”${textAt(object, 'spec.timeZone') ? ` (${textAt(object, 'spec.timeZone')})` : ''}; ${last === null ? 'has not run yet' : `last started ${formatAge(nowMs - last)}`}.`)
      fact('Overlap', textAt(object, 'spec.concurrencyPolicy'))
      fact('Successful runs kept', numberAt(object, 'spec.successfulJobsHistoryLimit'))
      fact('Failed runs kept', numberAt(object, 'spec.failedJobsHistoryLimit'))
      break
    }
    case 'Node': {
      const taints = listAt(object, 'spec.taints').map((item) => `${textAt(item, 'key')}${textAt(item, 'value') ? `=${textAt(item, 'value')}` : ''}:${textAt(item, 'effect')}`)
      say(`${textAt(object, 'status.nodeInfo.osImage')} with kubelet ${textAt(object, 'status.nodeInfo.kubeletVersion')}.${since}`)
      fact('Addresses', listAt(object, 'status.addresses').map((item) => `${textAt(item, 'address')} (${textAt(item, 'type')})`).join('\n'))
      fact('Kernel', textAt(object, 'status.nodeInfo.kernelVersion'))
      fact('Container runtime', textAt(object, 'status.nodeInfo.containerRuntimeVersion'))
      fact('Architecture', textAt(object, 'status.nodeInfo.architecture'))
      fact('Pod network', textAt(object, 'spec.podCIDR'))
      fact('Taints', taints.join('\n'))
      fact('Pods at most', String(fieldAt(object, 'status.allocatable.pods') ?? ''))
      break
    }
    case 'Service':
      say(serviceWords(object))
      fact('Selector', joined(recordAt(object, 'spec.selector')))
      fact('Cluster IP', textAt(object, 'spec.clusterIP'))
      fact('Ports', listAt(object, 'spec.ports').map((item) => `${textAt(item, 'name') ? `${textAt(item, 'name')}: ` : ''}${textAt(item, 'port')} → ${textAt(item, 'targetPort') || textAt(item, 'port')}/${textAt(item, 'protocol') || 'TCP'}${textAt(item, 'nodePort') ? `, node port ${textAt(item, 'nodePort')}` : ''}`).join('\n'))
      break
    case 'Ingress':
      say(`Leads requests for ${listAt(object, 'spec.rules').map((item) => textAt(item, 'host') || 'any host').join(', ') || 'any host'} to services.`)
      fact('Class', textAt(object, 'spec.ingressClassName'))
      fact('Paths', listAt(object, 'spec.rules').flatMap((rule) => listAt(rule, 'http.paths').map((path) => `${textAt(rule, 'host')}${textAt(path, 'path')} → ${textAt(path, 'backend.service.name')}:${textAt(path, 'backend.service.port.number') || textAt(path, 'backend.service.port.name')}`)).join('\n'))
      break
    case 'PersistentVolumeClaim':
      say(`Asks for ${textAt(object, 'spec.resources.requests.storage')} of ${textAt(object, 'spec.storageClassName') || 'no storage class'}; it is ${textAt(object, 'status.phase').toLowerCase() || 'new'}.`)
      fact('Volume', textAt(object, 'spec.volumeName'))
      fact('Access modes', listAt(object, 'spec.accessModes').join(', '))
      break
    case 'Secret': {
      const keys = Object.keys(recordAt(object, 'data'))
      say(`Holds ${plural(keys.length, 'value')}. Meridian shows their names and sizes, never the values.`)
      fact('Type', textAt(object, 'type'))
      fact('Keys', Object.entries(recordAt(object, 'data')).map(([key, value]) => `${key} ${String(value)}`).join('\n'))
      break
    }
    case 'ConfigMap':
      fact('Keys', Object.entries(recordAt(object, 'data')).map(([key, value]) => `${key} (${String(value).length} characters)`).join('\n'))
      break
    case 'RayCluster':
      say(`Ray ${textAt(object, 'spec.rayVersion')}: ${numberAt(object, 'status.readyWorkerReplicas') ?? numberAt(object, 'status.availableWorkerReplicas') ?? 0} of ${plural(numberAt(object, 'status.desiredWorkerReplicas') ?? 0, 'worker')} ready${flagAt(object, 'spec.enableInTreeAutoscaling') ? ', with autoscaling' : ''}.`)
      fact('Head service', textAt(object, 'status.head.serviceName'))
      break
    case 'RayJob':
      say(`${textAt(object, 'status.jobStatus') || 'Not started'}: ${textAt(object, 'spec.entrypoint')}`)
      fact('Ray cluster', textAt(object, 'status.rayClusterName'))
      fact('Message', textAt(object, 'status.message'))
      break
    case 'HorizontalPodAutoscaler':
      say(`Keeps ${textAt(object, 'spec.scaleTargetRef.kind')} ${textAt(object, 'spec.scaleTargetRef.name')} between ${numberAt(object, 'spec.minReplicas') ?? 1} and ${numberAt(object, 'spec.maxReplicas') ?? '?'} pods; now ${numberAt(object, 'status.currentReplicas') ?? '?'}.`)
      break
    case 'ResourceQuota':
      say('Limits what the pods of this namespace may ask for together.')
      fact('In use', Object.entries(recordAt(object, 'status.hard')).map(([key, hard]) => `${key}: ${String(recordAt(object, 'status.used')[key] ?? 0)} of ${String(hard)}`).join('\n'))
      break
    default:
      if (since) say(since.trim())
  }
  return { summary, facts }
}

function volumeWords(volume: unknown): string {
  const name = textAt(volume, 'name')
  const claim = textAt(volume, 'persistentVolumeClaim.claimName')
  const configMap = textAt(volume, 'configMap.name')
  const secret = textAt(volume, 'secret.secretName')
  const kind = Object.keys((volume ?? {}) as object).find((key) => key !== 'name') ?? ''
  if (claim) return `${name}: claim ${claim}`
  if (configMap) return `${name}: config map ${configMap}`
  if (secret) return `${name}: secret ${secret}`
  return `${name}: ${kind}`
}

function serviceWords(object: unknown): string {
  const type = textAt(object, 'spec.type')
  const ports = listAt(object, 'spec.ports').map((item) => textAt(item, 'port')).join(', ')
  if (type === 'ExternalName') return `Another name for ${textAt(object, 'spec.externalName')}.`
  if (Object.keys(recordAt(object, 'spec.selector')).length === 0) return `Stands for something outside of its pods on port ${ports}; its end points are written by hand.`
  const reach = type === 'LoadBalancer' ? 'from outside by a load balancer' : type === 'NodePort' ? 'from outside on every node' : 'within the cluster'
  return `Reaches its pods ${reach} on port ${ports}.`
}
