// Asks the systems of one run what its checks want to know. The same question to the same system is asked once, however
// many checks share it; a system that cannot be reached is not asked again; every answer, and every failure to get one,
// becomes evidence. Rules see values; nobody else does.
import { AppError, cancelled, isAppError } from '#shared/errors.ts'
import type { CompiledProbe } from '../compile-check.ts'
import type { AuditedSystem, LookOptions } from '../probes/system.ts'
import { toEvidence, type KeptEvidence } from '../probes/answer.ts'
import { evaluateRule, type RuleScope } from '../rules/evaluate-rule.ts'
import { RuleFault } from '../rules/rule-fault.ts'
import { fillTemplate } from '../rules/rule-template.ts'
import { createCallLimiter, type CallLimiter } from './call-limiter.ts'

/** A fanned-out answer: of what, and either what was read or why it was not. */
export type FannedItem = { of: unknown } & ({ value: unknown } | { problem: string })

export interface ProbeAnswer {
  value: unknown
  evidenceIds: string[]
}

export interface ProbeDeskOptions {
  systems: readonly AuditedSystem[]
  appVersion: string
  now(): number
  signal: AbortSignal
  /** Newest imported scan of that kind for a host. */
  imported(kind: string, host: string): { observedMs: number; highFailures: number } | undefined
  /** Items of a reviewed list; throws RuleFault when nobody has reviewed it. */
  listItems(id: string): readonly string[]
  onEvidence(evidence: KeptEvidence): void
}

const defaultTimeoutMs = 15_000
const maxFan = 5_000
/** After these a system is not asked again in the same run: fifty refused logins would look like an attack. */
const fatalCodes = new Set(['unreachable', 'unauthenticated', 'locked'])
const passingStages = new Set(['channel', 'exec'])
const endsAsking = ({ code, detail }: AppError): boolean =>
  fatalCodes.has(code) || detail?.kind === 'tls' || (detail?.kind === 'ssh' && !passingStages.has(detail.stage))

export type ProbeDesk = ReturnType<typeof createProbeDesk>

export function createProbeDesk(options: ProbeDeskOptions) {
  const { systems, signal, now } = options
  const limiters = new Map<string, CallLimiter>()
  const answers = new Map<string, Promise<unknown>>()
  const ended = new Map<string, AppError>()
  const evidenceIds = new Map<string, string>()

  /** One question to one system, asked once. Rejects with an AppError. */
  function ask<T>(system: AuditedSystem, key: string, timeoutMs: number, work: (look: LookOptions) => Promise<T>): Promise<T> {
    const id = `${system.targetId}\0${key}`
    const known = answers.get(id)
    if (known) return known as Promise<T>
    const limiter = limiters.get(system.targetId) ?? createCallLimiter(system.parallel)
    limiters.set(system.targetId, limiter)
    const asked = limiter.run(async () => {
      const lost = ended.get(system.targetId)
      if (lost) throw lost
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
      try {
        return await Promise.race([work({ signal: limit, timeoutMs }), whenAborted(limit, signal, system, timeoutMs)])
      } catch (error) {
        const known = asAppError(error, system)
        if (endsAsking(known)) ended.set(system.targetId, known)
        throw known
      }
    }, signal)
    answers.set(id, asked)
    asked.catch(() => undefined)
    return asked
  }

  /** The same question of two checks is one piece of evidence. */
  function keep(system: Pick<AuditedSystem, 'label' | 'identity' | 'targetId'>, key: string, probe: string, startedMs: number, value: unknown, problem: string | null): string {
    const id = `${system.targetId}\0${key}`
    const known = evidenceIds.get(id)
    if (known !== undefined) return known
    const evidence = toEvidence(value, {
      probe,
      target: system.label,
      identity: system.identity,
      atMs: now(),
      elapsedMs: now() - startedMs,
      appVersion: options.appVersion,
      problem,
    })
    evidenceIds.set(id, evidence.meta.id)
    options.onEvidence(evidence)
    return evidence.meta.id
  }

  const ofKind = (kind: AuditedSystem['kind']): AuditedSystem[] => systems.filter((system) => system.kind === kind)

  /** The SSH host of that name. Rejects `not-found` when no connection leads to it. */
  async function hostNamed(name: string): Promise<AuditedSystem> {
    const short = (text: string): string => text.toLowerCase().split('.')[0] ?? ''
    for (const host of ofKind('ssh')) {
      if (host.label.toLowerCase().split(/\s+/).map(short).includes(short(name))) return host
      const own = await ask(host, 'hostname', defaultTimeoutMs, (look) => host.hostname!(look)).catch(() => '')
      if (own !== '' && short(own) === short(name)) return host
    }
    throw new AppError('not-found', `There is no SSH connection to ${name}.`, {
      remedy: 'Add one under Connections; the check needs a command on that host.',
    })
  }
  async function hostOf(target: AuditedSystem): Promise<AuditedSystem> {
    for (const host of ofKind('ssh')) {
      const name = await ask(host, 'hostname', defaultTimeoutMs, (look) => host.hostname!(look)).catch(() => '')
      const isNamed = name !== '' && target.label.toLowerCase().split(/\s+/).includes(name.toLowerCase())
      const isSame = host.facts['host'] === target.facts['host'] && !/^(127\.|localhost|::1)/.test(String(target.facts['host']))
      if (isNamed || isSame) return host
    }
    throw new AppError('not-found', `There is no SSH connection to the host of ${target.label}.`, {
      remedy: 'Add one under Connections; the check needs a command on that host.',
    })
  }

  async function command(host: AuditedSystem, line: string, timeoutMs: number, failureIsAnswer = false) {
    return ask(host, `$ ${line}`, timeoutMs, async (look) => {
      const startedMs = now()
      const answer = await host.run!(line, { ...look, failureIsAnswer })
      return { ...answer, startedMs, endedMs: now() }
    })
  }

  /** One question and its evidence; a failure is kept as evidence too, then thrown. */
  async function single(target: AuditedSystem, probe: CompiledProbe, scope: RuleScope): Promise<ProbeAnswer> {
    const { data } = probe
    const timeoutMs = ('timeoutMs' in data ? data.timeoutMs : undefined) ?? defaultTimeoutMs
    const startedMs = now()
    const inPath = (): string => fillTemplate(probe.path!, scope, encodeURIComponent)
    const settle = async (system: AuditedSystem, key: string, text: string, work: () => Promise<unknown>): Promise<ProbeAnswer> => {
      try {
        const value = await work()
        const shown = isCommand(value) ? commandText(value) : value
        return { value, evidenceIds: [keep(system, key, text, startedMs, shown, null)] }
      } catch (error) {
        if (signal.aborted) throw cancelled()
        const known = asAppError(error, system)
        throw new UnreadProbe(known, [keep(system, key, text, startedMs, '', sentenceOf(known))])
      }
    }
    if ('get' in data) {
      const system = data.from ? ofKind(data.from)[0] : target
      if (!system) throw new UnreadProbe(new AppError('not-found', 'The site has no connection to Proxmox VE.'), [])
      const path = inPath()
      return settle(system, path, `GET ${path}`, () => getOrAbsent(system, path, data.absentIs, timeoutMs))
    }
    if ('list' in data) {
      const path = inPath()
      const metadataOnly = data.metadataOnly ?? false
      return settle(target, path, `GET ${path}`, () => ask(target, path, 30_000, (look) => target.list!(path, { ...look, timeoutMs: 30_000, metadataOnly })))
    }
    if ('sql' in data) {
      const everyDatabase = data.everyDatabase ?? false
      return settle(target, probe.text, probe.text, () => ask(target, probe.text, everyDatabase ? 60_000 : timeoutMs, (look) => target.sql!(data.sql, { ...look, everyDatabase })))
    }
    if ('ssh' in data) {
      const line = probe.path ? fillTemplate(probe.path, scope, plainWord) : data.ssh
      if (data.hosts !== undefined) return everyHost(data.hosts, line, timeoutMs, startedMs)
      let host: AuditedSystem
      try {
        host = data.host === undefined ? target : data.host === 'target' ? await hostOf(target) : await hostNamed(fillTemplate(probe.host!, scope))
      } catch (error) {
        throw new UnreadProbe(asAppError(error, target), [])
      }
      return settle(host, `$ ${line}`, `$ ${line}`, () => command(host, line, timeoutMs, data.failureIsAnswer))
    }
    if ('anonymous' in data)
      return settle(target, probe.text, probe.text, () => ask(target, probe.text, timeoutMs, (look) => target.anonymous!(data.anonymous, look)))
    if ('tls' in data) {
      if (data.tls === 'api') return settle(target, probe.text, probe.text, () => ask(target, probe.text, 30_000, (look) => target.tls!(look)))
      return everyEndpoint(probe.text, startedMs)
    }
    const found = options.imported(data.imported, target.label)
    if (!found)
      throw new UnreadProbe(new AppError('not-found', `No ${data.imported} result was imported for ${target.label}.`, { remedy: 'Import one on the page Compliance → Imports.' }), [])
    return { value: found, evidenceIds: [keep(target, probe.text, probe.text, startedMs, found, null)] }
  }

  async function getOrAbsent(system: AuditedSystem, path: string, absentIs: string | undefined, timeoutMs: number): Promise<unknown> {
    try {
      return await ask(system, path, timeoutMs, (look) => system.get!(path, look))
    } catch (error) {
      if (absentIs !== undefined && isAppError(error) && new RegExp(absentIs.replace('(?i)', ''), 'i').test(error.message))
        return { absent: error.message, result: null }
      throw error
    }
  }

  async function everyHost(which: string, line: string, timeoutMs: number, startedMs: number): Promise<ProbeAnswer> {
    const wanted = which === 'all' ? ofKind('ssh') : options.listItems(which).map((label) => ofKind('ssh').find((host) => host.label === label) ?? label)
    if (wanted.length === 0) throw new UnreadProbe(new AppError('not-found', 'The site has no SSH connection.'), [])
    const items = await Promise.all(
      wanted.map(async (host): Promise<FannedItem> => {
        if (typeof host === 'string') return { of: { label: host }, problem: `There is no SSH connection called ${host}.` }
        try {
          const answer = await command(host, line, timeoutMs)
          const middleMs = (answer.startedMs + answer.endedMs) / 2
          const theirs = Number(answer.out.trim()) / 1e6
          return { of: { label: host.label }, value: { ...answer, offsetMs: theirs - middleMs } }
        } catch (error) {
          if (signal.aborted) throw cancelled()
          return { of: { label: host.label }, problem: sentenceOf(asAppError(error, host)) }
        }
      }),
    )
    const all = { targetId: 'site', label: 'All hosts', identity: 'each connection’s account' }
    return { value: items, evidenceIds: [keep(all, `${which} ${line}`, `$ ${line}`, startedMs, items.map(withoutInner), null)] }
  }

  async function everyEndpoint(text: string, startedMs: number): Promise<ProbeAnswer> {
    const items = await Promise.all(
      systems
        .filter((system) => system.tls !== undefined)
        .map(async (system): Promise<FannedItem> => {
          try {
            return { of: { label: system.label }, value: await ask(system, 'tls', 30_000, (look) => system.tls!(look)) }
          } catch (error) {
            if (signal.aborted) throw cancelled()
            return { of: { label: system.label }, problem: sentenceOf(asAppError(error, system)) }
          }
        }),
    )
    const all = { targetId: 'site', label: 'All endpoints', identity: 'nobody' }
    return { value: items, evidenceIds: [keep(all, text, text, startedMs, items, null)] }
  }

  /** One answer per item of the `each` rule; an item that cannot be read says why and spoils no other. */
  async function fanned(target: AuditedSystem, probe: CompiledProbe, scope: RuleScope): Promise<ProbeAnswer> {
    const startedMs = now()
    const alias = (probe.data as { as: string }).as
    const each = evaluateRule(probe.each!, scope)
    if (!Array.isArray(each)) throw new RuleFault(`“each” of ${probe.name} is no list.`)
    if (each.length > maxFan) throw new RuleFault(`${probe.name} would ask ${each.length} questions; at most ${maxFan} are allowed.`)
    const bare: CompiledProbe = { ...probe, each: null }
    const paths: string[] = []
    const items = await Promise.all(
      (each as unknown[]).map(async (of): Promise<FannedItem> => {
        const inner: RuleScope = { ...scope, variables: { ...scope.variables, [alias]: of } }
        try {
          const { value, evidenceIds: ids } = await single(target, bare, inner)
          paths.push(...ids)
          return { of, value }
        } catch (error) {
          if (signal.aborted) throw cancelled()
          if (error instanceof UnreadProbe) {
            paths.push(...error.evidenceIds)
            return { of, problem: sentenceOf(error.reason) }
          }
          if (error instanceof RuleFault) return { of, problem: error.message }
          throw error
        }
      }),
    )
    if (items.length === 0) return { value: items, evidenceIds: [keep(target, probe.text, probe.text, startedMs, [], null)] }
    return { value: items, evidenceIds: [...new Set(paths)] }
  }

  return {
    /** Rejects UnreadProbe when it could not look, RuleFault when its own rules have no value. */
    read: (target: AuditedSystem, probe: CompiledProbe, scope: RuleScope): Promise<ProbeAnswer> =>
      probe.each === null ? single(target, probe, scope) : fanned(target, probe, scope),
    /** Why a system is not asked any more. */
    problemOf: (targetId: string): string | null => {
      const error = ended.get(targetId)
      return error ? sentenceOf(error) : null
    },
    rolesOf: async (target: AuditedSystem): Promise<string[]> =>
      target.roles ? ask(target, 'roles', defaultTimeoutMs, (look) => target.roles!(look)) : [],
  }
}

/** A probe that could not look, with the evidence of that. */
export class UnreadProbe extends Error {
  readonly reason: AppError
  readonly evidenceIds: string[]
  constructor(reason: AppError, evidenceIds: string[]) {
    super(sentenceOf(reason))
    this.reason = reason
    this.evidenceIds = evidenceIds
  }
}

export const sentenceOf = (error: AppError): string => [error.message, error.remedy].filter(Boolean).join(' ')

const asAppError = (error: unknown, system: { label: string }): AppError => {
  if (isAppError(error)) return error
  if (error instanceof UnreadProbe) return error.reason
  return new AppError('internal', `Meridian could not read the answer of ${system.label}.`, { cause: error })
}

function whenAborted(limit: AbortSignal, run: AbortSignal, system: AuditedSystem, timeoutMs: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void =>
      reject(run.aborted ? cancelled() : new AppError('timeout', `${system.label} did not answer within ${Math.round(timeoutMs / 1000)} s.`, { remedy: 'Try again when it is less busy.' }))
    if (limit.aborted) fail()
    else limit.addEventListener('abort', fail, { once: true })
  })
}

/** Only what cannot mean anything to a shell may be filled into a command. */
function plainWord(text: string): string {
  if (/^[\w.:@ /-]*$/.test(text)) return text
  throw new RuleFault(`“${text}” cannot be part of a command.`)
}

type Command = { out: string; err: string; code: number }
const isCommand = (value: unknown): value is Command =>
  typeof value === 'object' && value !== null && 'out' in value && 'err' in value && 'code' in value
const commandText = ({ out, err, code }: Command): string =>
  `${out}${err === '' ? '' : `\n[standard error]\n${err}`}${code === 0 ? '' : `\n[exit code ${code}]`}`
const withoutInner = (item: FannedItem): unknown =>
  'value' in item && isCommand(item.value) ? { of: item.of, answer: commandText(item.value) } : item
