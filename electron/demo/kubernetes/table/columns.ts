// What a table column is, and the cells that many kinds share. The column files build on it; the printer reads it.
import type { KubeObject } from '../storage/kube-object.ts'
import { isRecord, listAt, recordAt, textAt } from '../storage/kube-object.ts'
import { printAge } from '../storage/kube-time.ts'

export interface Column {
  name: string
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  format: string
  description: string
  /** 0 is always shown, 1 only in the wide form. */
  priority: number
  cell(object: KubeObject, nowMs: number): unknown
}

type Cell = Column['cell']

export const column = (name: string, cell: Cell, type: Column['type'] = 'string'): Column => ({
  name,
  type,
  format: '',
  description: name,
  priority: 0,
  cell,
})

export const wide = (name: string, cell: Cell): Column => ({ ...column(name, cell), priority: 1 })

export const nameColumn: Column = { ...column('Name', (object) => object.metadata.name), format: 'name' }
export const ageColumn = column('Age', (object, nowMs) => printAge(object.metadata.creationTimestamp, nowMs))

/** A cell of the value at a path; `<none>` where there is nothing. */
export const pathCell =
  (path: string, otherwise = '<none>'): Cell =>
  (object) =>
    textAt(object, path) || otherwise

export const countCell =
  (path: string): Cell =>
  (object) =>
    Number(textAt(object, path) || '0')

/** How many of `ready` there are out of `wanted`, as `2/3`. */
export const shareCell =
  (ready: string, wanted: string): Cell =>
  (object) =>
    `${textAt(object, ready) || '0'}/${textAt(object, wanted) || '0'}`

export const printLabels = (labels: unknown): string => {
  const entries = isRecord(labels) ? Object.entries(labels) : []
  return entries.length === 0 ? '<none>' : entries.map(([key, value]) => `${key}=${String(value)}`).join(',')
}

export const labelsCell =
  (path: string): Cell =>
  (object) =>
    printLabels(recordAt(object, path))

export const joined = (texts: string[]): string => (texts.length === 0 ? '<none>' : texts.join(','))

/** The wide columns of everything that has a pod template at `path`. */
export const templateColumns = (path: string, selectorPath?: string): Column[] => [
  wide('Containers', (object) =>
    joined(listAt(object, `${path}.containers`).map((one) => textAt(one, 'name'))),
  ),
  wide('Images', (object) => joined(listAt(object, `${path}.containers`).map((one) => textAt(one, 'image')))),
  ...(selectorPath === undefined ? [] : [wide('Selector', labelsCell(selectorPath))]),
]
