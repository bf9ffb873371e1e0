// What this identity may do, before it tries: one rules review a namespace, kept for a minute, and a question of its
// own where the server says that its rules are not complete. An answer is advice for the screen; the server decides.
import { z } from 'zod'
import { isAppError } from '#shared/errors.ts'
import type { KubernetesConnector } from './kubernetes-connector.ts'

export interface AccessQuestion {
  verb: string
  group: string
  resource: string
  subresource?: string
  namespace: string | null
  name?: string
}

const rule = z.object({
  verbs: z.array(z.string()),
  apiGroups: z.array(z.string()).nullish(),
  resources: z.array(z.string()).nullish(),
  resourceNames: z.array(z.string()).nullish(),
})
type Rule = z.infer<typeof rule>
const rulesAnswer = z.object({
  status: z.object({ resourceRules: z.array(rule).nullish(), incomplete: z.boolean().nullish() }),
})
const accessAnswer = z.object({ status: z.object({ allowed: z.boolean(), reason: z.string().nullish() }) })

const keptMs = 60_000

export interface AccessDesk {
  /** True when it may, false when not, undefined when the server would not say. */
  may(question: AccessQuestion, signal?: AbortSignal): Promise<boolean | undefined>
}

export function createAccessDesk(connector: Pick<KubernetesConnector, 'call'>, now: () => number): AccessDesk {
  const kept = new Map<string, { untilMs: number; answer: Promise<unknown> }>()

  function cached<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const known = kept.get(key)
    if (known && known.untilMs > now()) return known.answer as Promise<T>
    const answer = ask()
    if (kept.size > 500) kept.clear()
    kept.set(key, { untilMs: now() + keptMs, answer })
    answer.catch(() => kept.delete(key))
    return answer
  }
  const post = <S extends z.ZodType>(schema: S, path: string, kind: string, spec: object) =>
    connector.call(schema, {
      method: 'POST',
      path: `/apis/authorization.k8s.io/v1/${path}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind, spec }),
      timeoutMs: 10_000,
    })

  const rules = (namespace: string) =>
    cached(`rules ${namespace}`, () =>
      post(rulesAnswer, 'selfsubjectrulesreviews', 'SelfSubjectRulesReview', { namespace }),
    )
  const ask = (question: AccessQuestion) => {
    const { namespace, ...attributes } = question
    const resourceAttributes = namespace === null ? attributes : { ...attributes, namespace }
    return cached(`access ${JSON.stringify(question)}`, () =>
      post(accessAnswer, 'selfsubjectaccessreviews', 'SelfSubjectAccessReview', { resourceAttributes }),
    )
  }

  return {
    async may(question) {
      try {
        // A review wants a namespace; what is given cluster-wide counts in each.
        if (question.namespace !== null) {
          const { status } = await rules(question.namespace)
          if (status.resourceRules?.some((item) => allows(item, question))) return true
          if (!status.incomplete) return false
        }
        return (await ask(question)).status.allowed
      } catch (error) {
        if (isAppError(error) && error.code !== 'cancelled') return undefined
        throw error
      }
    },
  }
}

const has = (list: readonly string[] | null | undefined, value: string): boolean =>
  list?.some((item) => item === '*' || item === value) ?? false

function allows(item: Rule, question: AccessQuestion): boolean {
  const { verb, group, resource, subresource, name } = question
  const isResource = subresource
    ? has(item.resources, `${resource}/${subresource}`) || has(item.resources, `*/${subresource}`)
    : has(item.resources, resource)
  const isNamed = !item.resourceNames?.length || (name !== undefined && item.resourceNames.includes(name))
  return has(item.verbs, verb) && has(item.apiGroups, group) && isResource && isNamed
}
