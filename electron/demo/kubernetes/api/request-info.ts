// A request's path and query taken apart: which resource, namespace, object and subresource is meant. The router and
// the access check read it; nothing else parses paths. Throws a Status-carrying error for paths that mean nothing.
import type { ResourceRegistry } from './resource-registry.ts'
import type { ResourceType } from './resource-table.ts'
import { badRequest, noSuchPath } from '../storage/kube-status.ts'

export interface ResourceRequest {
  resource: ResourceType
  namespace: string | undefined
  name: string | undefined
  subresource: string | undefined
  /** What follows the subresource, for proxy requests: begins with `/`, or is empty. */
  rest: string
  query: URLSearchParams
}

/** Undefined for paths outside /api and /apis resources (discovery, health). */
export function parseResourcePath(
  registry: ResourceRegistry,
  path: string,
  query: URLSearchParams,
): ResourceRequest | undefined {
  const steps = decodeSteps(path)
  const isCore = steps[0] === 'api'
  if (!isCore && steps[0] !== 'apis') return undefined
  const [group, version, tail] = isCore
    ? ['', steps[1], steps.slice(2)]
    : [steps[1], steps[2], steps.slice(3)]
  if (group === undefined || version === undefined || tail.length === 0) return undefined
  let namespace: string | undefined
  let rest = tail
  // `/namespaces/x` and `/namespaces/x/status` are about the namespace itself, longer paths about something in it.
  const isAboutNamespace =
    rest.length <= 2 || (isCore && rest.length === 3 && isNamespaceSubresource(rest[2]))
  if (rest[0] === 'namespaces' && !isAboutNamespace) {
    namespace = rest[1]
    rest = rest.slice(2)
  }
  const [plural = '', name, subresource, ...proxied] = rest
  const resource = registry.find(group, version, plural)
  if (resource === undefined) throw noSuchPath()
  if (namespace !== undefined && !resource.namespaced) throw noSuchPath()
  if (subresource !== undefined && !resource.subresources.includes(subresource)) throw noSuchPath()
  if (proxied.length > 0 && subresource !== 'proxy') throw noSuchPath()
  if (name !== undefined && resource.namespaced && namespace === undefined) throw noSuchPath()
  const slash = path.endsWith('/') && subresource === 'proxy' ? '/' : ''
  const restPath = proxied.length > 0 ? `/${proxied.join('/')}${slash}` : slash
  return { resource, namespace, name, subresource, rest: restPath, query }
}

const isNamespaceSubresource = (step: string | undefined): boolean => step === 'status' || step === 'finalize'

function decodeSteps(path: string): string[] {
  try {
    return path
      .split('/')
      .filter((step) => step !== '')
      .map(decodeURIComponent)
  } catch {
    throw badRequest('the path of the request is not decodable')
  }
}

/** A whole number from the query; absent when not given. Throws BadRequest on anything else. */
export function queryNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  if (!/^\d{1,15}$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax in ${name}`)
  return Number(text)
}

export function queryFlag(query: URLSearchParams, name: string): boolean {
  const text = query.get(name)
  if (text === null) return false
  if (['', '1', 't', 'T', 'true', 'True', 'TRUE'].includes(text)) return true
  if (['0', 'f', 'F', 'false', 'False', 'FALSE'].includes(text)) return false
  throw badRequest(`strconv.ParseBool: parsing "${text}": invalid syntax in ${name}`)
}
