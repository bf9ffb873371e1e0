// The procedures of job launchers. What they do is the desk's business.
import { contract } from '#shared/contracts/index.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import { writableSchemas } from './hand-over.ts'
import { JobDesk } from './job-desk.ts'
import { jobSearch } from './job-search.ts'

export function createJobsFeature(core: CoreServices) {
  const desk = new JobDesk(core)
  core.search.register(jobSearch(desk, core.sites))
  const os = implementFeature(contract.jobs, core.pipeline)
  const router = os.router({
    templates: os.templates.handler(async () => ({ templates: await desk.templates.list(), userFolder: desk.userFolder })),
    targets: os.targets.handler(({ input, context, signal }) => desk.targets(input.siteId, signal ?? context.peer.signal)),
    preview: os.preview.handler(({ input }) => desk.preview(input)),
    check: os.check.handler(({ input, context, signal }) => desk.check(input, signal ?? context.peer.signal)),
    writableSchemas: os.writableSchemas.handler(({ input, context, signal }) => writableSchemas(core, input.connectionId, signal ?? context.peer.signal)),
    submit: os.submit.handler(({ input, context, signal }) => desk.submit(input, signal ?? context.peer.signal, context.audit)),
    watch: os.watch.handler(({ input, context, signal }) => desk.watch(input.siteId, signal ? AbortSignal.any([signal, context.peer.signal]) : context.peer.signal)),
    details: os.details.handler(({ input }) => desk.details(input.siteId, input.jobId)),
    order: os.order.handler(({ input }) => desk.order(input.siteId, input.jobId)),
    log: os.log.handler(({ input, context, signal }) =>
      desk.log(input.siteId, input.jobId, input.part, signal ? AbortSignal.any([signal, context.peer.signal]) : context.peer.signal),
    ),
    stop: os.stop.handler(({ input, context, signal }) => desk.stop(input.siteId, input.jobId, signal ?? context.peer.signal, context.audit)),
    remove: os.remove.handler(({ input, context, signal }) => desk.remove(input.siteId, input.jobId, signal ?? context.peer.signal, context.audit)),
  })
  return { router, dispose: () => desk.dispose() } satisfies Feature<typeof router>
}
