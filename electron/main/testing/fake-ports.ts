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
  private isReading = false
  private isStarted = false
  private hasClosedItself = false
  private readonly waiting: Envelope[] = []
  private readonly messageListeners: Array<(data: unknown, ports: NodePort[]) => void> = []
  private readonly closeListeners: Array<() => void> = []

  constructor(raw: NodePort) {
    this.raw = raw
  }

  onMessage(listener: (data: unknown, ports: NodePort[]) => void): void {
    this.read()
    this.messageListeners.push(listener)
  }

  onClose(listener: () => void): void {
    this.read()
    this.closeListeners.push(listener)
  }

  /** Hands the raw port over; this end is dead from now on. */
  release(): NodePort {
    const raw = this.live()
    if (this.isReading) throw new Error('A port that is listened to cannot be transferred')
    this.raw = undefined
    return raw
  }

  post(data: unknown, transfer: ReadonlyArray<{ core: PortCore }>): void {
    const ports = transfer.map((port) => port.core.release())
    this.live().postMessage({ data, ports } satisfies Envelope, ports as Transferable[])
  }

  start(): void {
    this.isStarted = true
    for (const envelope of this.waiting.splice(0)) this.deliver(envelope)
  }

  close(): void {
    this.hasClosedItself = true
    this.raw?.close()
  }

  /** Node tells of a closed peer only behind the messages before it, so they are taken out and kept until start(). */
  private read(): void {
    if (this.isReading) return
    this.isReading = true
    const raw = this.live()
    raw.on('message', (envelope: Envelope) => {
      if (this.isStarted) this.deliver(envelope)
      else this.waiting.push(envelope)
    })
    // As in Electron and in the DOM, the end that closes is not told of it.
    raw.on('close', () => {
      if (!this.hasClosedItself) for (const listener of this.closeListeners) listener()
    })
    raw.unref()
  }

  private deliver({ data, ports }: Envelope): void {
    for (const listener of this.messageListeners) listener(data, ports)
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
    if (event === 'close') this.core.onClose(listener as () => void)
    else if (event === 'message')
      this.core.onMessage((data, ports) =>
        (listener as (event: MessageEvent) => void)({
          data,
          ports: ports.map((raw) => new FakePortMain(raw)) as never,
        }),
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
    if (event === 'close') this.core.onClose(() => listener({ data: undefined, ports: [] }))
    if (event === 'message')
      this.core.onMessage((data, ports) =>
        listener({ data, ports: ports.map((raw) => new FakePagePort(raw)) }),
      )
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
