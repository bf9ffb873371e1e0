// What pods and nodes use now, from metrics.k8s.io. It is an add-on: where it is absent, forbidden or still starting
// there is nothing to show, and that is not a failure.
import { z } from 'zod'
import { isAppError } from '#shared/errors.ts'
import { parseQuantity } from '#shared/model/kubernetes-quantity.ts'
import type { Cluster } from './cluster-desk.ts'

const amounts = z.object({ cpu: z.string().optional(), memory: z.string().optional() })
const metricsList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
      usage: amounts.optional(),
      containers: z.array(z.object({ usage: amounts })).optional(),
    }),
  ),
})

/** By name of the node, or `namespace/name` of the pod. */
export type Usage = ReadonlyMap<string, { cpu: number; memory: number }>

export async function readUsage(
  cluster: Pick<Cluster, 'connector'>,
  of: 'nodes' | 'pods',
  namespace: string | null,
  signal?: AbortSignal,
): Promise<Usage> {
  const base = '/apis/metrics.k8s.io/v1beta1'
  const path = namespace === null ? `${base}/${of}` : `${base}/namespaces/${encodeURIComponent(namespace)}/${of}`
  try {
    const { items } = await cluster.connector().call(metricsList, { path, signal, timeoutMs: 8_000 })
    return new Map(
      items.map(({ metadata, usage, containers }) => {
        const parts = usage ? [usage] : (containers ?? []).map((item) => item.usage)
        const sum = (key: 'cpu' | 'memory'): number =>
          parts.reduce((total, part) => total + (parseQuantity(part[key]) ?? 0), 0)
        const key = metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name
        return [key, { cpu: sum('cpu'), memory: sum('memory') }]
      }),
    )
  } catch (error) {
    if (isAppError(error)) return new Map()
    throw error
  }
}
