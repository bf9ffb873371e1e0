// An order and its template become what is sent: one manifest with Meridian's labels and provenance, and the files
// beside the script. Pure: the preview, the dry run and the submission all start here, so they show the same thing.
import { isMap, parse, parseDocument, stringify } from 'yaml'
import type { JobOrder, JobProblem, JobSource } from '#shared/contracts/jobs.ts'
import type { ResultColumn } from '#shared/contracts/sql.ts'
import { annotation, managedBy, managedByLabel, objectNameOf, submissionLabel } from './labels.ts'
import type { LoadedTemplate } from './template-library.ts'
import { substitute } from './template-values.ts'

export interface OrderContext {
  /** Namespace that is taken when the order names none. */
  namespace: string
  submittedBy: string
  atMs: number
  /** Set when the job works on a query's rows. */
  source: (JobSource & { columns: readonly ResultColumn[] }) | null
}

export interface Plan {
  objectName: string
  namespace: string
  manifest: Record<string, unknown>
  manifestText: string
  /** Texts by file name: script, helper, parameters, data description. */
  files: Record<string, string>
  parameters: Record<string, unknown>
  problems: JobProblem[]
  /** Which parameter stands at which path of the manifest. */
  origins: ReadonlyMap<string, string>
}

export function planOrder(order: JobOrder, template: LoadedTemplate, context: OrderContext): Plan {
  const objectName = objectNameOf(order.name, order.submissionId)
  const namespace = order.namespace ?? context.namespace
  const { parameters, problems } = template.check(order.parameters)
  const scope = {
    parameters,
    job: { objectName, namespace, submissionId: order.submissionId, name: order.name },
    template: { id: template.summary.id, version: template.summary.version },
  }
  const source = template.manifests[order.target]
  if (source === undefined) problems.push(whole(`${template.summary.title} cannot run there: it has no ${order.target}.yaml.`))
  const rendered = substitute(source ?? {}, scope)
  // What a wrong parameter leads to further on is said once, at its field.
  if (problems.length === 0) problems.push(...rendered.problems.map(whole))
  let manifest = asRecord(rendered.value)
  if (order.manifest !== null) {
    const edited = readEdited(order.manifest)
    if ('problem' in edited) problems.push(edited.problem)
    else {
      problems.push(...sameIdentity(manifest, edited.manifest))
      manifest = edited.manifest
    }
  }
  if (order.target !== 'ssh-script') manifest = withMarks(manifest, marksOf(order, template), annotationsOf(order, template, context))
  problems.push(...dataProblems(order, template))
  return {
    objectName,
    namespace,
    manifest,
    manifestText: order.manifest ?? stringify(manifest, { lineWidth: 110 }),
    files: filesOf(template, parameters, context),
    parameters,
    problems,
    origins: rendered.origins,
  }
}

const whole = (message: string): JobProblem => ({ message, field: null, line: null })
const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}

function dataProblems({ data }: JobOrder, { summary }: LoadedTemplate): JobProblem[] {
  if (data === null) return summary.data === 'required' ? [whole(`${summary.title} works on the rows of a query: choose one.`)] : []
  if (summary.data === 'none') return [whole(`${summary.title} has no use for the rows of a query.`)]
  if (!summary.transports.includes(data.transport)) return [whole(`${summary.title} does not read ${data.transport}.`)]
  if (data.transport === 'snapshot-table' && !data.schema) return [whole('Choose the schema in which the snapshot table is made.')]
  return []
}

/** Whoever edits the manifest may change everything but what the job is found by. */
function sameIdentity(made: Record<string, unknown>, edited: Record<string, unknown>): JobProblem[] {
  const differing = [
    ['apiVersion', made['apiVersion'], edited['apiVersion']],
    ['kind', made['kind'], edited['kind']],
    ['metadata.name', asRecord(made['metadata'])['name'], asRecord(edited['metadata'])['name']],
    ['metadata.namespace', asRecord(made['metadata'])['namespace'], asRecord(edited['metadata'])['namespace']],
    ['name', made['name'], edited['name']],
  ].filter(([, before, after]) => before !== after)
  return differing.map(([path, before]) => whole(`${String(path)} must stay ${JSON.stringify(before)}: the job is found again by it.`))
}

function readEdited(text: string): { manifest: Record<string, unknown> } | { problem: JobProblem } {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error) return { problem: { message: error.message.split('\n')[0] ?? 'Not understood.', field: null, line: error.linePos?.[0].line ?? null } }
  if (!isMap(document.contents)) return { problem: { message: 'The manifest must be one YAML object.', field: null, line: 1 } }
  return { manifest: parse(text) as Record<string, unknown> }
}

const marksOf = (order: JobOrder, { summary }: LoadedTemplate): Record<string, string> => ({
  [managedByLabel]: managedBy,
  [submissionLabel]: order.submissionId,
  [annotation('template')]: summary.id,
})

/** Where the job comes from, readable with kubectl alone, long after Meridian has forgotten it. */
function annotationsOf(order: JobOrder, { summary }: LoadedTemplate, context: OrderContext): Record<string, string> {
  const { source } = context
  const about = {
    name: order.name,
    template: summary.id,
    'template-version': summary.version,
    'submitted-by': context.submittedBy,
    'submitted-at': new Date(context.atMs).toISOString(),
    ...(order.manifest === null ? {} : { 'edited-by-hand': 'true' }),
    ...(source === null
      ? {}
      : {
          'source-run': source.runId,
          'source-server': `${source.connectionLabel}/${source.database}`,
          'source-sql': source.sql.slice(0, 30_000),
          'source-rows': String(source.rows),
          ...(source.resultSha256 === '' ? {} : { 'source-sha256': source.resultSha256 }),
          'source-data': `${source.transport} ${source.place}`,
          ...(source.fileSha256 === null ? {} : { 'source-file-sha256': source.fileSha256 }),
        }),
  }
  return Object.fromEntries(Object.entries(about).map(([name, value]) => [annotation(name), value]))
}

type Marks = Record<string, string>

/** Labels on the object and on every pod it makes; annotations on the object. */
function withMarks(manifest: Record<string, unknown>, labels: Marks, annotations: Marks): Record<string, unknown> {
  const marked = markTemplates(manifest, labels) as Record<string, unknown>
  const metadata = asRecord(marked['metadata'])
  return {
    ...marked,
    metadata: {
      ...metadata,
      labels: { ...asRecord(metadata['labels']), ...labels },
      annotations: { ...asRecord(metadata['annotations']), ...annotations },
    },
  }
}

function markTemplates(value: unknown, labels: Marks): unknown {
  if (Array.isArray(value)) return value.map((item) => markTemplates(item, labels))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const walked = markTemplates(item, labels)
      const isPodTemplate = key === 'template' && asRecord(asRecord(item)['spec'])['containers'] !== undefined
      if (!isPodTemplate) return [key, walked]
      const template = asRecord(walked)
      const metadata = asRecord(template['metadata'])
      return [key, { metadata: { ...metadata, labels: { ...asRecord(metadata['labels']), ...labels } }, ...withoutMetadata(template) }]
    }),
  )
}

const withoutMetadata = ({ metadata: _metadata, ...rest }: Record<string, unknown>): Record<string, unknown> => rest

function filesOf({ files }: LoadedTemplate, parameters: Record<string, unknown>, { source }: OrderContext): Record<string, string> {
  const all: Record<string, string> = { ...files, 'parameters.json': `${JSON.stringify(parameters, null, 2)}\n` }
  if (source !== null) {
    const { transport, place, columns, rows, sql, resultSha256, fileSha256 } = source
    all['data.json'] = `${JSON.stringify({ transport, place, columns, rows, sql, resultSha256, fileSha256 }, null, 2)}\n`
  }
  return all
}

/** Problems that a server names by path (`spec.template.spec.containers[0].image`), at their field and line. */
export function locate(message: string, plan: Pick<Plan, 'manifestText' | 'origins'>): JobProblem[] {
  const paths = [...message.matchAll(/((?:[a-z][\w-]*)(?:\.[\w/-]+|\[[^\]]*\])+): (?:Invalid|Required|Unsupported|Forbidden|Duplicate|Too)/g)].map(
    (match) => match[1] ?? '',
  )
  if (paths.length === 0) return [whole(message)]
  const sentences = splitAt(message, paths)
  return paths.map((path, index) => ({ message: sentences[index] ?? message, field: fieldAt(path, plan.origins), line: lineAt(path, plan.manifestText) }))
}

function splitAt(message: string, paths: string[]): string[] {
  const starts = paths.map((path) => message.indexOf(`${path}: `))
  return starts.map((start, index) => message.slice(start, starts[index + 1]).replace(/[,\s\]]+$/, ''))
}

function fieldAt(path: string, origins: ReadonlyMap<string, string>): string | null {
  for (let at = path; at !== ''; at = parentPath(at)) {
    const found = origins.get(at)
    if (found !== undefined) return found
  }
  return null
}
const parentPath = (path: string): string => path.replace(/(?:\.[^.[\]]+|\[[^\]]*\]|^[^.[\]]+)$/, '')

function lineAt(path: string, text: string): number | null {
  const steps = [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map((match) => (match[1] === undefined ? (match[2] ?? '') : Number(match[1])))
  const document = parseDocument(text, { keepSourceTokens: true })
  for (let length = steps.length; length > 0; length -= 1) {
    const node = document.getIn(steps.slice(0, length), true) as { range?: [number, number, number] } | undefined
    if (node?.range) return text.slice(0, node.range[0]).split('\n').length
  }
  return null
}
