// metrics.k8s.io: what nodes and pods use at this moment, from the same load curves as the hypervisor's figures of the
// virtual machines below. Computed on request.
import { guestCurves, hashFraction, loadCurve, valueAt } from '../../world/load.ts'
import type { DemoSite } from '../../world/site.ts'
import { shelf } from '../api/resource-table.ts'
import type { ContainerSpec, Pod } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { timestamp } from '../storage/kube-time.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { quantityOr } from '../storage/quantity.ts'

const windowSeconds = 15.3
const apiVersion = 'metrics.k8s.io/v1beta1'

/** Answers a list of NodeMetrics or PodMetrics at the clock's time. */
export function createMetrics(
  store: ObjectStore,
  site: DemoSite,
  nowMs: () => number,
): (plural: string) => KubeObject[] {
  const curves = guestCurves(site)
  const head = (object: KubeObject, kind: string, atMs: number): KubeObject => ({
    apiVersion,
    kind,
    metadata: {
      name: object.metadata.name,
      ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
      creationTimestamp: timestamp(atMs),
      labels: object.metadata.labels ?? {},
    },
    timestamp: timestamp(atMs - 7_000),
    window: `${windowSeconds}s`,
  })
  const nodes = (atMs: number): KubeObject[] =>
    store.list(shelf.nodes).flatMap((object) => {
      const known = site.kubernetes.nodes.find((node) => node.name === object.metadata.name)
      const curve = known === undefined ? undefined : curves.get(known.vmid)
      if (known === undefined || curve === undefined) return []
      const usage = {
        cpu: nanoCores(valueAt(curve.cpu, atMs) * known.cpu),
        memory: kibibytes(valueAt(curve.memBytes, atMs)),
      }
      return [{ ...head(object, 'NodeMetrics', atMs), usage }]
    })
  const pods = (atMs: number): KubeObject[] =>
    store
      .list(shelf.pods)
      .map(as<Pod>)
      .filter((pod) => pod.status.phase === 'Running')
      .map((pod) => ({
        ...head(pod, 'PodMetrics', atMs),
        containers: pod.spec.containers.map((one) => ({ name: one.name, usage: usageOf(pod, one, atMs) })),
      }))
  return (plural) => (plural === 'nodes' ? nodes(nowMs()) : pods(nowMs()))
}

const nanoCores = (cores: number): string => `${Math.round(cores * 1e9)}n`
const kibibytes = (bytes: number): string => `${Math.round(bytes / 1024)}Ki`

/** Containers live around 45 to 85 % of what they asked for. */
function usageOf(pod: Pod, container: ContainerSpec, atMs: number): { cpu: string; memory: string } {
  const seed = `${pod.metadata.name}/${container.name}`
  const share = 0.45 + 0.4 * hashFraction(seed)
  const cores = quantityOr(container.resources?.requests?.['cpu'], 0.05)
  const bytes = quantityOr(container.resources?.requests?.['memory'], 64 * 2 ** 20)
  return {
    cpu: nanoCores(valueAt(loadCurve(`podcpu${seed}`, cores * share), atMs)),
    memory: kibibytes(valueAt(loadCurve(`podmem${seed}`, bytes * share, 0.15), atMs)),
  }
}
