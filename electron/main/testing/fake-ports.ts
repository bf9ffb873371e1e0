// MessagePorts for tests: Electron's kind (main process) and the page's kind (DOM), over Node's worker_threads.
// They are as strict as the real ones: messages wait for start(), transferred ports are unusable afterwards.
import { MessageChannel, type MessagePort as NodePort, type Transferable } from 'node:worker_threads'
import type { MessageEvent } from 'electron'
import type { PortSlice } from '../electron-slice.ts'

interface Envelope {
  data: unknown
  ports: NodePort[]
}

/** What both kinds share: the envelope that carries data and transferred ports. */
class PortCore {
  private raw: NodePort | undefined
  private isStarted = false
  private hasClosedItself = false
  readonly messageListeners: Array<(data: unknown, ports: NodePort[]) => void> = []
  readonly closeListeners: Array<() => void> = []

  constructor(raw: NodePort) {
    this.raw = raw
    raw.on('close', () => {
      // As in Electron and in the DOM, the end that closes is not told of it.
      if (!this.hasClosedItself && this.raw) for (const listener of this.closeListeners) listener()
    })
    raw.unref()
  }

  /** Hands the raw port over; this end is dead from now on. */
  release(): NodePort {
    const raw = this.live()
    if (this.isStarted) throw new Error('A started port cannot be transferred')
    this.raw = undefined
    return raw
  }

  post(data: unknown, transfer: ReadonlyArray<{ core: PortCore }>): void {
    const ports = transfer.map((port) => port.core.release())
    this.live().postMessage({ data, ports } satisfies Envelope, ports as Transferable[])
  }

  start(): void {
    if (this.isStarted) return
    this.isStarted = true
    this.live().on('message', ({ data, ports }: Envelope) => {
      for (const listener of this.messageListeners) listener(data, ports)
    })
  }

  close(): void {
    this.hasClosedItself = true
    this.raw?.close()
  }

  private live(): NodePort {
    if (!this.raw) throw new Error('This port was transferred and cannot be used any more')
    return this.raw
  }
}

/** MessagePortMain as electron.d.ts describes it. */
export class FakePortMain implements PortSlice {
  readonly core: PortCore
  constructor(raw: NodePort) {
    this.core = new PortCore(raw)
  }
  on(event: 'message' | 'close', listener: ((event: MessageEvent) => void) | (() => void)): this {
    if (event === 'close') this.core.closeListeners.push(listener as () => void)
    else if (event === 'message')
      this.core.messageListeners.push((data, ports) =>
        (listener as (event: MessageEvent) => void)({ data, ports: ports.map((raw) => new FakePortMain(raw)) as never }),
      )
    // An EventEmitter takes any name; Electron never emits others.
    return this
  }
  postMessage(message: unknown, transfer: PortSlice[] = []): void {
    this.core.post(message, transfer as FakePortMain[])
  }
  start(): void {
    this.core.start()
  }
  close(): void {
    this.core.close()
  }
}

export interface PageEvent {
  data: unknown
  ports: FakePagePort[]
}

/** The page's MessagePort, as far as the renderer's carrier uses it. */
export class FakePagePort {
  readonly core: PortCore
  constructor(raw: NodePort) {
    this.core = new PortCore(raw)
  }
  addEventListener(event: string, listener: (event: PageEvent) => void): void {
    if (event === 'close') this.core.closeListeners.push(() => listener({ data: undefined, ports: [] }))
    if (event === 'message')
      this.core.messageListeners.push((data, ports) => listener({ data, ports: ports.map((raw) => new FakePagePort(raw)) }))
  }
  postMessage(message: unknown, transfer: FakePagePort[] = []): void {
    this.core.post(message, transfer)
  }
  start(): void {
    this.core.start()
  }
  close(): void {
    this.core.close()
  }
}

/** `new MessageChannelMain()`. */
export class FakeMessageChannelMain {
  readonly port1: FakePortMain
  readonly port2: FakePortMain
  constructor() {
    const { port1, port2 } = new MessageChannel()
    this.port1 = new FakePortMain(port1)
    this.port2 = new FakePortMain(port2)
  }
}

/** The page's `new MessageChannel()`. */
export function pageChannel(): { port1: FakePagePort; port2: FakePagePort } {
  const { port1, port2 } = new MessageChannel()
  return { port1: new FakePagePort(port1), port2: new FakePagePort(port2) }
}

/** What Electron does with ports sent to a frame: they come out as the page's kind. */
export const asPagePorts = (ports: readonly PortSlice[]): FakePagePort[] =>
  ports.map((port) => new FakePagePort((port as FakePortMain).core.release()))
