// Uploads under way: read from the page's files and written into the core's byte channels at the pace of the host.
// They go on while another screen is shown, and end when the window does.
import { create } from 'zustand'
import { toAppError, type Client } from '#client/client.ts'
import { withHostKey } from '#client/host-key.store.ts'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { ByteChannel } from '#shared/wire/byte-channel.ts'

export interface Upload {
  id: string
  connectionId: ConnectionId
  folder: string
  name: string
  sizeBytes: number
  sentBytes: number
  state: 'sending' | 'done' | 'failed' | 'cancelled'
  error: AppError | null
}

export const useUploads = create<{ uploads: readonly Upload[] }>(() => ({ uploads: [] }))

const controllers = new Map<string, AbortController>()
const chunkBytes = 256 * 1024
let count = 0

const change = (id: string, changes: Partial<Upload>): void =>
  useUploads.setState(({ uploads }) => ({ uploads: uploads.map((one) => (one.id === id ? { ...one, ...changes } : one)) }))

export const cancelUpload = (id: string): void => controllers.get(id)?.abort()
export const forgetUploads = (): void =>
  useUploads.setState(({ uploads }) => ({ uploads: uploads.filter((one) => one.state === 'sending') }))

/** Sends one file. Resolves when it is over, however it ended; the store holds the rest. */
export async function upload(
  client: Client,
  to: { connectionId: ConnectionId; folder: string; mayReplace: boolean },
  file: File,
): Promise<Upload['state']> {
  const id = `upload-${(count += 1)}`
  const controller = new AbortController()
  const { signal } = controller
  const { connectionId, folder, mayReplace } = to
  const made: Upload = { id, connectionId, folder, name: file.name, sizeBytes: file.size, sentBytes: 0, state: 'sending', error: null }
  controllers.set(id, controller)
  useUploads.setState(({ uploads }) => ({ uploads: [...uploads, made] }))
  try {
    const input = { connectionId, path: folder, name: file.name, sizeBytes: file.size, mayReplace }
    const { uploadId, channel: ticket } = await withHostKey(client, () => client.files.upload(input, { signal }))
    const channel = client.openChannel(ticket)
    signal.addEventListener('abort', () => channel.close('cancelled'), { once: true })
    await send(file, channel, signal, (sentBytes) => change(id, { sentBytes }))
    await client.files.uploadOutcome({ uploadId })
    change(id, { state: 'done', sentBytes: file.size })
    return 'done'
  } catch (thrown) {
    const error = toAppError(thrown)
    const state = signal.aborted || error.code === 'cancelled' ? 'cancelled' : 'failed'
    change(id, { state, error: state === 'failed' ? error : null })
    return state
  } finally {
    controllers.delete(id)
  }
}

async function send(file: File, channel: ByteChannel, signal: AbortSignal, onProgress: (bytes: number) => void): Promise<void> {
  for (let start = 0; start < file.size && !signal.aborted; start += chunkBytes) {
    const bytes = new Uint8Array(await file.slice(start, start + chunkBytes).arrayBuffer())
    try {
      await channel.write(bytes)
    } catch {
      // The core has ended it, and says why when asked for the outcome.
      return
    }
    onProgress(Math.min(file.size, start + chunkBytes))
  }
}
