// What happens when the page's process dies or hangs: the user is asked, in the system's own dialog, whether to
// load it again. The core lives in another process and loses nothing. Called once per window.
import type { Log } from '#core/platform.ts'
import { appUrl } from './app-address.ts'
import type { ElectronSlice, WindowSlice } from './electron-slice.ts'

type Needs = Pick<ElectronSlice, 'app' | 'dialog'>

export function watchForCrashes(electron: Needs, window: WindowSlice, log: Log): void {
  let isAsking = false
  const reload = (): void => {
    if (window.isDestroyed()) return
    window
      .loadURL(appUrl)
      .catch((error: unknown) => log.error('The page could not be loaded again', { error: String(error) }))
  }
  const ask = async (
    message: string,
    detail: string,
    choices: [string, string],
    choose: (index: number) => void,
  ) => {
    if (isAsking || window.isDestroyed()) return
    isAsking = true
    try {
      const { response } = await electron.dialog.showMessageBox({
        type: 'warning',
        title: 'Meridian',
        message,
        detail,
        buttons: choices,
        defaultId: 0,
        cancelId: choices.length - 1,
      })
      choose(response)
    } finally {
      isAsking = false
    }
  }
  window.webContents.on('render-process-gone', (_event, details) => {
    if (details.reason === 'clean-exit') return
    log.error('The page process ended', { reason: details.reason, exitCode: details.exitCode })
    const detail =
      'Nothing that was saved is lost: the core is still running. Load the window again to go on.'
    void ask('The window of Meridian stopped working.', detail, ['Load again', 'Quit'], (index) =>
      index === 0 ? reload() : electron.app.quit(),
    )
  })
  window.on('unresponsive', () => {
    log.warn('The page does not answer')
    const detail =
      'It may be busy with a very large table. Waiting costs nothing; loading it again drops what is on screen.'
    void ask('The window of Meridian does not answer.', detail, ['Load again', 'Wait'], (index) => {
      if (index === 0) reload()
    })
  })
}
