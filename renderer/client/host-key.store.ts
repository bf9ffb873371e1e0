// The host key of an SSH server at the moment it matters: to be confirmed at first use, refused when it has changed.
// Whoever opens SSH from a screen runs it through `withHostKey`; the frame draws the question.
import { create } from 'zustand'
import { cancelled, isAppError, type AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Client } from './client.ts'
import { useSession } from './session.store.ts'

export interface SeenHostKey {
  connectionId: ConnectionId
  /** The connection's own name. */
  label: string
  address: string
  fingerprint256: string
  /** The key that was confirmed; empty at first use. */
  expected256: string
  keyType: string
  isChanged: boolean
}

export interface HostKeyQuestion {
  seen: SeenHostKey
  /** Stores the key; a rejection is shown and the question stays. Never for a changed key. */
  confirm(): Promise<void>
  close(): void
}

export const useHostKey = create<{ question: HostKeyQuestion | null }>(() => ({ question: null }))

const longestChain = 8

/**
 * Runs `work`; an unknown host key is shown, and after its confirmation `work` runs again, once more for each jump
 * host on the way. Rejects as `work` does, or `cancelled` when the key is not confirmed.
 */
export async function withHostKey<T>(client: Client, work: () => Promise<T>): Promise<T> {
  for (let round = 0; ; round += 1) {
    try {
      return await work()
    } catch (thrown) {
      const seen = isAppError(thrown) ? keyOf(thrown) : null
      if (!seen || round > longestChain) throw thrown
      if (seen.isChanged) {
        tell(seen)
        throw thrown
      }
      await askAbout(client, seen)
    }
  }
}

const end = (): void => useHostKey.setState({ question: null })

const tell = (seen: SeenHostKey): void =>
  useHostKey.setState({ question: { seen, confirm: () => Promise.reject(cancelled()), close: end } })

const askAbout = (client: Client, seen: SeenHostKey): Promise<void> =>
  new Promise((resolve, reject) => {
    const { connectionId, fingerprint256 } = seen
    const confirm = async (): Promise<void> => {
      await client.sites.confirmHostKey({ connectionId, fingerprint256 })
      end()
      resolve()
    }
    const close = (): void => {
      end()
      reject(cancelled('The host key was not confirmed.'))
    }
    useHostKey.setState({ question: { seen, confirm, close } })
  })

function keyOf(error: AppError): SeenHostKey | null {
  const { detail, target } = error
  if (detail?.kind !== 'ssh' || !detail.fingerprint256 || !target?.connectionId) return null
  if (detail.stage !== 'host-key' && detail.stage !== 'host-key-changed') return null
  const connectionId = target.connectionId as ConnectionId
  const known = useSession.getState().sites?.flatMap((site) => site.connections).find((one) => one.id === connectionId)
  return {
    connectionId,
    label: known?.label ?? 'this host',
    address: target.endpoint ?? '',
    fingerprint256: detail.fingerprint256,
    expected256: detail.expected256 ?? '',
    keyType: detail.keyType ?? '',
    isChanged: detail.stage === 'host-key-changed',
  }
}
