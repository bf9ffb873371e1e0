// The list of long operations as windows see it. Everything that happens to a task happens in the task desk.
import { contract } from '#shared/contracts/index.ts'
import type { TaskEvent } from '#shared/contracts/tasks.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'

const watchedTasks = 200

export function createTasksFeature(core: Pick<CoreServices, 'tasks' | 'pipeline' | 'sites'>) {
  const { tasks } = core
  const os = implementFeature(contract.tasks, core.pipeline)
  const router = os.router({
    list: os.list.handler(({ input }) => tasks.list(input.siteId, input)),
    watch: os.watch.handler(({ input, signal, context }) => {
      const { id: siteId } = core.sites.get(input.siteId)
      const whole: TaskEvent = { isWhole: true, tasks: tasks.list(siteId, { limit: watchedTasks }), removedIds: [] }
      return ofSite(siteId, tasks.changes.subscribe(signal ?? context.peer.signal, whole))
    }),
    readLog: os.readLog.handler(({ input }) => tasks.readLog(input.siteId, input.taskId, input.afterLine, input.limit)),
    followLog: os.followLog.handler(({ input, signal, context }) =>
      tasks.followLog(input.siteId, input.taskId, input.afterLine, signal ?? context.peer.signal),
    ),
    stop: os.stop.handler(({ input, context }) => {
      context.audit?.describe(tasks.get(input.siteId, input.taskId).title)
      return tasks.stop(input.siteId, input.taskId)
    }),
    dismiss: os.dismiss.handler(({ input, context }) => {
      context.audit?.describe(tasks.get(input.siteId, input.taskId).title)
      tasks.dismiss(input.siteId, input.taskId)
    }),
    dismissEnded: os.dismissEnded.handler(({ input }) => tasks.dismissEnded(input.siteId)),
  })
  return { router } satisfies Feature<typeof router>
}

async function* ofSite(siteId: SiteId, events: AsyncIterable<TaskEvent>): AsyncGenerator<TaskEvent, void, void> {
  for await (const event of events) {
    const own = event.tasks.filter((task) => task.siteId === siteId)
    if (event.isWhole || own.length > 0 || event.removedIds.length > 0) yield { ...event, tasks: own }
  }
}
