// A job that is being written: from the template's JSON Schema to fields, and from the filled form to an order. Pure.
import type { DataTransport, JobOrder, JobTarget, JobTargetKind, JobTemplate } from '#shared/contracts/jobs.ts'
import type { SiteId } from '#shared/model/connection.ts'

export interface Field {
  name: string
  title: string
  help: string
  kind: 'text' | 'lines' | 'number' | 'integer' | 'switch' | 'choice'
  choices: string[]
  minimum: number | undefined
  maximum: number | undefined
  unit: string
  group: string
  isAdvanced: boolean
  isRequired: boolean
}

export interface Draft {
  submissionId: string
  templateId: string
  target: JobTargetKind | null
  connectionId: string | null
  namespace: string | null
  name: string
  parameters: Record<string, unknown>
  data: { runId: string; transport: DataTransport; schema: string | null } | null
  /** Edited by hand; null = as the template makes it. */
  manifest: string | null
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : '')
const asNumber = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

export function fieldsOf({ parameters }: JobTemplate): Field[] {
  const properties = (parameters['properties'] ?? {}) as Record<string, Record<string, unknown>>
  const required = Array.isArray(parameters['required']) ? (parameters['required'] as unknown[]) : []
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    title: asText(schema['title']) || name,
    help: asText(schema['description']),
    kind: kindOf(schema),
    choices: Array.isArray(schema['enum']) ? schema['enum'].map(String) : [],
    minimum: asNumber(schema['minimum']),
    maximum: asNumber(schema['maximum']),
    unit: asText(schema['x-unit']),
    group: asText(schema['x-group']) || 'Parameters',
    isAdvanced: schema['x-advanced'] === true,
    isRequired: required.includes(name),
  }))
}

function kindOf(schema: Record<string, unknown>): Field['kind'] {
  if (Array.isArray(schema['enum'])) return 'choice'
  if (schema['type'] === 'boolean') return 'switch'
  if (schema['type'] === 'integer') return 'integer'
  if (schema['type'] === 'number') return 'number'
  return schema['x-multiline'] === true ? 'lines' : 'text'
}

export function defaultsOf({ parameters }: JobTemplate): Record<string, unknown> {
  const properties = (parameters['properties'] ?? {}) as Record<string, { default?: unknown }>
  return Object.fromEntries(Object.entries(properties).flatMap(([name, schema]) => (schema.default === undefined ? [] : [[name, schema.default]])))
}

export const newDraft = (template: JobTemplate, submissionId: string): Draft => ({
  submissionId,
  templateId: template.id,
  target: null,
  connectionId: null,
  namespace: null,
  name: template.title,
  parameters: defaultsOf(template),
  data: null,
  manifest: null,
})

/** Undefined while the place is not chosen. A field that was emptied is left out, so that the schema says what it thinks of that. */
export function toOrder(draft: Draft, siteId: SiteId): JobOrder | undefined {
  const { target, connectionId, name } = draft
  if (target === null || connectionId === null || name.trim() === '') return undefined
  const parameters = Object.fromEntries(Object.entries(draft.parameters).filter(([, value]) => value !== undefined && value !== null))
  return { ...draft, name: name.trim(), target, connectionId: connectionId as JobOrder['connectionId'], siteId, parameters, namespace: target === 'ssh-script' ? null : draft.namespace }
}

export const targetKey = ({ kind, connectionId }: Pick<JobTarget, 'kind' | 'connectionId'>): string => `${kind}/${connectionId}`

/** Namespaces of the cluster's own machinery are not where research runs. */
const machinery = /^(default|kube-.*|.*-system|ingress-.*|cert-manager|monitoring|portainer|local-path-storage|rook-.*|longhorn-.*)$/
export const firstNamespace = (namespaces: readonly string[], last: string | null): string | null =>
  (last !== null && namespaces.includes(last) ? last : undefined) ?? namespaces.find((name) => !machinery.test(name)) ?? namespaces[0] ?? null

/** What one pod or process of the draft asks for, as far as the template says so by the usual names. */
export function askedFor({ parameters }: Draft): { cores: number; memoryBytes: number; gpus: number } {
  const read = (name: string): number => asNumber(parameters[name]) ?? 0
  return { cores: read('cores'), memoryBytes: read('memoryMiB') * 2 ** 20, gpus: read('gpus') }
}

/** Why the draft does not fit there now; null = it does, or it cannot be known. */
export function whyNoRoom(target: JobTarget, asked: ReturnType<typeof askedFor>): string | null {
  if (target.gpus && asked.gpus > target.gpus.free) return `${target.gpus.free} GPUs are free`
  if (!target.largest) return null
  if (asked.cores > target.largest.cores) return `no machine has ${asked.cores} cores free`
  if (asked.memoryBytes > target.largest.memoryBytes) return 'no machine has that much memory free'
  return null
}
