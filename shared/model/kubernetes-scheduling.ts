// The scheduler's sentence ("0/4 nodes are available: …") part by part, in words with a remedy. Pure.
import { listAt } from './kubernetes-fields.ts'
import type { Explanation } from './kubernetes.ts'

const resourceNames: Record<string, string> = {
  cpu: 'CPU',
  memory: 'memory',
  'nvidia.com/gpu': 'GPUs',
  'ephemeral-storage': 'local disk space',
}

/** `pod` tells what it asks for; the sentence may be empty. */
export function explainUnschedulable(pod: unknown, message: string): Explanation[] {
  const [, available] = /(\d+\/\d+) nodes? (?:is|are) available/.exec(message) ?? []
  const body = message.replace(/^.*?nodes? (?:is|are) available:?\s*/, '').replace(/\s*preemption:.*$/s, '')
  const parts = body.split(/,\s+(?=\d+ )|\.(?:\s+|$)/).map((part) => part.trim()).filter(Boolean)
  const reasons = parts.map((part) => explainPart(part, pod))
  if (reasons.length === 0)
    return [{ what: message ? `No node can take it: ${message.slice(0, 300)}` : 'No node can take it yet.', remedy: null }]
  const head = available ? `None of the ${available.split('/')[1]} nodes can take it.` : 'No node can take it.'
  return [{ what: `${head} ${reasons[0]!.what}`, remedy: reasons[0]!.remedy }, ...reasons.slice(1)]
}

function explainPart(part: string, pod: unknown): Explanation {
  const [, count = '', rest = part] = /^(\d+) (.*)$/s.exec(part) ?? []
  const nodes = count === '' ? 'Nodes' : count === '1' ? 'One node' : `${count} nodes`
  const verb = (one: string, many: string): string => (count === '1' ? one : many)
  const [, resource] = /^Insufficient (.+)$/.exec(rest) ?? []
  if (resource) {
    const asked = requestOf(pod, resource)
    return {
      what: `${nodes} ${verb('has', 'have')} not enough free ${resourceNames[resource] ?? resource}${asked ? ` (it asks for ${asked})` : ''}.`,
      remedy: resource === 'nvidia.com/gpu' ? 'Wait until a GPU is free, or ask for fewer; the overview shows who holds them.' : 'Ask for less, free some, or add a node.',
    }
  }
  if (/^Too many pods/.test(rest)) return { what: `${nodes} ${verb('holds', 'hold')} as many pods as ${verb('it', 'they')} may.`, remedy: 'Add a node, or raise the kubelet’s limit of pods.' }
  const [, taint] = /untolerated taint\(?s?\)? ?\{([^}]*)\}/.exec(rest) ?? []
  if (taint !== undefined) return explainTaint(nodes, verb, taint.replace(/:\s*$/, '').trim())
  if (/taint/.test(rest)) return { what: `${nodes} ${verb('has a taint', 'have taints')} that it does not tolerate.`, remedy: 'Add a toleration to the pod, or remove the taint from the node.' }
  if (/volume node affinity conflict/.test(rest)) return { what: `${nodes} cannot reach its volume.`, remedy: 'The volume is bound to certain nodes: free room there.' }
  if (/node affinity|node selector|didn't match Pod's node/.test(rest)) {
    const selector = Object.entries((pod as { spec?: { nodeSelector?: Record<string, string> } } | null)?.spec?.nodeSelector ?? {})
    const asked = selector.map(([key, value]) => `${key}=${value}`).join(', ')
    return {
      what: `${nodes} ${verb('does', 'do')} not have the labels that it wants${asked ? ` (${asked})` : ''}.`,
      remedy: 'Label a node, or change the pod’s node selector or affinity.',
    }
  }
  if (/unbound immediate PersistentVolumeClaims/.test(part)) return { what: 'It needs a persistent volume claim that is not bound yet.', remedy: 'Look at the claim: it says what keeps it from being bound.' }
  const [, claim] = /persistentvolumeclaim "([^"]+)" not found/.exec(part) ?? []
  if (claim) return { what: `It needs the claim ${claim}, which does not exist.`, remedy: 'Create the persistent volume claim in its namespace.' }
  if (/unschedulable/.test(rest)) return { what: `${nodes} ${verb('is', 'are')} cordoned.`, remedy: 'Uncordon a node when its maintenance is over.' }
  if (/pod topology spread/.test(rest)) return { what: `${nodes} would break its rule of even spreading.`, remedy: 'Loosen its topologySpreadConstraints, or add nodes.' }
  if (/anti-affinity/.test(rest)) return { what: `${nodes} already ${verb('runs', 'run')} a pod that it must not stand beside.`, remedy: 'Loosen its anti-affinity, or add a node.' }
  if (/affinity/.test(rest)) return { what: `${nodes} ${verb('does', 'do')} not run the pods that it wants to stand beside.`, remedy: 'Start those first, or loosen its affinity.' }
  if (/free ports/.test(rest)) return { what: `${nodes} ${verb('has', 'have')} its host port in use already.`, remedy: 'Do without the host port, or free it.' }
  if (/max volume count|exceed/.test(rest)) return { what: `${nodes} cannot attach more volumes.`, remedy: 'Add a node.' }
  return { what: `${part.slice(0, 200)}.`, remedy: null }
}

function explainTaint(nodes: string, verb: (one: string, many: string) => string, taint: string): Explanation {
  const key = taint.split(/[:=]/)[0]!.trim()
  const known: Record<string, [string, string]> = {
    'node-role.kubernetes.io/control-plane': [`${verb('is', 'are')} kept for the control plane`, 'Nothing need be done about these.'],
    'node-role.kubernetes.io/etcd': [`${verb('is', 'are')} kept for etcd`, 'Nothing need be done about these.'],
    'node.kubernetes.io/unschedulable': [`${verb('is', 'are')} cordoned`, 'Uncordon a node when its maintenance is over.'],
    'node.kubernetes.io/not-ready': [`${verb('is', 'are')} not ready`, 'See what is wrong with the node.'],
    'node.kubernetes.io/unreachable': [`${verb('does', 'do')} not answer`, 'See whether the node’s guest and host are up.'],
    'node.kubernetes.io/disk-pressure': [`${verb('is', 'are')} short of disk space`, 'Free disk space on the node.'],
    'node.kubernetes.io/memory-pressure': [`${verb('is', 'are')} short of memory`, 'Free memory on the node.'],
    'nvidia.com/gpu': [`${verb('is', 'are')} kept for pods that ask for a GPU`, 'Ask for nvidia.com/gpu, or add a toleration for it.'],
  }
  const [what, remedy] = known[key] ?? [
    `${verb('has', 'have')} the taint ${taint}, which it does not tolerate`,
    'Add a toleration to the pod, or remove the taint from the node.',
  ]
  return { what: `${nodes} ${what}.`, remedy }
}

function requestOf(pod: unknown, resource: string): string {
  const asked = listAt(pod, 'spec.containers').flatMap((item) => {
    const requests = (item as { resources?: { requests?: Record<string, unknown> } }).resources?.requests
    const amount = requests?.[resource]
    return amount === undefined ? [] : [String(amount)]
  })
  return asked.length > 0 ? asked.join(' + ') : ''
}
