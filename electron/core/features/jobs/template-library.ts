// The templates of jobs: small folders, shipped ones and those in the user's data directory. Read anew for each look,
// so that a template can be written beside the running application. A broken one is listed with what is wrong.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { dataTransport, jobTargetKinds, type JobTargetKind, type JobTemplate } from '#shared/contracts/jobs.ts'
import { AppError } from '#shared/errors.ts'
import { compileParameters, type ParameterCheck } from './parameter-check.ts'

/** A template that can be used. */
export interface LoadedTemplate {
  summary: JobTemplate
  check: ParameterCheck
  /** Parsed YAML by target. */
  manifests: Partial<Record<JobTargetKind, unknown>>
  /** What the job finds beside its script. */
  files: Record<string, string>
}

export interface TemplateLibrary {
  list(): Promise<JobTemplate[]>
  /** Throws `not-found`, or `invalid-input` with what is wrong with it. */
  load(templateId: string): Promise<LoadedTemplate>
}

const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'a plain file name')
const head = z.strictObject({
  id: z.string().regex(/^[a-z0-9]([-a-z0-9]{0,60}[a-z0-9])?$/, 'lower-case letters, digits and hyphens'),
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'three numbers: 1.0.0'),
  title: z.string().min(1).max(100),
  purpose: z.string().min(1).max(600),
  data: z.enum(['required', 'optional', 'none']).default('none'),
  transports: z.array(dataTransport).default(['snapshot-table', 'csv-file']),
  namespace: z.string().max(63).nullable().default(null),
  files: z.array(fileName).min(1).max(20),
})
const schemaFile = z.looseObject({ type: z.literal('object'), properties: z.record(z.string(), z.looseObject({})) })
/** A ConfigMap holds 1 MiB; the script is the small part of it. */
const maxFileBytes = 200_000
/** Beside every script: the helper it imports, and what keeps it alive on a machine. */
const common = ['meridian_job.py', 'supervise.py']

/** `shipped` is read-only and holds `common`; `user` may be absent. */
export function createTemplateLibrary(folders: { shipped: string; user: string }): TemplateLibrary {
  async function names(folder: string): Promise<string[]> {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    return entries.filter((entry) => entry.isDirectory() && entry.name !== 'common' && !entry.name.startsWith('.')).map((entry) => entry.name).sort()
  }
  async function read(source: 'shipped' | 'user', folderName: string): Promise<LoadedTemplate> {
    const folder = join(folders[source], folderName)
    const about = head.parse(parse(await text(folder, 'template.yaml')))
    if (about.id !== folderName) throw new Error(`its id is ${about.id}, its folder ${folderName}: they must be the same.`)
    const parameters = schemaFile.parse(JSON.parse(await text(folder, 'parameters.schema.json')))
    const check = compileParameters(parameters)
    const manifests: LoadedTemplate['manifests'] = {}
    for (const kind of jobTargetKinds) {
      const manifest = await text(folder, `${kind}.yaml`).catch(() => undefined)
      if (manifest !== undefined) manifests[kind] = z.looseObject({}).parse(parse(manifest))
    }
    const targets = jobTargetKinds.filter((kind) => manifests[kind] !== undefined)
    if (targets.length === 0) throw new Error('it has no manifest: kubernetes-job.yaml, ray-job.yaml or ssh-script.yaml.')
    const files: Record<string, string> = {}
    for (const name of common) files[name] = await text(join(folders.shipped, 'common'), name)
    for (const name of about.files) files[name] = await text(folder, name)
    const summary: JobTemplate = { ...about, source, targets, parameters, problem: null }
    return { summary, check, manifests, files }
  }
  async function broken(source: 'shipped' | 'user', name: string): Promise<JobTemplate> {
    try {
      return (await read(source, name)).summary
    } catch (error) {
      return {
        id: name, version: '', title: name, purpose: '', source, targets: [], data: 'none', transports: [], namespace: null, parameters: {}, files: [],
        problem: problemOf(error),
      }
    }
  }
  return {
    async list() {
      const shipped = await names(folders.shipped)
      // A shipped template cannot be replaced unseen: the user's own goes under a name of its own.
      const own = (await names(folders.user)).filter((name) => !shipped.includes(name))
      return Promise.all([...shipped.map((name) => broken('shipped', name)), ...own.map((name) => broken('user', name))])
    },
    async load(templateId) {
      const source = (await names(folders.shipped)).includes(templateId) ? 'shipped' : 'user'
      if (!(await names(folders[source])).includes(templateId)) throw new AppError('not-found', `There is no template ${templateId}.`)
      return read(source, templateId).catch((error: unknown) => {
        throw new AppError('invalid-input', `The template ${templateId} cannot be used: ${problemOf(error)}`, { cause: error })
      })
    },
  }
}

async function text(folder: string, name: string): Promise<string> {
  const path = join(folder, name)
  const { size } = await stat(path).catch(() => {
    throw new Error(`${name} is missing.`)
  })
  if (size > maxFileBytes) throw new Error(`${name} is larger than ${maxFileBytes / 1000} kB.`)
  return readFile(path, 'utf8')
}

function problemOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    const [issue] = error.issues
    return `${issue?.path.map(String).join('.') || 'the file'}: ${issue?.message ?? 'not understood'}.`
  }
  return error instanceof Error ? error.message : String(error)
}
