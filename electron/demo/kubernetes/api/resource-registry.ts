// Which resources are served right now: the built-in table plus what the custom resource definitions in the store
// declare. Asked by the router, discovery, garbage collection and the access reviews.
import { listAt, recordAt, textAt, valueAt } from '../storage/kube-object.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { ResourceType } from './resource-table.ts'
import { apiVersionOf, builtInResources, customResource, shelf } from './resource-table.ts'

export interface ResourceRegistry {
  all(): ResourceType[]
  find(group: string, version: string, plural: string): ResourceType | undefined
  /** The row of an object by its own apiVersion and kind. */
  ofKind(apiVersion: string, kind: string): ResourceType | undefined
  /** Groups with their versions, preferred one first; the core group is not among them. */
  groups(): { name: string; versions: string[] }[]
}

export function createResourceRegistry(store: ObjectStore): ResourceRegistry {
  let custom: ResourceType[] = []
  let readAt: readonly KubeObject[] = []
  const customRows = (): ResourceType[] => {
    const definitions = store.list(shelf.definitions)
    const isSame =
      definitions.length === readAt.length && definitions.every((one, index) => one === readAt[index])
    if (!isSame) {
      custom = definitions.flatMap(rowsOf)
      readAt = definitions
    }
    return custom
  }
  const all = (): ResourceType[] => [...builtInResources, ...customRows()]
  return {
    all,
    find: (group, version, plural) =>
      all().find((row) => row.group === group && row.version === version && row.plural === plural),
    ofKind: (apiVersion, kind) => all().find((row) => row.kind === kind && apiVersionOf(row) === apiVersion),
    groups() {
      const groups = new Map<string, string[]>()
      for (const { group, version } of all()) {
        if (group === '') continue
        const versions = groups.get(group) ?? []
        if (!versions.includes(version)) groups.set(group, [...versions, version])
      }
      return [...groups].map(([name, versions]) => ({ name, versions }))
    },
  }
}

function rowsOf(definition: KubeObject): ResourceType[] {
  const names = {
    group: textAt(definition, 'spec.group'),
    kind: textAt(definition, 'spec.names.kind'),
    plural: textAt(definition, 'spec.names.plural'),
    shortNames: texts(listAt(definition, 'spec.names.shortNames')),
    categories: texts(listAt(definition, 'spec.names.categories')),
    namespaced: textAt(definition, 'spec.scope') === 'Namespaced',
  }
  return listAt(definition, 'spec.versions')
    .filter((version) => valueAt(version, 'served') === true)
    .map((version) =>
      customResource(names, textAt(version, 'name'), Object.keys(recordAt(version, 'subresources'))),
    )
}

const texts = (list: unknown[]): string[] => list.filter((entry) => typeof entry === 'string')
