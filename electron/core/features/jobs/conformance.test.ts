// What the launchers send against the official descriptions of Kubernetes and KubeRay, which lie beside the checkout on the
// developers' machines and are not part of it: every template's objects, and every request's path, verb and parameters.
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import * as requests from '../../connectors/kubernetes/kubernetes-jobs.ts'
import { disagreements, type Definitions, type Schema } from '../../../demo/kubernetes/testing/schema-check.ts'
import { planOrder } from './plan-order.ts'
import { createTemplateLibrary } from './template-library.ts'

const folder = join(import.meta.dirname, '../../../../../shared/api')
const isThere = existsSync(join(folder, 'k8s-openapi.json')) && existsSync(join(folder, 'kuberay-crds.json'))

interface Parameter {
  $ref?: string
  name?: string
}
type PathItem = Record<string, { parameters?: Parameter[] } | undefined> & { parameters?: Parameter[] }
interface Description {
  definitions: Definitions
  paths: Record<string, PathItem>
  parameters?: Record<string, Parameter>
}

const readJson = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'))

describe.skipIf(!isThere)('conformance (skipped where the official descriptions are not beside the checkout)', () => {
  const description = isThere ? (readJson('k8s-openapi.json') as Description) : { definitions: {}, paths: {} }
  const rays = isThere ? (readJson('kuberay-crds.json') as { crds: { kind: string; schema: Schema }[] }).crds : []
  const schemas: Record<string, Schema | undefined> = {
    Job: { $ref: '#/definitions/io.k8s.api.batch.v1.Job' },
    RayJob: rays.find(({ kind }) => kind === 'RayJob')?.schema,
  }

  it('every template makes objects that the descriptions know', async () => {
    const library = createTemplateLibrary({ shipped: join(import.meta.dirname, '../../../../resources/templates'), user: join(tmpdir(), 'no-templates') })
    let checked = 0
    for (const { id, targets } of await library.list())
      for (const target of targets) {
        if (target === 'ssh-script') continue
        const order = { submissionId: '1f3a9c02-0000-4000-8000-000000000001', siteId: 's' as SiteId, templateId: id, target, connectionId: 'c' as ConnectionId, namespace: 'desi-voids', name: id, parameters: {}, data: null, manifest: null }
        const { manifest } = planOrder(order, await library.load(id), { namespace: 'default', submittedBy: 'ada', atMs: 0, source: null })
        const schema = schemas[String(manifest['kind'])]
        expect(schema, `${id}: ${String(manifest['kind'])}`).toBeDefined()
        expect(disagreements(manifest, schema!, description.definitions), `${id} on ${target}`).toEqual([])
        checked += 1
      }
    expect(checked).toBe(6)
  })

  it('every request is one that the API server describes', async () => {
    const sent: { method: string; path: string; query: string[] }[] = []
    const calls = {
      party: { system: 'Kubernetes', endpoint: 'x' },
      call: async (_schema: unknown, call: { method?: string; path: string; query?: Record<string, unknown> }) => {
        sent.push({ method: (call.method ?? 'GET').toLowerCase(), path: call.path, query: Object.entries(call.query ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [name])) })
        return { items: [], metadata: { name: 'j' } }
      },
      lines: async function* (call: { path: string; query?: Record<string, unknown> }) {
        sent.push({ method: 'get', path: call.path, query: Object.keys(call.query ?? {}) })
        yield ''
      },
    } as unknown as requests.JobCalls
    const where = { namespace: 'desi-voids', name: 'j' }
    await requests.createObject(calls, 'ConfigMap', {}, { namespace: 'desi-voids', isDryRun: true })
    await requests.createObject(calls, 'Job', {}, { namespace: 'desi-voids' })
    await requests.findObject(calls, 'Job', where)
    await requests.deleteObject(calls, 'Job', where)
    await requests.setOwner(calls, 'ConfigMap', where, { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'u' })
    await requests.suspendJob(calls, where)
    await requests.listJobs(calls, undefined)
    await requests.listPods(calls, { namespace: undefined, labelSelector: 'a' })
    await requests.listEvents(calls, where)
    await requests.listNodes(calls)
    await requests.listNamespaces(calls)
    await requests.listAllPods(calls)
    for await (const _line of requests.podLog(calls, { namespace: 'desi-voids', pod: 'p' }, { isFollowing: true, sinceTime: '2026-01-01T00:00:00Z', signal: new AbortController().signal }));
    expect(sent.flatMap((one) => unknownParts(one, description))).toEqual([])
    expect(sent).toHaveLength(13)
  })
})

/** Documented by Kubernetes for `log`, and absent from its description. */
const undescribed = ['sinceTime']

function unknownParts({ method, path, query }: { method: string; path: string; query: string[] }, { paths, parameters = {} }: Description): string[] {
  const found = Object.entries(paths).find(([template, item]) => item[method] && new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path))
  if (!found) return [`${method} ${path}`]
  const [, item] = found
  const known = [...(item.parameters ?? []), ...(item[method]?.parameters ?? [])].map((one) => (one.$ref ? parameters[one.$ref.split('/').at(-1) ?? '']?.name : one.name))
  return query.filter((name) => !known.includes(name) && !undescribed.includes(name)).map((name) => `${method} ${path}?${name}`)
}
