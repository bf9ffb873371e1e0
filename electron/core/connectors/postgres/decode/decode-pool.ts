// The core's side of the decode workers: lends one to each run, keeps one warm between runs, and turns the death of
// a worker into a fault of its run. Nothing of a run survives into the next.
import { Worker } from 'node:worker_threads'
import type { DecodeAnswer, DecodeOrder } from '../decode-worker.ts'
import type { DecodeRequest } from './result-decoder.ts'

export interface Decoder {
  begin(request: DecodeRequest, onAnswer: (answer: DecodeAnswer) => void): void
  /** Chunks that own their memory are transferred; the caller must not touch them again. */
  feed(chunks: Uint8Array[], byteLength: number): void
  /** Asks for the rows in hand; `stopped` is answered last. */
  stop(): void
  /** Gives the worker back. No answer comes after this. */
  release(): void
}

const keptWarm = 1

export class DecodePool {
  private readonly workerUrl: URL
  private readonly idle: Worker[] = []
  private readonly busy = new Set<Worker>()
  private isDisposed = false

  constructor(workerUrl: URL) {
    this.workerUrl = workerUrl
  }

  /** Starts a worker ahead of need: called while a connection is being opened. */
  warm(): void {
    if (this.idle.length === 0 && !this.isDisposed) this.idle.push(this.start())
  }

  acquire(): Decoder {
    const worker = this.idle.pop() ?? this.start()
    this.busy.add(worker)
    let onAnswer: ((answer: DecodeAnswer) => void) | undefined
    let isReleased = false
    const onMessage = (answer: DecodeAnswer): void => {
      if (!isReleased) return onAnswer?.(answer)
      if (answer.kind === 'stopped') this.takeBack(worker, detach)
    }
    const onDeath = (): void => {
      this.busy.delete(worker)
      if (!isReleased)
        onAnswer?.({ kind: 'fault', reason: 'protocol', message: 'The decoder of the result has ended.' })
    }
    const detach = (): void =>
      void worker.off('message', onMessage).off('error', onDeath).off('exit', onDeath)
    worker.on('message', onMessage).on('error', onDeath).on('exit', onDeath)
    const post = (order: DecodeOrder, transfer: ArrayBuffer[] = []): void =>
      worker.postMessage(order, transfer)
    return {
      begin(request, listener) {
        onAnswer = listener
        post({ kind: 'begin', request })
      },
      feed(chunks, byteLength) {
        const owned = chunks.map(ownMemory)
        post(
          { kind: 'bytes', chunks: owned, byteLength },
          owned.map((chunk) => chunk.buffer),
        )
      },
      stop: () => post({ kind: 'stop' }),
      release() {
        if (isReleased) return
        isReleased = true
        onAnswer = undefined
        post({ kind: 'stop' })
      },
    }
  }

  async dispose(): Promise<void> {
    this.isDisposed = true
    await Promise.all([...this.idle.splice(0), ...this.busy].map((worker) => worker.terminate()))
  }

  private start(): Worker {
    const worker = new Worker(this.workerUrl)
    worker.unref()
    // A worker that dies while idle is only forgotten; its run, if any, hears of it by its own listener.
    worker.on('error', () => undefined)
    worker.once('exit', () => {
      const at = this.idle.indexOf(worker)
      if (at >= 0) this.idle.splice(at, 1)
    })
    return worker
  }

  private takeBack(worker: Worker, detach: () => void): void {
    detach()
    this.busy.delete(worker)
    if (this.isDisposed || this.idle.length >= keptWarm) void worker.terminate()
    else this.idle.push(worker)
  }
}

/** A plain view that owns its whole buffer: sockets read into buffers of their own, other streams may share a pool. */
function ownMemory(chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = chunk
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
  return isWhole
    ? new Uint8Array(buffer)
    : (Uint8Array.prototype.slice.call(chunk) as Uint8Array<ArrayBuffer>)
}
