// One SSH connection for everything that is done on a host: shells, commands, files and forwards each hold a use of
// it. Opened by the first use, ended some time after the last. A lost connection is opened anew by the next use.
import { cancelled, isAppError } from '#shared/errors.ts'
import type { OpenSsh } from './ssh-connection.ts'

export interface OpeningOptions {
  signal: AbortSignal
  /** A person looks at this: questions of the server may be asked. */
  isInteractive: boolean
}
export type OpenConnection = (options: OpeningOptions) => Promise<OpenSsh>

/** The connection, until `release` is called; calling it again does nothing. */
export interface SshUse {
  ssh: OpenSsh
  release(): void
}

export interface ConnectionShare {
  use(options: { signal?: AbortSignal | undefined; isInteractive?: boolean | undefined }): Promise<SshUse>
  readonly isOpen: boolean
  dispose(): void
}

interface Opening {
  result: Promise<OpenSsh>
  isInteractive: boolean
  waiting: number
  controller: AbortController
}

export function createConnectionShare(open: OpenConnection, options: { idleMs: number }): ConnectionShare {
  let current: OpenSsh | undefined
  let opening: Opening | undefined
  let uses = 0
  let isDisposed = false
  let idle: NodeJS.Timeout | undefined

  function drop(ssh: OpenSsh): void {
    if (current === ssh) current = undefined
    ssh.dispose()
  }
  function begin(isInteractive: boolean): Opening {
    const controller = new AbortController()
    const made: Opening = {
      controller,
      isInteractive,
      waiting: 0,
      result: open({ signal: controller.signal, isInteractive }).then(
        (ssh) => {
          if (opening === made) opening = undefined
          if (isDisposed || controller.signal.aborted) {
            ssh.dispose()
            throw cancelled()
          }
          current = ssh
          ssh.client.on('error', () => undefined)
          ssh.client.once('close', () => drop(ssh))
          return ssh
        },
        (error: unknown) => {
          if (opening === made) opening = undefined
          throw error
        },
      ),
    }
    made.result.catch(() => undefined)
    return made
  }
  /** The opening ends early only when nobody waits for it any more. */
  async function wait(shared: Opening, signal: AbortSignal | undefined): Promise<OpenSsh> {
    const aborted = Promise.withResolvers<never>()
    aborted.promise.catch(() => undefined)
    const onAbort = (): void => aborted.reject(cancelled())
    shared.waiting += 1
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([shared.result, aborted.promise])
    } finally {
      signal?.removeEventListener('abort', onAbort)
      shared.waiting -= 1
      if (shared.waiting === 0 && opening === shared) {
        opening = undefined
        shared.controller.abort()
      }
    }
  }
  async function connect(signal: AbortSignal | undefined, isInteractive: boolean): Promise<OpenSsh> {
    if (current) return current
    const shared = (opening ??= begin(isInteractive))
    try {
      return await wait(shared, signal)
    } catch (error) {
      const needsPerson = isAppError(error) && error.detail?.kind === 'ssh' && error.detail.stage === 'prompt'
      if (!needsPerson || !isInteractive || shared.isInteractive) throw error
      return wait((opening ??= begin(true)), signal)
    }
  }
  function settle(): void {
    if (uses > 0 || !current) return
    const ssh = current
    idle = setTimeout(() => drop(ssh), options.idleMs)
    idle.unref()
  }

  return {
    async use({ signal, isInteractive = false }) {
      if (isDisposed || signal?.aborted) throw cancelled()
      uses += 1
      clearTimeout(idle)
      let isHeld = true
      const release = (): void => {
        if (!isHeld) return
        isHeld = false
        uses -= 1
        settle()
      }
      try {
        return { ssh: await connect(signal, isInteractive), release }
      } catch (error) {
        release()
        throw error
      }
    },
    get isOpen() {
      return current !== undefined
    },
    dispose() {
      isDisposed = true
      clearTimeout(idle)
      opening?.controller.abort()
      if (current) drop(current)
    },
  }
}
