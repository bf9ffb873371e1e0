// The checklists as they ship: CIS Controls v8, checks, lists and support dates, read from data files, validated, and
// compiled once. A file with a fault keeps the feature from starting with half a catalogue: the error names file and check.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { AppError } from '#shared/errors.ts'
import { checkId, control, safeguard, severity, type CheckSummary } from '#shared/model/compliance.ts'
import { compileCheck, type Check } from './compile-check.ts'

const template = z.string().min(1).max(4000)
const rule = z.string().min(1).max(4000)
const common = {
  /** One answer for each item of this rule; needs `as`. */
  each: rule.optional(),
  as: z.string().regex(/^[a-z]\w*$/).optional(),
  timeoutMs: z.number().int().min(1000).max(120_000).optional(),
}
const probe = z.union([
  z.strictObject({
    ...common,
    get: template,
    /** Another kind of system than the one that the check runs on. */
    from: z.literal('proxmox').optional(),
    /** A refusal that fits this pattern is an answer: nothing is there. */
    absentIs: z.string().optional(),
  }),
  z.strictObject({ ...common, list: template, metadataOnly: z.boolean().optional(), redact: z.literal('env').optional() }),
  z.strictObject({ ...common, sql: z.string().max(4000), everyDatabase: z.boolean().optional() }),
  z.strictObject({
    ...common,
    ssh: template,
    /** The host by name, `target` for the one that the database runs on, else the target itself. */
    host: template.optional(),
    /** Every SSH host, or those of a list. */
    hosts: z.string().optional(),
    /** The command holds rules in braces. */
    fill: z.boolean().optional(),
    /** A program that is not there, or a file that is missing, is an answer and not a failure to look. */
    failureIsAnswer: z.boolean().optional(),
  }),
  z.strictObject({ anonymous: z.string().startsWith('/') }),
  z.strictObject({ tls: z.enum(['api', 'all']) }),
  z.strictObject({ imported: z.enum(['openscap']) }),
])
export type ProbeData = z.infer<typeof probe>

const checkData = z.strictObject({
  id: checkId,
  target: z.enum(['pve-cluster', 'pve-node', 'pbs', 'k8s', 'postgres', 'linux-vm', 'network']),
  runsOn: z.enum(['proxmox', 'pbs', 'kubernetes', 'postgres', 'ssh', 'site']),
  title: z.string().min(1).max(200),
  severity,
  safeguards: z.array(z.string()).min(1),
  rule: z.string().min(1),
  remedy: z.string().min(1),
  requires: z.string().optional(),
  note: z.string().optional(),
  probes: z.record(z.string().regex(/^[a-zA-Z]\w*$/), probe),
  /** Checks whose verdicts its rules ask for. */
  needs: z.array(checkId).optional(),
  manual: z.boolean().optional(),
  /** False where the names of its objects are not what its lists hold. */
  suggests: z.literal(false).optional(),
  applies: rule.optional(),
  /** What is judged one by one; absent = the target itself. */
  objects: rule.optional(),
  /** Objects that should not be there at all. */
  forbid: rule.optional(),
  require: rule.optional(),
  unless: rule.optional(),
  warn: rule.optional(),
  empty: z.literal('pass').optional(),
  name: template.optional(),
  entity: template.optional(),
  entityKey: template.optional(),
  says: template,
})
export type CheckData = z.infer<typeof checkData>

const listData = z.strictObject({
  id: z.string().regex(/^[a-z]\w*$/i),
  title: z.string(),
  kind: z.enum(['approval', 'exemption']),
  purpose: z.string(),
})
export type ListDefinition = z.infer<typeof listData>

const frameworkData = z.object({
  framework: z.string(),
  version: z.string(),
  notice: z.string(),
  controls: z.array(control),
  safeguards: z.array(safeguard),
})
const supportData = z.record(z.string(), z.record(z.string(), z.unknown()))

export interface Catalogue {
  framework: z.infer<typeof frameworkData>
  /** In an order in which every check comes after those it needs. */
  checks: readonly Check[]
  lists: readonly ListDefinition[]
  /** product → version → date, and `newest-minor`. */
  support: z.infer<typeof supportData>
  /** Of all data files together. */
  sha256: string
}

/** Figures that rules use as `parameters`. */
export const parameters = {
  managementSubnet: '10.16.207.0/24',
  dataSubnet: '10.25.60.0/24',
  backupAt: '09:00',
  verifyAt: '11:00',
  rpoHours: 24,
  rpoGraceHours: 2,
  verifyMaxAgeHours: 26,
  snapshotReverifyDays: 30,
  patchDays: 30,
  securityPatchDays: 14,
  certWarnDays: 30,
  tokenMaxDays: 366,
  restoreTestDays: 90,
  logRetentionDays: 90,
} as const

/** Reads `<resources>/compliance`. Throws AppError `internal` that names the file and what is wrong with it. */
export function loadCatalogue(resources: string): Catalogue {
  const folder = join(resources, 'compliance')
  const hash = createHash('sha256')
  const read = (...path: string[]): string => {
    const text = readFileSync(join(folder, ...path), 'utf8')
    hash.update(path.join('/')).update('\0').update(text).update('\0')
    return text
  }
  const framework = checked('cis-controls-v8.json', frameworkData, JSON.parse(read('cis-controls-v8.json')))
  const lists = checked('lists.yaml', z.array(listData), parseYaml(read('lists.yaml')))
  const support = checked('support.yaml', supportData, parseYaml(read('support.yaml')))
  const names = readdirSync(join(folder, 'checks')).filter((name) => name.endsWith('.yaml')).sort()
  const data = names.flatMap((name) => checked(name, z.array(checkData), parseYaml(read('checks', name))))
  const known = { checks: new Set(data.map(({ id }) => id)), safeguards: new Set(framework.safeguards.map(({ id }) => id)), lists: new Set(lists.map(({ id }) => id)) }
  if (known.checks.size !== data.length) throw broken('checks', 'two checks have the same id')
  const checks = data.map((one) => {
    try {
      return compileCheck(one, known)
    } catch (error) {
      throw broken(one.id, error instanceof Error ? error.message : String(error), error)
    }
  })
  return { framework, checks: inOrder(checks), lists, support, sha256: hash.digest('hex') }
}

function checked<S extends z.ZodType>(file: string, schema: S, data: unknown): z.infer<S> {
  const parsed = schema.safeParse(data)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw broken(file, `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'unreadable'}`)
}

const broken = (where: string, why: string, cause?: unknown): AppError =>
  new AppError('internal', `The compliance catalogue cannot be read: ${where}: ${why}`, {
    remedy: 'Install Meridian again, or restore its resources folder.',
    cause,
  })

/** Depth first over `needs`; a circle is a fault of the data. */
function inOrder(checks: readonly Check[]): Check[] {
  const byId = new Map(checks.map((check) => [check.id, check]))
  const done = new Set<string>()
  const ordered: Check[] = []
  const visit = (check: Check, path: readonly string[]): void => {
    if (done.has(check.id)) return
    if (path.includes(check.id)) throw broken(check.id, `needs itself: ${[...path, check.id].join(' → ')}`)
    for (const id of check.needs) visit(byId.get(id)!, [...path, check.id])
    done.add(check.id)
    ordered.push(check)
  }
  for (const check of checks) visit(check, [])
  return ordered
}

export const summaryOf = (check: Check): CheckSummary => ({
  id: check.id,
  target: check.data.target,
  title: check.data.title,
  severity: check.data.severity,
  safeguards: check.data.safeguards,
  rule: check.data.rule,
  remedy: check.data.remedy,
  requires: check.data.requires ?? null,
  note: check.data.note ?? null,
  probes: check.probes.map(({ text }) => text),
  lists: [...check.lists],
  isManual: check.data.manual ?? false,
})
