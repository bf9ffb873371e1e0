// The create-only review kinds: what may I, what may they, who am I. Answers come from the same rules as the
// authorization of requests. Called by the router for POSTs to the authorization and authentication groups.
import type { ObjectStore } from '../storage/object-store.ts'
import { isRecord, listAt, recordAt, textAt } from '../storage/kube-object.ts'
import { badRequest } from '../storage/kube-status.ts'
import type { KubeUser, PolicyRule } from './access.ts'
import { isAllowed, rulesFor } from './access.ts'

export interface ReviewContext {
  store: ObjectStore
  user: KubeUser
  tokens: ReadonlyMap<string, KubeUser>
}

/** The answered review of a kind; undefined for kinds that are no review. */
export function answerReview(
  context: ReviewContext,
  kind: string,
  body: unknown,
): Record<string, unknown> | undefined {
  const review = isRecord(body) ? body : {}
  const spec = recordAt(review, 'spec')
  const { user } = context
  switch (kind) {
    case 'SelfSubjectAccessReview':
      return answer(review, 'authorization.k8s.io/v1', kind, accessStatus(context, user, spec))
    case 'SubjectAccessReview':
    case 'LocalSubjectAccessReview': {
      const other = { name: textAt(spec, 'user'), groups: listAt(spec, 'groups').map(String) }
      return answer(review, 'authorization.k8s.io/v1', kind, accessStatus(context, other, spec))
    }
    case 'SelfSubjectRulesReview':
      return answer(review, 'authorization.k8s.io/v1', kind, rulesStatus(context, textAt(spec, 'namespace')))
    case 'SelfSubjectReview':
      return answer(review, 'authentication.k8s.io/v1', kind, {
        userInfo: { username: user.name, groups: user.groups },
      })
    case 'TokenReview':
      return answer(review, 'authentication.k8s.io/v1', kind, tokenStatus(context, textAt(spec, 'token')))
    default:
      return undefined
  }
}

const answer = (review: Record<string, unknown>, apiVersion: string, kind: string, status: object) => ({
  kind,
  apiVersion,
  metadata: { creationTimestamp: null },
  ...('spec' in review ? { spec: review['spec'] } : {}),
  status,
})

function accessStatus({ store }: ReviewContext, user: KubeUser, spec: Record<string, unknown>) {
  const attributes = recordAt(spec, 'resourceAttributes')
  if (Object.keys(attributes).length === 0) {
    const path = textAt(spec, 'nonResourceAttributes.path')
    if (path === '')
      throw badRequest('exactly one of nonResourceAttributes or resourceAttributes must be specified')
    return { allowed: rulesFor(store, user, undefined).some((rule) => isPathAllowed(rule, path)) }
  }
  const namespace = textAt(attributes, 'namespace') || undefined
  const allowed = isAllowed(rulesFor(store, user, namespace), {
    verb: textAt(attributes, 'verb'),
    group: textAt(attributes, 'group'),
    resource: textAt(attributes, 'resource'),
    subresource: textAt(attributes, 'subresource') || undefined,
    name: textAt(attributes, 'name') || undefined,
    namespace,
  })
  return allowed ? { allowed, reason: 'RBAC: allowed by the bindings of this cluster' } : { allowed }
}

const isPathAllowed = ({ nonResourceURLs }: PolicyRule, path: string): boolean =>
  nonResourceURLs.some(
    (url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))),
  )

function rulesStatus({ store, user }: ReviewContext, namespace: string) {
  const rules = rulesFor(store, user, namespace === '' ? undefined : namespace)
  return {
    resourceRules: rules
      .filter((rule) => rule.resources.length > 0)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames.length > 0 ? { resourceNames } : {}),
      })),
    nonResourceRules: rules
      .filter((rule) => rule.nonResourceURLs.length > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  }
}

function tokenStatus({ tokens }: ReviewContext, token: string) {
  const user = tokens.get(token)
  return user === undefined
    ? { authenticated: false, user: {}, error: 'invalid bearer token' }
    : { authenticated: true, user: { username: user.name, groups: user.groups } }
}
