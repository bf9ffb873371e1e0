// The demo lab's databases: proj-pg01 with the DESI tables and proj-pg02 with the lab's services, real PostgreSQL 16
// on 127.0.0.1. The first start builds their content in well under a minute, later ones reuse it. Started by the
// lab's composition root. Two server processes rather than one: roles, settings, statistics and databases are then
// the site's own on each, one can be lost without the other, and the second costs 30 MB and no waiting time.
import { AppError } from '#shared/errors.ts'
import type { DemoContext, DemoService } from '../context.ts'
import { findBinaries } from './binaries.ts'
import { desiPlan } from './content/desi-plan.ts'
import type { ContentPlan } from './content/plan.ts'
import { servicesPlan } from './content/services-plan.ts'
import { DemoServer, type PostgresDemoServer } from './demo-server.ts'
import { choosePlacement } from './placement.ts'

export interface PostgresDemoOptions {
  /** Rows of iron.zpix, 1,000 to 4,000,000; a million unless a test wants it small. */
  zpixRows?: number
}

export interface PostgresDemo extends DemoService {
  servers: PostgresDemoServer[]
}

/** Rows of iron.zpix unless the caller wants another size, and the sizes that make sense. */
const defaultRows = 1_000_000
const fewestRows = 1_000
const mostRows = 4_000_000

/**
 * Builds what is missing and starts both servers. Rejects with `cancelled` when the context's signal aborts,
 * `unsupported` where PostgreSQL cannot run, `conflict` when another lab uses the same directory.
 */
export async function startPostgresDemo(
  context: DemoContext,
  options: PostgresDemoOptions = {},
): Promise<PostgresDemo> {
  const zpixRows = Math.min(mostRows, Math.max(fewestRows, Math.round(options.zpixRows ?? defaultRows)))
  context.onProgress('Finding PostgreSQL', 0)
  const placement = await choosePlacement(context.dataDir, await findBinaries())
  const plans: Record<string, ContentPlan> = { 'proj-pg01': desiPlan(zpixRows), 'proj-pg02': servicesPlan() }
  const lab = new AbortController()
  const stopWith = (): void => lab.abort(context.signal.reason)
  context.signal.addEventListener('abort', stopWith, { once: true })
  if (context.signal.aborted) stopWith()
  const servers = context.site.postgres.map((site) => new DemoServer(context, placement, site, lab.signal))
  const report = progressOf(context)
  const starts = servers.map(async (server) => {
    const plan = plans[server.site.host]
    if (!plan) throw new AppError('internal', `The demo lab has no content for ${server.site.host}.`)
    await server.start(plan, report)
  })
  try {
    await Promise.all(starts)
  } catch (error) {
    lab.abort(error)
    await Promise.allSettled(starts)
    await Promise.all(servers.map((server) => server.dispose()))
    throw error
  } finally {
    context.signal.removeEventListener('abort', stopWith)
  }
  const stopFaults = context.faults.onChange((service, fault) => {
    if (service === 'postgres') for (const server of servers) server.applyFault(fault)
  })
  for (const server of servers) server.applyFault(context.faults.get('postgres'))
  offerResearchDatabase(context, servers)
  context.onProgress('The databases are ready', 1)
  return {
    name: 'postgres',
    drafts: servers.map((server) => server.draft()),
    servers: servers.map((server) => server.describe()),
    async dispose() {
      stopFaults()
      await Promise.all(servers.map((server) => server.dispose()))
    },
  }
}

/** The lab's containers reach the researchers' database as the researchers do. */
function offerResearchDatabase({ runner }: DemoContext, servers: readonly DemoServer[]): void {
  const found = servers.find((server) => server.site.host === 'proj-pg01')
  if (found) runner.offerDatabase(found.entrance())
}

/** Only the DESI server's steps are worth showing; the other is done long before. Never goes back. */
function progressOf(context: DemoContext): (host: string, step: string, fraction: number) => void {
  let furthest = 0
  return (host, step, fraction) => {
    if (host !== 'proj-pg01') return
    furthest = Math.max(furthest, Math.min(0.99, fraction))
    context.onProgress(step, furthest)
  }
}
