// Answers `Accept: application/json;as=Table` (and as=PartialObjectMetadata): a list or an object as the rows that
// kubectl prints. The router decides when; custom kinds take their columns from their definition.
import { shelf, type ResourceType } from '../api/resource-table.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { listAt, textAt, valueAt } from '../storage/kube-object.ts'
import { printAge } from '../storage/kube-time.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { clusterColumns } from './cluster-columns.ts'
import type { Column } from './columns.ts'
import { ageColumn, column, nameColumn } from './columns.ts'
import { nodeColumns, podColumns } from './pod-columns.ts'
import { workloadColumns } from './workload-columns.ts'

const builtIn: Record<string, Column[]> = {
  '/pods': podColumns,
  '/nodes': nodeColumns,
  ...workloadColumns,
  ...clusterColumns,
}

/** The columns of a kind. */
export function columnsOf(store: ObjectStore, resource: ResourceType): Column[] {
  if (resource.isCustom) return customColumns(store, resource)
  const key = resource.storeKey === 'virtual' ? `${resource.group}/${resource.plural}` : resource.storeKey
  return builtIn[key] ?? [nameColumn, ageColumn]
}

function customColumns(store: ObjectStore, resource: ResourceType): Column[] {
  const definition = store.get(shelf.definitions, undefined, `${resource.plural}.${resource.group}`)
  const version = listAt(definition, 'spec.versions').find((one) => textAt(one, 'name') === resource.version)
  const columns = listAt(version, 'additionalPrinterColumns').map((entry) => {
    const path = textAt(entry, 'jsonPath').replace(/^\./, '')
    const type = textAt(entry, 'type')
    const made = column(textAt(entry, 'name'), (object, nowMs) => {
      const value = valueAt(object, path)
      return type === 'date' && typeof value === 'string' ? printAge(value, nowMs) : value
    })
    const priority = Number(textAt(entry, 'priority') || '0')
    return { ...made, priority, type: (type === 'date' ? 'string' : type) as Column['type'] }
  })
  return columns.length === 0 ? [nameColumn, ageColumn] : [nameColumn, ...columns]
}

export interface TableOptions {
  /** `includeObject` of the query: None, Metadata (the default) or Object. */
  includeObject: string
  nowMs: number
}

/** The Table for some objects; `metadata` is the list's own. */
export function printTable(
  columns: Column[],
  objects: KubeObject[],
  metadata: object,
  options: TableOptions,
) {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns.map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object, options.nowMs) ?? null),
      object: rowObject(object, options.includeObject),
    })),
  }
}

function rowObject(object: KubeObject, includeObject: string): unknown {
  if (includeObject === 'Object') return object
  return includeObject === 'None' ? null : metadataOnly(object)
}

/** The object stripped to what `as=PartialObjectMetadata` asks for. */
export const metadataOnly = (object: KubeObject) => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: object.metadata,
})

export type AcceptedForm = 'object' | 'table' | 'metadata'

/** The best form the client accepts; undefined when it takes no JSON at all. */
export function acceptedForm(accept: string | undefined): AcceptedForm | undefined {
  if (accept === undefined || accept.trim() === '') return 'object'
  for (const entry of accept.split(',')) {
    const [type = '', ...parameters] = entry.split(';').map((part) => part.trim())
    if (!['application/json', '*/*', 'application/*'].includes(type)) continue
    const as = parameters.find((part) => part.startsWith('as='))?.slice(3)
    const isV1 = parameters.includes('v=v1') || !parameters.some((part) => part.startsWith('v='))
    if (as === undefined) return 'object'
    if (as === 'Table' && isV1) return 'table'
    if ((as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') && isV1) return 'metadata'
  }
  return undefined
}
