// The SQL workbench's procedures: catalogue, runs, kept results and exports. Rows leave only as streams of Arrow.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { contract } from '#shared/contracts/index.ts'
import { AppError } from '#shared/errors.ts'
import { arrowStreamContentType } from '#shared/wire/arrow-frames.ts'
import { DecodePool } from '../../connectors/postgres/decode/decode-pool.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import { createCatalogStore } from '../../storage/catalog-store.ts'
import { createRunStore } from '../../storage/run-store.ts'
import { createCatalogDesk } from './catalog-desk.ts'
import { createCatalogSearch } from './catalog-search.ts'
import { offerExport } from './result-export.ts'
import { RunDesk } from './run-desk.ts'
import { runSearch } from './run-search.ts'

export function createSqlFeature(core: CoreServices) {
  const log = core.platform.log.child({ feature: 'sql' })
  const directory = join(core.platform.paths.data, 'results')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const store = createRunStore(core.database, { directory, log })
  const pool = new DecodePool(core.platform.paths.worker('postgres-decode'))
  const desk = new RunDesk(core, store, pool)
  const catalogStore = createCatalogStore(core.database)
  const catalogs = createCatalogDesk(catalogStore, core.platform.now)
  core.search.register(runSearch(core, store))
  core.search.register(createCatalogSearch(core, catalogStore))
  // Nothing is answered from the store before what the last process left behind has been put right.
  const ready = store
    .recover()
    .catch((error: unknown) => log.error('Left-over runs could not be put right', { fault: String(error) }))

  const os = implementFeature(contract.sql, core.pipeline)
  const router = os.router({
    getCatalog: os.getCatalog.handler(({ input }) => {
      const { target } = desk.target(input.connectionId)
      return catalogs.get(target, input.connectionId, input.refresh)
    }),
    start: os.start.handler(async ({ input, context }) => {
      await ready
      const active = desk.start(input)
      const stream = core.streams.offer(context.peer, {
        contentType: arrowStreamContentType,
        open: (signal) => active.read(signal),
        abandon: () => active.stop(),
      })
      return { run: active.run, stream }
    }),
    cancel: os.cancel.handler(({ input }) => desk.cancel(input.runId)),
    outcome: os.outcome.handler(({ input, signal }) => desk.outcome(input.runId, signal)),
    watchRuns: os.watchRuns.handler(({ signal, context }) =>
      desk.changes.subscribe(signal ?? context.peer.signal),
    ),
    history: os.history.handler(async ({ input }) => {
      await ready
      return store.list(input).map((run) => (run.state === 'running' ? desk.get(run.runId) : run))
    }),
    openResult: os.openResult.handler(async ({ input, context }) => {
      await ready
      const run = desk.get(input.runId)
      if (run.resultBytes === 0)
        throw new AppError('not-found', 'The rows of this result are not kept.', {
          remedy: 'Run the statement again.',
        })
      const stream = core.streams.offer(context.peer, {
        contentType: arrowStreamContentType,
        open: (signal) => store.read(input.runId, signal),
      })
      return { run, stream }
    }),
    saveResult: os.saveResult.handler(async ({ input }) => {
      await ready
      return desk.save(input.runId, input.name)
    }),
    deleteRun: os.deleteRun.handler(async ({ input }) => {
      await ready
      await desk.delete(input.runId)
    }),
    exportResult: os.exportResult.handler(async ({ input, context }) => {
      await ready
      if (desk.isActive(input.runId))
        throw new AppError('conflict', 'This run is still at work.', {
          remedy: 'Export it when it has ended.',
        })
      return core.streams.offer(
        context.peer,
        offerExport(store.get(input.runId), input.format, store, directory),
      )
    }),
  })
  const dispose = async (): Promise<void> => {
    await desk.dispose()
    await pool.dispose()
  }
  return { router, dispose } satisfies Feature<typeof router>
}
