// The pipeline every procedure runs through, in both shells: the lock gate, confirmation of dangerous commands,
// the audit record, timing, and the one funnel that turns anything thrown into typed wire data.
import { randomUUID } from 'node:crypto'
import { ORPCError, implement, type Implementer } from '@orpc/server'
import type { AnyContractRouter } from '@orpc/contract'
import { AppError, toWireError } from '#shared/errors.ts'
import type { AuditRecord } from '#shared/contracts/audit.ts'
import type { ProcedureMeta } from '#shared/contracts/kernel.ts'
import { maskSqlSecrets } from '#shared/model/sql-text.ts'
import type { AuditLog } from '../storage/audit-log.ts'
import { maskSecrets } from '../storage/log-book.ts'
import type { AuditHandle, CallContext } from './call-context.ts'

/** What the pipeline must know of a site. */
export interface GuardedSite {
  id: string
  name: string
  isReadOnly: boolean
}

export interface Pipeline {
  audit: AuditLog
  /** True while the vault refuses: only procedures with `worksLocked` may run. */
  isLocked(): boolean
  /** The site that an input speaks of, by its `siteId` or `connectionId`; null when it names none that is known. */
  siteOf?(input: unknown): GuardedSite | null
}

/** Status codes of the carrier; people never see them, the table only has to be total. */
const statusOf: Record<string, number> = {
  'invalid-input': 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  locked: 423,
  'rate-limited': 429,
  cancelled: 499,
  upstream: 502,
  unreachable: 503,
  timeout: 504,
  unsupported: 501,
  internal: 500,
}

/** Anything thrown → an ORPCError whose data is a WireError. The cause stays in the local log. */
export function toCarrierError(
  thrown: unknown,
  requestId: string,
  log: CallContext['log'],
): ORPCError<string, unknown> {
  const known = fromValidation(thrown) ?? thrown
  const wire = toWireError(known, requestId)
  if (wire.code === 'internal') log.error('Unexpected fault', { requestId, fault: describeFault(thrown) })
  return new ORPCError(wire.code, { status: statusOf[wire.code] ?? 500, message: wire.message, data: wire })
}

/** oRPC's own input validation failure, as a sentence per field. */
function fromValidation(thrown: unknown): AppError | undefined {
  if (!(thrown instanceof ORPCError) || thrown.code !== 'BAD_REQUEST') return undefined
  const data = thrown.data as
    { issues?: ReadonlyArray<{ path?: ReadonlyArray<PropertyKey>; message: string }> } | undefined
  const fields: Record<string, string> = {}
  for (const issue of data?.issues ?? [])
    fields[(issue.path ?? []).map(String).join('.') || 'input'] = issue.message
  const first = Object.entries(fields)[0]
  return new AppError(
    'invalid-input',
    first ? `${first[0]}: ${first[1]}` : 'The request was not understood.',
    {
      detail: { kind: 'validation', fields },
    },
  )
}

function describeFault(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : typeof thrown
}

const subjectOf = (input: unknown): string => {
  if (typeof input !== 'object' || input === null) return ''
  const named = input as Record<string, unknown>
  const parts = ['name', 'siteId', 'connectionId', 'runId', 'format', 'service', 'fault', 'sql']
    .filter((key) => typeof named[key] === 'string')
    .map((key) => `${key}=${withoutSecrets(key, String(named[key])).slice(0, 2000)}`)
  const draft = named['draft'] as { label?: unknown } | undefined
  if (typeof draft?.label === 'string') parts.push(`connection=${draft.label}`)
  return parts.join(' ')
}

/** What the audit log keeps of a statement must not be a password that stood in it. */
const withoutSecrets = (key: string, text: string): string =>
  maskSecrets(key === 'sql' ? maskSqlSecrets(text) : text)

type PipelineCall = {
  context: CallContext
  path: readonly string[]
  procedure: { '~orpc': { meta: Record<string, unknown> } }
  next: (more?: { context: Pick<CallContext, 'audit'> }) => Promise<{ output: unknown; context: Record<never, never> }>
  signal?: AbortSignal | undefined
}
type PipelineStep = (call: PipelineCall, input: unknown) => ReturnType<PipelineCall['next']>

/** The implementer a service builds its handlers with: `os.list.handler(…)`. */
export function implementFeature<C extends AnyContractRouter>(contract: C, pipeline: Pipeline) {
  // `use` of an implementer whose contract is still a type parameter cannot be resolved by the compiler.
  const implementer = implement(contract).$context<CallContext>() as unknown as {
    use(step: PipelineStep): Implementer<C, CallContext, CallContext>
  }
  return implementer.use(async (call, input) => {
    const { context, path, procedure, next, signal } = call
    const meta = procedure['~orpc'].meta as ProcedureMeta
    const requestId = randomUUID().slice(0, 8)
    const record =
      meta.kind === 'command' ? openRecord(pipeline, path.join('.'), meta, input) : undefined
    try {
      admit(meta, input, pipeline)
      const result = await (record ? next({ context: { audit: record.handle } }) : next())
      if (!record?.isHandedOver()) record?.close('done', null)
      if (meta.kind !== 'events') return result
      return {
        ...result,
        output: funnelEvents(result.output as AsyncIterable<unknown>, requestId, context.log),
      }
    } catch (thrown) {
      const error = toCarrierError(thrown, requestId, context.log)
      record?.close(outcomeOf(error, signal), error.message)
      throw error
    }
  })
}

/** A command whose answer was lost may have happened: that is neither a failure nor a cancel. */
function outcomeOf(
  error: ORPCError<string, unknown>,
  signal: AbortSignal | undefined,
): AuditRecord['outcome'] {
  const detail = (error.data as { detail?: { kind?: string } } | undefined)?.detail
  if (detail?.kind === 'outcome-unknown') return 'unknown'
  return error.code === 'cancelled' || signal?.aborted ? 'cancelled' : 'failed'
}

/** Throws when the call may not run now: the vault is locked, the site is read-only, a confirmation is missing. */
function admit(meta: ProcedureMeta, input: unknown, pipeline: Pipeline): void {
  if (!meta.worksLocked && pipeline.isLocked())
    throw new AppError('locked', 'The vault is locked.', { remedy: 'Unlock it to go on.' })
  if (meta.writes === 'site') {
    const site = pipeline.siteOf?.(input)
    if (site?.isReadOnly)
      throw new AppError('forbidden', `The site ${site.name} is read-only in Meridian.`, {
        remedy: 'Allow changes under Connections, then try again.',
        detail: { kind: 'read-only', scope: site.id },
      })
  }
  const confirmation = (input as { confirmation?: unknown } | undefined)?.confirmation
  if (meta.danger && !confirmation)
    throw new AppError('invalid-input', 'This action needs its confirmation typed.', {
      detail: { kind: 'confirmation', expected: '' },
    })
}

function openRecord(pipeline: Pipeline, name: string, meta: ProcedureMeta, input: unknown) {
  const { audit } = pipeline
  const startedAt = performance.now()
  const siteId = siteOf(input) ?? pipeline.siteOf?.(input)?.id ?? null
  const id = audit.open(name, meta.title ?? name, subjectOf(input), siteId)
  let isHandedOver = false
  const handle: AuditHandle = {
    recordId: id,
    describe: (subject) => audit.describe(id, maskSecrets(subject)),
    handOver: () => {
      isHandedOver = true
    },
  }
  return {
    handle,
    isHandedOver: () => isHandedOver,
    close: (outcome: AuditRecord['outcome'], message: string | null): void =>
      audit.close(id, outcome, message, performance.now() - startedAt),
  }
}

/** A failure in the middle of an event stream goes through the same funnel as one before it. */
async function* funnelEvents(
  source: AsyncIterable<unknown>,
  requestId: string,
  log: CallContext['log'],
): AsyncGenerator<unknown> {
  try {
    yield* source
  } catch (thrown) {
    throw toCarrierError(thrown, requestId, log)
  }
}

const siteOf = (input: unknown): string | null => {
  const value = (input as { siteId?: unknown } | undefined)?.siteId
  return typeof value === 'string' ? value : null
}
