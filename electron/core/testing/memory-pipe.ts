// Two ends of a frame pipe inside one process, for tests: what is sent is cloned as a message port would clone it,
// and arrives in a later turn of the event loop, in order. No product code uses it.
import type { FramePipe } from '#shared/wire/byte-channel.ts'

interface MemoryEnd extends FramePipe {
  /** Closes without telling anybody on this side, as a crash would. */
  vanish(): void
}

/** `[page, core]`; closing either closes both, each once. */
export function createMemoryPipes(): [MemoryEnd, MemoryEnd] {
  const ends = [createEnd(), createEnd()] as const
  const [left, right] = ends
  left.peer = right
  right.peer = left
  return [left.pipe, right.pipe]
}

interface End {
  peer: End | undefined
  pipe: MemoryEnd
  deliver(frame: Uint8Array | string): void
  end(reason: string): void
}

function createEnd(): End {
  const frameListeners: Array<(frame: Uint8Array | string) => void> = []
  const closeListeners: Array<(reason: string) => void> = []
  const early: Array<Uint8Array | string> = []
  let closeReason: string | undefined
  const self: End = {
    peer: undefined,
    deliver(frame) {
      if (closeReason !== undefined) return
      if (frameListeners.length === 0) early.push(frame)
      for (const listener of frameListeners) listener(frame)
    },
    end(reason) {
      if (closeReason !== undefined) return
      closeReason = reason
      for (const listener of closeListeners.splice(0)) listener(reason)
    },
    pipe: {
      send(frame) {
        if (closeReason !== undefined) return
        const copy = structuredClone(frame)
        setImmediate(() => self.peer?.deliver(copy))
      },
      onFrame(listener) {
        frameListeners.push(listener)
        for (const frame of early.splice(0)) listener(frame)
      },
      onClose(listener) {
        if (closeReason === undefined) closeListeners.push(listener)
        else listener(closeReason)
      },
      close(reason = 'closed') {
        self.end(reason)
        setImmediate(() => self.peer?.end('The other side closed the pipe.'))
      },
      vanish() {
        closeReason = 'vanished'
        setImmediate(() => self.peer?.end('The other side is gone.'))
      },
    },
  }
  return self
}
