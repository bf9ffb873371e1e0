// The SQL workbench's procedures: catalogue, runs, kept results and exports.
import { contract } from '#shared/contracts/index.ts'
import { AppError } from '#shared/errors.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'

export function createSqlFeature(core: CoreServices) {
  const os = implementFeature(contract.sql, core.pipeline)
  const refuse = (): never => {
    throw new AppError('unsupported', 'The SQL workbench is not ready yet.')
  }
  const router = os.router({
    getCatalog: os.getCatalog.handler(refuse),
    start: os.start.handler(refuse),
    cancel: os.cancel.handler(refuse),
    outcome: os.outcome.handler(refuse),
    watchRuns: os.watchRuns.handler(refuse),
    history: os.history.handler(() => []),
    openResult: os.openResult.handler(refuse),
    saveResult: os.saveResult.handler(refuse),
    deleteRun: os.deleteRun.handler(refuse),
    exportResult: os.exportResult.handler(refuse),
  })
  return { router } satisfies Feature<typeof router>
}
