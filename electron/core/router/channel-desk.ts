// Where duplex byte channels (terminals, screens) meet their page end. A service opens one and answers with a
// ticket; the shell attaches the page's pipe under that id, once. Unattached channels end after half a minute.
import { randomBytes } from 'node:crypto'
import type { ChannelTicket } from '#shared/contracts/kernel.ts'
import { AppError } from '#shared/errors.ts'
import { createByteChannel, type ByteChannel, type FramePipe } from '#shared/wire/byte-channel.ts'
import type { Peer } from './call-context.ts'

const unattachedMs = 30_000

export class ChannelDesk {
  private readonly waiting = new Map<string, (pipe: FramePipe | undefined) => void>()
  private readonly attached = new Set<ByteChannel>()

  /** `serve` is called with the core's end as soon as the page has attached its own. */
  open(peer: Peer, serve: (channel: ByteChannel) => void, abandon?: () => void): ChannelTicket {
    if (peer.signal.aborted) throw new AppError('cancelled', 'The window that asked is gone.')
    const channelId = randomBytes(16).toString('hex')
    const drop = (): void => this.waiting.get(channelId)?.(undefined)
    const timer = setTimeout(drop, unattachedMs)
    timer.unref()
    peer.signal.addEventListener('abort', drop, { once: true })
    this.waiting.set(channelId, (pipe) => {
      this.waiting.delete(channelId)
      clearTimeout(timer)
      peer.signal.removeEventListener('abort', drop)
      if (!pipe) return abandon?.()
      const channel = createByteChannel(pipe)
      this.attached.add(channel)
      const goodbye = (): void => channel.close('The window was closed.')
      peer.signal.addEventListener('abort', goodbye, { once: true })
      void channel.closed.then(() => {
        this.attached.delete(channel)
        peer.signal.removeEventListener('abort', goodbye)
      })
      serve(channel)
    })
    return { channelId }
  }

  /** False when the id is unknown or already attached: the shell then closes the pipe. */
  attach(channelId: string, pipe: FramePipe): boolean {
    const take = this.waiting.get(channelId)
    if (!take) return false
    take(pipe)
    return true
  }

  dispose(): void {
    for (const take of [...this.waiting.values()]) take(undefined)
    for (const channel of [...this.attached]) channel.close('Meridian is shutting down.')
  }
}
