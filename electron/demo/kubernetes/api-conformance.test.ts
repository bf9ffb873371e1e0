// Every list and every object of the demo API server against the official Kubernetes and KubeRay descriptions, which
// lie beside the checkout on the developers' machines and are not part of it.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ResourceType } from './api/resource-table.ts'
import { apiVersionOf, builtInResources } from './api/resource-table.ts'
import type { KubeLab, ListAnswer } from './testing/kube-client.ts'
import { openKubeLab } from './testing/kube-client.ts'
import type { Definitions, Schema } from './testing/schema-check.ts'
import { disagreements } from './testing/schema-check.ts'

const folder = join(import.meta.dirname, '../../../../shared/api')
const isThere = existsSync(join(folder, 'k8s-openapi.json')) && existsSync(join(folder, 'kuberay-crds.json'))

interface Operation {
  responses: Record<string, { schema?: Schema }>
}
interface Description {
  definitions: Definitions
  paths: Record<string, Record<string, Operation>>
}
interface RayDescription {
  crds: { plural: string; schema: Schema }[]
}

const readJson = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'))

describe.skipIf(!isThere)(
  'conformance (skipped where the official descriptions are not beside the checkout)',
  () => {
    const description = isThere
      ? (readJson('k8s-openapi.json') as Description)
      : { definitions: {}, paths: {} }
    const rays = isThere ? (readJson('kuberay-crds.json') as RayDescription).crds : []
    let lab: KubeLab

    beforeAll(async () => {
      lab = await openKubeLab()
      await lab.request('POST', '/apis/apps/v1/namespaces/default/statefulsets', {
        body: {
          metadata: { name: 'keeper' },
          spec: {
            selector: { matchLabels: { app: 'keeper' } },
            template: {
              metadata: { labels: { app: 'keeper' } },
              spec: { containers: [{ name: 'main', image: 'keeper' }] },
            },
            volumeClaimTemplates: [
              {
                metadata: { name: 'data' },
                spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
              },
            ],
          },
        },
      })
      lab.context.clock.advance(90 * 60_000)
    })
    afterAll(() => lab.dispose())

    const base = ({ group, version }: ResourceType): string =>
      group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    const schemaOf = (path: string, code = '200'): Schema | undefined =>
      description.paths[path]?.['get']?.responses[code]?.schema
    const listed = builtInResources.filter((row) => row.verbs.includes('list'))

    it.each(listed.map((row) => [`${row.plural}.${row.group}`, row] as const))(
      'lists and gets %s',
      async (_name, row) => {
        const path = `${base(row)}/${row.plural}`
        const list = await lab.get<ListAnswer>(path)
        const schema = schemaOf(path) ?? schemaOf(`${base(row)}/namespaces/{namespace}/${row.plural}`)
        expect(schema, `a schema for ${path}`).toBeDefined()
        expect(list.kind).toBe(`${row.kind}List`)
        expect(disagreements(list, schema ?? {}, description.definitions)).toEqual([])
        const [first] = list.items
        if (first === undefined) return
        const scope = row.namespaced ? `/namespaces/${first.metadata.namespace ?? ''}` : ''
        const one = await lab.get(`${base(row)}${scope}/${row.plural}/${first.metadata.name}`)
        const template = `${base(row)}${row.namespaced ? '/namespaces/{namespace}' : ''}/${row.plural}/{name}`
        expect(one).toMatchObject({ kind: row.kind, apiVersion: apiVersionOf(row) })
        if (schemaOf(template) !== undefined)
          expect(disagreements(one, schemaOf(template) ?? {}, description.definitions)).toEqual([])
      },
    )

    it.each(['rayclusters', 'rayjobs', 'rayservices'])('lists and gets %s of ray.io', async (plural) => {
      const schema = rays.find((crd) => crd.plural === plural)?.schema ?? {}
      const list = await lab.get<ListAnswer>(`/apis/ray.io/v1/${plural}`)
      for (const object of list.items)
        expect(disagreements(object, schema, description.definitions)).toEqual([])
      expect(list.items.length > 0).toBe(plural !== 'rayservices')
    })

    it.each(['/version/', '/api/', '/apis/', '/api/v1/', '/apis/apps/v1/', '/apis/batch/v1/'])(
      'describes itself at %s',
      async (path) => {
        expect(disagreements(await lab.get(path), schemaOf(path) ?? {}, description.definitions)).toEqual([])
      },
    )

    it('refuses with a Status of the description', async () => {
      const schema = description.definitions['io.k8s.apimachinery.pkg.apis.meta.v1.Status'] ?? {}
      const answer = await lab.request('GET', '/api/v1/namespaces/default/pods/nothing')
      expect(disagreements(answer.json(), schema, description.definitions)).toEqual([])
    })

    it('names only resources that the description knows', () => {
      const unknown = listed.filter(
        (row) =>
          schemaOf(`${base(row)}/${row.plural}`) === undefined &&
          schemaOf(`${base(row)}/namespaces/{namespace}/${row.plural}`) === undefined,
      )
      expect(unknown.map((row) => row.plural)).toEqual([])
    })
  },
)
