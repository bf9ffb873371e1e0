// Who asks and what they may: bearer tokens and client certificates to users, and the cluster's own RBAC objects to
// yes or no. The router asks on every request, the access reviews answer from the same rules. Holds no credentials
// beyond the throw-away ones of this start.
import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { KubeObject } from '../storage/kube-object.ts'
import { listAt, textAt } from '../storage/kube-object.ts'
import { KubeError } from '../storage/kube-status.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { shelf } from './resource-table.ts'

export interface KubeUser {
  name: string
  groups: string[]
}

export interface AccessRequest {
  verb: string
  group: string
  resource: string
  subresource?: string | undefined
  namespace?: string | undefined
  name?: string | undefined
}

/** The user behind a request's token or client certificate; undefined when there is none that counts. */
export function authenticate(
  request: IncomingMessage,
  tokens: ReadonlyMap<string, KubeUser>,
): KubeUser | undefined {
  const header = request.headers.authorization ?? ''
  const bearer = /^Bearer\s+(\S+)$/i.exec(header)?.[1] ?? bearerProtocol(request)
  if (bearer !== undefined) {
    for (const [token, user] of tokens) if (isSameToken(token, bearer)) return withAuthenticated(user)
    return undefined
  }
  const { socket } = request
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const subject = socket.getPeerCertificate().subject as { CN?: string; O?: string | string[] } | undefined
  if (subject?.CN === undefined) return undefined
  return withAuthenticated({ name: subject.CN, groups: [subject.O ?? []].flat() })
}

const isSameToken = (left: string, right: string): boolean => {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Browsers cannot set headers on a WebSocket: the token may ride in a subprotocol. */
function bearerProtocol(request: IncomingMessage): string | undefined {
  const prefix = 'base64url.bearer.authorization.k8s.io.'
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((part) => part.trim())
  const found = offered.find((part) => part.startsWith(prefix))
  return found === undefined
    ? undefined
    : Buffer.from(found.slice(prefix.length), 'base64url').toString('utf8')
}

const withAuthenticated = ({ name, groups }: KubeUser): KubeUser => ({
  name,
  groups: [...groups, 'system:authenticated'],
})

export interface PolicyRule {
  verbs: string[]
  apiGroups: string[]
  resources: string[]
  resourceNames: string[]
  nonResourceURLs: string[]
}

/** All rules that hold for a user in a namespace (or cluster-wide with none). */
export function rulesFor(store: ObjectStore, user: KubeUser, namespace: string | undefined): PolicyRule[] {
  if (user.groups.includes('system:masters'))
    return [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: ['*'] }]
  const bindings = [
    ...store.list(shelf.clusterRoleBindings),
    ...store
      .list(shelf.roleBindings)
      .filter((one) => namespace !== undefined && one.metadata.namespace === namespace),
  ]
  return bindings
    .filter((binding) => isSubject(binding, user))
    .flatMap((binding) => rulesOfRole(store, binding))
}

function isSubject(binding: KubeObject, user: KubeUser): boolean {
  return listAt(binding, 'subjects').some((subject) => {
    const name = textAt(subject, 'name')
    switch (textAt(subject, 'kind')) {
      case 'User':
        return name === user.name
      case 'Group':
        return user.groups.includes(name)
      case 'ServiceAccount':
        return user.name === `system:serviceaccount:${textAt(subject, 'namespace')}:${name}`
      default:
        return false
    }
  })
}

function rulesOfRole(store: ObjectStore, binding: KubeObject): PolicyRule[] {
  const name = textAt(binding, 'roleRef.name')
  const role =
    textAt(binding, 'roleRef.kind') === 'Role'
      ? store.get(shelf.roles, binding.metadata.namespace, name)
      : store.get(shelf.clusterRoles, undefined, name)
  const texts = (rule: unknown, path: string): string[] => listAt(rule, path).map(String)
  return listAt(role, 'rules').map((rule) => ({
    verbs: texts(rule, 'verbs'),
    apiGroups: texts(rule, 'apiGroups'),
    resources: texts(rule, 'resources'),
    resourceNames: texts(rule, 'resourceNames'),
    nonResourceURLs: texts(rule, 'nonResourceURLs'),
  }))
}

/** Whether one of the rules allows the request. */
export function isAllowed(rules: PolicyRule[], request: AccessRequest): boolean {
  const { verb, group, resource, subresource, name } = request
  const target = subresource === undefined ? resource : `${resource}/${subresource}`
  const has = (list: string[], wanted: string): boolean => list.includes('*') || list.includes(wanted)
  return rules.some(
    (rule) =>
      has(rule.verbs, verb) &&
      has(rule.apiGroups, group) &&
      (has(rule.resources, target) ||
        (subresource !== undefined && rule.resources.includes(`*/${subresource}`))) &&
      (rule.resourceNames.length === 0 || (name !== undefined && rule.resourceNames.includes(name))),
  )
}

/** Throws 403 in the words of the real server when the user may not. */
export function authorize(store: ObjectStore, user: KubeUser, request: AccessRequest): void {
  if (isAllowed(rulesFor(store, user, request.namespace), request)) return
  const { verb, group, resource, subresource, namespace, name } = request
  const target = subresource === undefined ? resource : `${resource}/${subresource}`
  const label = group === '' ? resource : `${resource}.${group}`
  const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`
  const what = name === undefined ? label : `${label} "${name}"`
  throw new KubeError(
    403,
    'Forbidden',
    `${what} is forbidden: User "${user.name}" cannot ${verb} resource "${target}" in API group "${group}" ${scope}`,
    { ...(name === undefined ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource },
  )
}
