// The documents that tell clients what the demo API server serves: /version, /api, /apis, resource lists, and the
// OpenAPI v3 stub that kubectl reads to learn that field validation happens on the server. Pure functions.
import type { ResourceRegistry } from './resource-registry.ts'
import type { ResourceType } from './resource-table.ts'

/** `gitVersion` comes from the site; the commit and date are fixed inventions. */
export function versionInfo(gitVersion: string) {
  const [, major = '1', minor = '0'] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? []
  return {
    major,
    minor,
    gitVersion,
    gitCommit: '59526cd4867447956156ae3a602fcbac10a2c335',
    gitTreeState: 'clean',
    buildDate: '2025-05-15T08:14:11Z',
    goVersion: 'go1.23.8',
    compiler: 'gc',
    platform: 'linux/amd64',
  }
}

export const coreVersions = (serverAddress: string) => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
})

const groupEntry = ({ name, versions }: { name: string; versions: string[] }) => {
  const entries = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: entries, preferredVersion: entries[0] }
}

export const groupList = (registry: ResourceRegistry) => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: registry.groups().map(groupEntry),
})

/** Undefined for a group that is not served. */
export function groupDocument(registry: ResourceRegistry, name: string) {
  const group = registry.groups().find((entry) => entry.name === name)
  return group === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) }
}

/** The resources of one group and version; undefined when that is not served. */
export function resourceList(registry: ResourceRegistry, group: string, version: string) {
  const rows = registry.all().filter((row) => row.group === group && row.version === version)
  if (rows.length === 0) return undefined
  const resources = rows.flatMap((row) => [
    mainEntry(row),
    ...row.subresources.map((name) => subEntry(row, name)),
  ])
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources,
  }
}

const mainEntry = (row: ResourceType) => ({
  name: row.plural,
  singularName: row.singular,
  namespaced: row.namespaced,
  kind: row.kind,
  verbs: row.verbs,
  ...(row.shortNames.length > 0 ? { shortNames: row.shortNames } : {}),
  ...(row.categories.length > 0 ? { categories: row.categories } : {}),
})

const subresourceVerbs: Record<string, string[]> = {
  log: ['get'],
  exec: ['create', 'get'],
  eviction: ['create'],
  finalize: ['update'],
  proxy: ['create', 'delete', 'get', 'patch', 'update'],
}

const foreignKinds: Record<string, { group?: string; version?: string; kind: string }> = {
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction' },
  exec: { kind: 'PodExecOptions' },
  proxy: { kind: 'ServiceProxyOptions' },
}

const subEntry = (row: ResourceType, name: string) => ({
  name: `${row.plural}/${name}`,
  singularName: '',
  namespaced: row.namespaced,
  kind: row.kind,
  ...foreignKinds[name],
  verbs: subresourceVerbs[name] ?? ['get', 'patch', 'update'],
})

const versionPath = (row: ResourceType): string =>
  row.group === '' ? `api/${row.version}` : `apis/${row.group}/${row.version}`

/** The index at /openapi/v3. */
export function openApiIndex(registry: ResourceRegistry) {
  const paths: Record<string, { serverRelativeURL: string }> = {}
  for (const row of registry.all())
    paths[versionPath(row)] = { serverRelativeURL: `/openapi/v3/${versionPath(row)}?hash=demo` }
  return { paths }
}

/** One group's document, holding just the query parameters of its PATCH operations. */
export function openApiDocument(registry: ResourceRegistry, path: string) {
  const rows = registry.all().filter((row) => versionPath(row) === path)
  if (rows.length === 0) return undefined
  const paths: Record<string, unknown> = {}
  for (const row of rows) {
    const scope = row.namespaced ? '/namespaces/{namespace}' : ''
    const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
      name,
      in: 'query',
      schema: { type: name === 'force' ? 'boolean' : 'string' },
    }))
    paths[`/${path}${scope}/${row.plural}/{name}`] = {
      patch: {
        parameters,
        responses: { 200: { description: 'OK' } },
        'x-kubernetes-action': 'patch',
        'x-kubernetes-group-version-kind': { group: row.group, version: row.version, kind: row.kind },
      },
    }
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'demo' },
    paths,
    components: { schemas: {} },
  }
}
