// One Meridian per data directory: a second start only brings the first one's window up.
import type { AppSlice } from './electron-slice.ts'

/** False means that another instance has been told to show itself and this one must end at once. */
export function becomeSingleInstance(app: AppSlice, onSecondStart: () => void): boolean {
  if (!app.requestSingleInstanceLock()) return false
  app.on('second-instance', onSecondStart)
  return true
}
