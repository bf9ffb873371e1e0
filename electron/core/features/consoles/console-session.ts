// One open console: carries bytes between its backend and the window that shows it, at the pace of the slower side.
// It ends with its window, unless another window takes it over; then the recent output is shown there once more.
import type { ConsoleEnd } from '#shared/contracts/consoles.ts'
import { movedReason } from '#shared/model/console.ts'
import type { ByteChannel } from '#shared/wire/byte-channel.ts'
import { closed, type ConsoleBackend } from './console-backend.ts'

/** Enough for several full screens of a terminal with colours. */
const recentBytesLimit = 256 * 1024

export class ConsoleSession {
  readonly backend: ConsoleBackend
  /** Resolves once with how it ended. */
  readonly ended: Promise<ConsoleEnd>
  private readonly finish: (end: ConsoleEnd) => void
  private channel: ByteChannel | undefined
  private isOver = false
  /** Output that a window which takes the console over is shown again; null for screens, which draw anew. */
  private readonly recent: Uint8Array[] | null
  private recentBytes = 0
  private isReading = false

  constructor(backend: ConsoleBackend) {
    this.backend = backend
    this.recent = backend.kind === 'terminal' ? [] : null
    const { promise, resolve } = Promise.withResolvers<ConsoleEnd>()
    this.ended = promise
    this.finish = resolve
  }

  /** Gives the console to a window. The one before, if any, is told that it has moved. */
  serve(channel: ByteChannel): void {
    const previous = this.channel
    this.channel = channel
    previous?.close(movedReason)
    void channel.closed.then((reason) => this.channel === channel && this.end(closed(reason)))
    void this.carryInput(channel)
    if (this.isReading) return void this.replay(channel)
    this.isReading = true
    void this.carryOutput()
  }

  /** True while it can be moved to another window. */
  get isMovable(): boolean {
    return !this.isOver && this.recent !== null
  }

  dispose(message = 'The console was closed.'): void {
    this.end(closed(message))
  }

  private async replay(channel: ByteChannel): Promise<void> {
    const whole = Buffer.concat(this.recent ?? [])
    if (whole.length > 0) await channel.write(whole).catch(() => undefined)
  }

  private async carryInput(channel: ByteChannel): Promise<void> {
    try {
      for await (const bytes of channel.incoming) await this.backend.write(bytes)
    } catch {
      // The console has ended under the typing: `carryOutput` learns how, and tells it.
    }
  }

  private async carryOutput(): Promise<void> {
    for await (const bytes of this.backend.output) {
      if (this.isOver) return
      this.remember(bytes)
      // A channel that has just been replaced refuses the bytes; its successor gets them with the recent output.
      await this.channel?.write(bytes).catch(() => undefined)
    }
    this.end(await this.backend.ended)
  }

  private remember(bytes: Uint8Array): void {
    if (!this.recent) return
    this.recent.push(bytes)
    this.recentBytes += bytes.byteLength
    while (this.recentBytes > recentBytesLimit && this.recent.length > 1)
      this.recentBytes -= this.recent.shift()!.byteLength
  }

  private end(end: ConsoleEnd): void {
    if (this.isOver) return
    this.isOver = true
    this.finish(end)
    this.backend.dispose()
    this.channel?.close(end.message)
  }
}
