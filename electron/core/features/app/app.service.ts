// The application's own procedures: what it can do here, settings, notifications and the local log.
import { contract } from '#shared/contracts/index.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'

export function createAppFeature(core: CoreServices) {
  const { platform, settings, notifications, logBook } = core
  const startedAtMs = platform.now()
  const os = implementFeature(contract.app, core.pipeline)
  const router = os.router({
    describe: os.describe.handler(() => ({
      version: platform.version,
      startedAtMs,
      capabilities: {
        nativeDialogs: platform.hasNativeDialogs,
        nativeNotifications: platform.notify !== null,
        osKeychain: platform.keychain !== null,
        demoLab: platform.demo !== null,
      },
      opensDemo: platform.opensDemo,
    })),
    getSettings: os.getSettings.handler(() => settings.get()),
    updateSettings: os.updateSettings.handler(({ input }) => settings.update(input)),
    watchSettings: os.watchSettings.handler(({ signal, context }) =>
      settings.changes.subscribe(signal ?? context.peer.signal, settings.get()),
    ),
    watchNotifications: os.watchNotifications.handler(({ signal, context }) =>
      notifications.changes.subscribe(signal ?? context.peer.signal),
    ),
    listNotifications: os.listNotifications.handler(() => notifications.list()),
    readLog: os.readLog.handler(({ input }) => logBook.recent(input.limit)),
  })
  return { router } satisfies Feature<typeof router>
}
