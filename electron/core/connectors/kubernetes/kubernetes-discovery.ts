// What an API server has: every kind that can be listed, custom ones included, in the version that it prefers. A group
// that does not answer (an aggregated one whose server is down) is told as a gap and hides no other.
import { z } from 'zod'
import { isAppError } from '#shared/errors.ts'
import type { KubernetesConnector } from './kubernetes-connector.ts'

export interface ApiKind {
  group: string
  version: string
  /** `/api/v1` or `/apis/<group>/<version>`. */
  base: string
  plural: string
  kind: string
  isNamespaced: boolean
  verbs: string[]
  subresources: string[]
}

const groupList = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      preferredVersion: z.object({ groupVersion: z.string(), version: z.string() }),
    }),
  ),
})
const resourceList = z.object({
  resources: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      namespaced: z.boolean(),
      verbs: z.array(z.string()),
    }),
  ),
})

/** Rejects when the server does not answer at all. */
export async function discoverKinds(
  connector: Pick<KubernetesConnector, 'call'>,
  signal?: AbortSignal,
): Promise<{ kinds: ApiKind[]; gaps: string[] }> {
  const { groups } = await connector.call(groupList, { path: '/apis', signal })
  const gaps: string[] = []
  const read = async (group: string, version: string, base: string): Promise<ApiKind[]> => {
    try {
      const { resources } = await connector.call(resourceList, { path: base, signal })
      return kindsOf(resources, group, version, base)
    } catch (error) {
      if (group === '' || signal?.aborted || !isAppError(error)) throw error
      gaps.push(`The API group ${group} does not answer: ${error.message}`)
      return []
    }
  }
  const lists = await Promise.all([
    read('', 'v1', '/api/v1'),
    ...groups.map(({ name, preferredVersion }) =>
      read(name, preferredVersion.version, `/apis/${preferredVersion.groupVersion}`),
    ),
  ])
  return { kinds: lists.flat(), gaps }
}

function kindsOf(
  resources: z.infer<typeof resourceList>['resources'],
  group: string,
  version: string,
  base: string,
): ApiKind[] {
  return resources
    .filter((resource) => !resource.name.includes('/'))
    .map((resource) => ({
      group,
      version,
      base,
      plural: resource.name,
      kind: resource.kind,
      isNamespaced: resource.namespaced,
      verbs: resource.verbs,
      subresources: resources
        .filter((other) => other.name.startsWith(`${resource.name}/`))
        .map((other) => other.name.slice(resource.name.length + 1)),
    }))
}

/** `pods`, `deployments.apps`. */
export const kindIdOf = ({ plural, group }: Pick<ApiKind, 'plural' | 'group'>): string =>
  group === '' ? plural : `${plural}.${group}`
