// Every place on disk the desktop shell knows, in one object. The bundle lies in out/main beside out/preload and
// out/renderer, in the checkout as in the packaged archive, so all is found from the bundle's own directory.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Paths } from '#core/platform.ts'

export interface DesktopPaths {
  core: Paths
  pageRoot: string
  preload: string
  demoProcess: string
  icon: string
  windowState: string
  logFile: string
}

/** `bundleDir` is out/main, `appDir` the folder of package.json, `dataDir` where everything of the user is kept. */
export function desktopPaths(bundleDir: string, appDir: string, dataDir: string): DesktopPaths {
  const resources = join(appDir, 'resources')
  return {
    core: {
      data: dataDir,
      resources,
      worker: (name) => pathToFileURL(join(bundleDir, `${name}.js`)),
    },
    pageRoot: join(bundleDir, '..', 'renderer'),
    preload: join(bundleDir, '..', 'preload', 'index.cjs'),
    demoProcess: join(bundleDir, 'demo-process.js'),
    icon: join(resources, 'icons', 'icon.png'),
    windowState: join(dataDir, 'window-state.json'),
    logFile: join(dataDir, 'logs', 'meridian.log'),
  }
}
