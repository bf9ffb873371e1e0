// The host of the desktop shell, with its data directory claimed first: two programs in one store would ruin it.
// A loopback shell that works in the same directory is told, and so is this one.
import { createHost, type Host } from '#core/host.ts'
import type { Platform } from '#core/platform.ts'
import type { LogBook } from '#core/storage/log-book.ts'
import { takeInstanceLock } from '#core/storage/instance-lock.ts'

/** Rejects with AppError `conflict` when another Meridian works in the platform's data directory. */
export async function openHost(platform: Platform, logBook: LogBook): Promise<Host> {
  const lock = await takeInstanceLock(platform.paths.data)
  try {
    const host = await createHost(platform, logBook)
    return {
      ...host,
      async dispose() {
        await host.dispose()
        lock.dispose()
      },
    }
  } catch (thrown) {
    lock.dispose()
    throw thrown
  }
}
