// From a check's data to trees that can be evaluated, with everything named in its rules looked up beforehand: a typing
// error in a data file is found when the catalogue is loaded, not on the day of the assessment.
import type { CheckData, ProbeData } from './catalogue.ts'
import { hostFunctions } from './functions/host-functions.ts'
import { kubernetesFunctions } from './functions/kubernetes-functions.ts'
import { proxmoxFunctions } from './functions/proxmox-functions.ts'
import { ruleFunctions } from './rules/rule-functions.ts'
import { parseRule, RuleSyntaxError, type Rule } from './rules/rule-syntax.ts'
import { parseTemplate, type RuleTemplate } from './rules/rule-template.ts'

/** What the engine itself answers; see `engine/knowledge.ts`. */
export const engineFunctions = [
  'isActiveUser',
  'approved',
  'excluded',
  'list',
  'reviewedDays',
  'passes',
  'firstSeenDays',
  'attested',
  'supportedUntil',
  'newestMinor',
  'hostIs',
] as const
export const domainFunctions = { ...proxmoxFunctions, ...kubernetesFunctions, ...hostFunctions }

export interface CompiledProbe {
  name: string
  data: ProbeData
  /** The probe as people and the evidence read it. */
  text: string
  each: Rule | null
  /** Path, command or host with rules in braces; null for what is sent as it is. */
  path: RuleTemplate | null
  host: RuleTemplate | null
}

export interface Check {
  id: string
  data: CheckData
  probes: readonly CompiledProbe[]
  needs: readonly string[]
  /** Lists that its rules consult. */
  lists: ReadonlySet<string>
  /** Those whose entries are the names of its objects. */
  suggested: ReadonlySet<string>
  applies: Rule | null
  objects: Rule | null
  /** True when `objects` are what should not be there. */
  isForbidding: boolean
  require: Rule | null
  unless: Rule | null
  warn: Rule | null
  name: RuleTemplate | null
  entity: RuleTemplate | null
  entityKey: RuleTemplate | null
  says: RuleTemplate
}

interface Known {
  checks: ReadonlySet<string>
  safeguards: ReadonlySet<string>
  lists: ReadonlySet<string>
}

const listFunctions = ['approved', 'excluded', 'list', 'reviewedDays']

/** Throws RuleSyntaxError for anything that could not work. */
export function compileCheck(data: CheckData, known: Known): Check {
  const lists = new Set<string>()
  const approving = new Set<string>()
  const needs = data.needs ?? []
  const always = ['now', 'parameters', 'target', 'object']
  for (const id of data.safeguards)
    if (!known.safeguards.has(id)) throw new RuleSyntaxError(`There is no safeguard ${id}.`)
  for (const id of needs) if (!known.checks.has(id)) throw new RuleSyntaxError(`There is no check ${id}.`)
  if (data.forbid === undefined && data.require === undefined)
    throw new RuleSyntaxError('It neither requires nor forbids anything.')

  const watch = (rule: Rule, names: readonly string[]): void =>
    inspect(rule, names, (name, args) => {
      const first = args[0]
      const text = first?.kind === 'value' && typeof first.value === 'string' ? first.value : undefined
      if (listFunctions.includes(name)) {
        if (text === undefined || !known.lists.has(text)) throw new RuleSyntaxError(`“${name}” names no known list.`)
        lists.add(text)
        if (name === 'approved') approving.add(text)
      }
      if (name === 'passes' && (text === undefined || !needs.includes(text)))
        throw new RuleSyntaxError('“passes” names a check that is not among “needs”.')
    })
  const rule = (text: string | undefined, names: readonly string[]): Rule | null => {
    if (text === undefined) return null
    const parsed = parseRule(text)
    watch(parsed, names)
    return parsed
  }
  const template = (text: string | undefined, names: readonly string[]): RuleTemplate | null => {
    if (text === undefined) return null
    const parsed = parseTemplate(text)
    for (const part of parsed) if (typeof part !== 'string') watch(part, names)
    return parsed
  }

  const seen = [...always]
  const probes = Object.entries(data.probes).map(([name, probe]): CompiledProbe => {
    const each = 'each' in probe ? rule(probe.each, seen) : null
    const alias = 'as' in probe ? probe.as : undefined
    if ((each === null) !== (alias === undefined)) throw new RuleSyntaxError(`The probe ${name} needs both “each” and “as”.`)
    const inner = alias === undefined ? seen : [...seen, alias]
    const path =
      'get' in probe ? template(probe.get, inner)
      : 'list' in probe ? template(probe.list, inner)
      : 'ssh' in probe && probe.fill ? template(probe.ssh, inner)
      : null
    const host = 'ssh' in probe && probe.host !== 'target' ? template(probe.host, inner) : null
    if ('hosts' in probe && probe.hosts !== undefined && probe.hosts !== 'all') {
      if (!known.lists.has(probe.hosts)) throw new RuleSyntaxError(`There is no list ${probe.hosts}.`)
      lists.add(probe.hosts)
    }
    seen.push(name)
    return { name, data: probe, text: probeText(probe), each, path, host }
  })
  return {
    id: data.id,
    data,
    probes,
    needs,
    lists,
    suggested: data.suggests === false || (data.objects ?? data.forbid) === undefined ? new Set() : approving,
    applies: rule(data.applies, seen),
    objects: rule(data.objects ?? data.forbid, seen),
    isForbidding: data.forbid !== undefined,
    require: rule(data.require, seen),
    unless: rule(data.unless, seen),
    warn: rule(data.warn, seen),
    name: template(data.name, seen),
    entity: template(data.entity, seen),
    entityKey: template(data.entityKey, seen),
    says: template(data.says, seen) ?? [],
  }
}

export function probeText(probe: ProbeData): string {
  if ('get' in probe) return `GET ${probe.get}${probe.from ? ' (Proxmox VE)' : ''}`
  if ('list' in probe) return `GET ${probe.list}`
  if ('sql' in probe) return `${probe.sql}${probe.everyDatabase ? ' (in every database)' : ''}`
  if ('ssh' in probe) return `$ ${probe.ssh}`
  if ('anonymous' in probe) return `GET ${probe.anonymous} without credentials`
  if ('tls' in probe) return 'TLS handshakes with version 1.0 to 1.3'
  return `Newest imported ${probe.imported} result`
}

/** Throws for a name or function that does not exist; tells of every call. */
function inspect(rule: Rule, names: readonly string[], onCall: (name: string, args: Rule[]) => void): void {
  const walk = (node: Rule, scope: readonly string[]): void => {
    switch (node.kind) {
      case 'value':
        return
      case 'name':
        if (!scope.includes(node.name)) throw new RuleSyntaxError(`There is nothing called “${node.name}”.`)
        return
      case 'list':
        return node.items.forEach((item) => walk(item, scope))
      case 'field':
        walk(node.of, scope)
        return walk(node.key, scope)
      case 'call':
        if (!isFunction(node.name)) throw new RuleSyntaxError(`There is no function “${node.name}”.`)
        onCall(node.name, node.args)
        return node.args.forEach((arg) => walk(arg, scope))
      case 'macro':
        walk(node.of, scope)
        return walk(node.body, [...scope, node.variable])
      case 'unary':
        return walk(node.of, scope)
      case 'binary':
        walk(node.left, scope)
        return walk(node.right, scope)
      case 'choice':
        walk(node.when, scope)
        walk(node.then, scope)
        walk(node.otherwise, scope)
    }
  }
  walk(rule, names)
}

const isFunction = (name: string): boolean =>
  Object.hasOwn(ruleFunctions, name) || Object.hasOwn(domainFunctions, name) || (engineFunctions as readonly string[]).includes(name)
