// What is sent to an API server, against the official description, which lies beside the checkout on the developers'
// machines and is not part of it: paths, methods, parameters and content types.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { HttpsCall } from '../https/https-client.ts'
import { createAccessDesk } from './kubernetes-access.ts'
import { createObject, deleteObject, findObjects, getObject, patchObject, replaceObject } from './kubernetes-objects.ts'
import { readPodLog } from './pod-log.ts'
import { forwardConnection } from './port-forward.ts'

const file = join(import.meta.dirname, '../../../../../shared/api/k8s-openapi.json')
type Parameter = { name?: string; $ref?: string }
interface Operation {
  consumes?: string[]
  parameters?: Parameter[]
}
type Path = Record<string, Operation> & { parameters?: Parameter[] }
/** The kubelet's log takes it, and the description has never named it. */
const unnamed = new Set(['sinceTime'])

const object = { apiVersion: 'v1', kind: 'Any', metadata: { name: 'x' } }

/** A connector that keeps what it is asked. */
function recorder() {
  const calls: HttpsCall[] = []
  const keep = (_schema: unknown, call: HttpsCall) => {
    calls.push(call)
    return Promise.resolve({ ...object, items: [], status: { allowed: true, resourceRules: [], incomplete: true } })
  }
  const connector = {
    party: { system: 'Kubernetes', endpoint: 'x' },
    call: keep as never,
    bytes: async function* (call: HttpsCall) {
      calls.push(call)
    } as never,
    socket: ((call: HttpsCall) => {
      calls.push(call)
      return Promise.reject(new Error('enough'))
    }) as never,
  }
  return { connector, calls }
}

const pods = { base: '/api/v1', plural: 'pods', isNamespaced: true }
const nodes = { base: '/api/v1', plural: 'nodes', isNamespaced: false }
const deployments = { base: '/apis/apps/v1', plural: 'deployments', isNamespaced: true }
const jobs = { base: '/apis/batch/v1', plural: 'jobs', isNamespaced: true }
const where = { namespace: 'n', name: 'x' }

async function everyRequest(): Promise<HttpsCall[]> {
  const { connector, calls } = recorder()
  await getObject(connector, nodes, { namespace: null, name: 'x' })
  await findObjects(connector, pods, null, { fieldSelector: 'spec.nodeName=x', limit: 5 })
  await findObjects(connector, pods, 'n', { labelSelector: 'a=b', limit: 5 })
  await replaceObject(connector, deployments, where, object, { isDryRun: true })
  for (const type of ['merge', 'strategic', 'json', 'apply'] as const) await patchObject(connector, deployments, where, { type, body: {} }, { isDryRun: true })
  await patchObject(connector, deployments, where, { type: 'merge', body: {}, subresource: 'scale' })
  await patchObject(connector, nodes, { namespace: null, name: 'x' }, { type: 'merge', body: {} })
  await createObject(connector, jobs, { namespace: 'n' }, object)
  await createObject(connector, pods, { namespace: 'n', name: 'x', subresource: 'eviction' }, object)
  await deleteObject(connector, deployments, where, { propagation: 'Foreground', uid: 'u' })
  await createAccessDesk(connector, () => 0).may({ verb: 'get', group: '', resource: 'pods', namespace: 'n' })
  const after = { time: '2026-07-21T10:00:00.000000000Z', texts: [] }
  for (const query of [{ isFollowed: true, after }, { isFollowed: false, isPrevious: true, tailLines: 5, sinceSeconds: 5 }])
    for await (const _batch of readPodLog(connector, { namespace: 'n', pod: 'x', container: 'c' }, query, new AbortController().signal));
  const counted = { onReceived: () => undefined, onSent: () => undefined }
  await forwardConnection(connector, { namespace: 'n', pod: 'x', port: 80 }, new Duplex({ read: () => undefined }), counted, new AbortController().signal).catch(() => undefined)
  return calls
}

describe.skipIf(!existsSync(file))('requests (skipped where the official description is not beside the checkout)', () => {
  it('use paths, methods, parameters and content types that the API has', async () => {
    const description = JSON.parse(readFileSync(file, 'utf8')) as { paths: Record<string, Path>; parameters: Record<string, { name: string }> }
    const nameOf = (one: Parameter): string => one.name ?? description.parameters[one.$ref?.split('/').at(-1) ?? '']?.name ?? ''
    const { paths } = description
    const known = Object.entries(paths).map(([template, path]) => [new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+').replace(/\/$/, '')}$`), path] as const)
    const calls = await everyRequest()
    expect(calls.length).toBeGreaterThan(15)
    for (const call of calls) {
      const what = `${call.method ?? 'GET'} ${call.path}`
      const found = known.filter(([pattern]) => pattern.test(call.path)).map(([, path]) => path)
      const operation = found.map((path) => path[(call.method ?? 'GET').toLowerCase()]).find(Boolean)
      expect(operation, what).toBeDefined()
      const names = new Set([...found.flatMap((path) => path.parameters ?? []), ...(operation?.parameters ?? [])].map(nameOf))
      const sent = Object.entries(call.query ?? {}).filter(([name, value]) => value !== undefined && !unnamed.has(name))
      expect(sent.map(([name]) => name).filter((name) => !names.has(name)), what).toEqual([])
      const type = call.headers?.['content-type']
      const consumed = operation?.consumes ?? []
      if (type !== undefined && !consumed.includes('*/*')) expect(consumed, what).toContain(type)
    }
  })
})
