// Which path answers which discovery document. Asked by the router before anything else; undefined means that the
// path is about a resource.
import { noSuchPath } from '../storage/kube-status.ts'
import type { ApiContext } from './api-context.ts'
import {
  coreVersions,
  groupDocument,
  groupList,
  openApiDocument,
  openApiIndex,
  resourceList,
  versionInfo,
} from './discovery.ts'

const healthPaths = ['/healthz', '/livez', '/readyz']

/** A document for JSON, a text for health checks, undefined for resource paths; throws 404 for unknown groups. */
export function answerDiscovery(context: ApiContext, pathname: string): object | string | undefined {
  const { registry, site } = context
  const path = pathname.length > 1 ? pathname.replace(/\/+$/, '') : pathname
  if (healthPaths.includes(path)) return 'ok'
  if (path === '/version') return versionInfo(site.kubernetes.cluster.version)
  if (path === '/')
    return { paths: ['/api', '/api/v1', '/apis', '/healthz', '/livez', '/openapi/v3', '/readyz', '/version'] }
  if (path === '/api') return coreVersions(context.serverAddress())
  if (path === '/apis') return groupList(registry)
  if (path === '/openapi/v3') return openApiIndex(registry)
  if (path.startsWith('/openapi/v3/'))
    return openApiDocument(registry, path.slice('/openapi/v3/'.length)) ?? missing()
  if (path === '/api/v1') return resourceList(registry, '', 'v1') ?? missing()
  const [, group, version] = /^\/apis\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? []
  if (group === undefined) return undefined
  return (
    (version === undefined ? groupDocument(registry, group) : resourceList(registry, group, version)) ??
    missing()
  )
}

const missing = (): never => {
  throw noSuchPath()
}
