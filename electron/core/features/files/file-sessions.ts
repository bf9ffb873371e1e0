// One SFTP session per host, shared by what the page does there and ended when nothing was done for a while: opening
// one costs a round trip or two and a process on the host.
import type { ConnectionId } from '#shared/model/connection.ts'
import { createSftpFiles, type SftpFiles } from '../../connectors/ssh/sftp-files.ts'
import type { SftpSession } from '../../connectors/ssh/ssh-connector.ts'
import type { CoreServices } from '../../core-services.ts'

const idleMs = 45_000

interface Held {
  session: Promise<SftpSession>
  uses: number
  idle?: NodeJS.Timeout
}

export interface FileSessions {
  /** Runs `work` with the host's files. The session stays open while any work runs. */
  with<T>(connectionId: ConnectionId, signal: AbortSignal, work: (files: SftpFiles) => Promise<T>): Promise<T>
  /** For work that goes on after a call has answered: `release` ends it. */
  hold(connectionId: ConnectionId, signal: AbortSignal): Promise<{ files: SftpFiles; release(): void }>
  dispose(): void
}

export function createFileSessions({ connectors, sites }: Pick<CoreServices, 'connectors' | 'sites'>): FileSessions {
  const held = new Map<ConnectionId, Held>()

  function open(connectionId: ConnectionId): Held {
    const made: Held = { session: connectors.ssh(connectionId).sftp({ isInteractive: true }), uses: 0 }
    const forget = (): void => {
      if (held.get(connectionId) === made) held.delete(connectionId)
    }
    made.session.then(({ closed }) => closed.then(forget), forget)
    held.set(connectionId, made)
    return made
  }
  async function hold(connectionId: ConnectionId, signal: AbortSignal) {
    signal.throwIfAborted()
    const entry = held.get(connectionId) ?? open(connectionId)
    clearTimeout(entry.idle)
    entry.uses += 1
    let isHeld = true
    const release = (): void => {
      if (!isHeld) return
      isHeld = false
      entry.uses -= 1
      if (entry.uses > 0) return
      entry.idle = setTimeout(() => {
        if (held.get(connectionId) === entry) held.delete(connectionId)
        entry.session.then((session) => session.close(), () => undefined)
      }, idleMs)
      entry.idle.unref()
    }
    try {
      const { sftp } = await entry.session
      return { files: createSftpFiles(sftp, sites.getConnection(connectionId).label), release }
    } catch (error) {
      release()
      throw error
    }
  }
  return {
    hold,
    async with(connectionId, signal, work) {
      const { files, release } = await hold(connectionId, signal)
      try {
        return await work(files)
      } finally {
        release()
      }
    },
    dispose() {
      for (const { session, idle } of held.values()) {
        clearTimeout(idle)
        session.then((one) => one.close(), () => undefined)
      }
      held.clear()
    },
  }
}
