// Notifications of the operating system, offered to the core as one plain function. A click brings the window up.
import type { ElectronSlice, NotificationSlice } from './electron-slice.ts'

/** Null where the system has none: the page's own notifications are then the only ones. */
export function createNotifier(
  Notification: ElectronSlice['Notification'],
  onClick: () => void,
): ((title: string, body: string) => void) | null {
  if (!Notification.isSupported()) return null
  // Electron forgets a notification that nobody holds, and its click with it.
  const shown: NotificationSlice[] = []
  return (title, body) => {
    const notification = new Notification({ title, body })
    notification.on('click', onClick)
    shown.push(notification)
    if (shown.length > 20) shown.shift()
    notification.show()
  }
}
