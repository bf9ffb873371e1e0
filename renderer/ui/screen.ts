// The screen of a machine as a thing that outlives the component that shows it: noVNC over a duplex of bytes. Knows RFB
// and the keyboard; who carries the bytes is the owner's.
import RFB, { type RawChannel } from '@novnc/novnc'
import { keysyms, pressesOf, type KeyCombination } from './keyboard-text.ts'

/** The bytes of an RFB connection both ways. */
export interface ScreenBytes {
  write(bytes: Uint8Array): Promise<void>
  readonly incoming: AsyncIterable<Uint8Array>
  close(reason?: string): void
  readonly closed: Promise<string>
}

export type ScreenScaling = 'fit' | 'actual' | 'resize'

export interface ScreenHandle {
  readonly element: HTMLElement
  setScaling(scaling: ScreenScaling): void
  setViewOnly(isViewOnly: boolean): void
  press(combination: KeyCombination): void
  /** Types letter by letter; resolves when all is typed, or when `signal` fires. */
  type(text: string, options: { pauseMs: number; signal: AbortSignal; onProgress(typed: number): void }): Promise<void>
  /** Puts text on the guest's clipboard; it sees it only with an agent or a VNC server of its own. */
  sendClipboard(text: string): void
  /** What is shown now, as a PNG. */
  picture(): Promise<Blob>
  focus(): void
  dispose(): void
}

export interface ScreenOptions {
  channel: ScreenBytes
  label: string
  /** The first picture is near: RFB has been agreed. */
  onConnected(): void
  /** RFB has ended, by itself or because the bytes did. */
  onDisconnected(): void
  /** Text was copied in the guest. */
  onClipboard(text: string): void
}

export function createScreen(options: ScreenOptions): ScreenHandle {
  const element = document.createElement('div')
  element.className = 'screen-host'
  element.setAttribute('role', 'application')
  element.setAttribute('aria-label', options.label)
  const rfb = new RFB(element, rawChannelOver(options.channel), { shared: true })
  rfb.background = 'var(--screen-ground)'
  rfb.scaleViewport = true
  rfb.showDotCursor = true
  rfb.addEventListener('connect', () => options.onConnected())
  rfb.addEventListener('disconnect', () => options.onDisconnected())
  rfb.addEventListener('clipboard', ({ detail }) => options.onClipboard(detail.text))
  const tap = (keysym: number, code: string | null): void => rfb.sendKey(keysym, code)
  return {
    element,
    setScaling(scaling) {
      rfb.resizeSession = scaling === 'resize'
      rfb.scaleViewport = scaling !== 'actual'
    },
    setViewOnly: (isViewOnly) => void (rfb.viewOnly = isViewOnly),
    press({ keys }) {
      for (const key of keys) rfb.sendKey(key.keysym, key.code, true)
      for (const key of keys.toReversed()) rfb.sendKey(key.keysym, key.code, false)
    },
    async type(text, { pauseMs, signal, onProgress }) {
      const presses = pressesOf(text)
      for (const [index, press] of presses.entries()) {
        if (signal.aborted) return
        if (press.isShifted) rfb.sendKey(keysyms.shift, 'ShiftLeft', true)
        tap(press.keysym, press.code)
        if (press.isShifted) rfb.sendKey(keysyms.shift, 'ShiftLeft', false)
        onProgress(index + 1)
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    },
    sendClipboard: (text) => rfb.clipboardPasteFrom(text),
    picture: () =>
      new Promise((resolve, reject) =>
        rfb.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture is empty.'))), 'image/png'),
      ),
    focus: () => rfb.focus({ preventScroll: true }),
    dispose() {
      rfb.disconnect()
      element.remove()
    },
  }
}

/** noVNC speaks to anything that looks like a WebSocket; this one is a byte channel with credit. */
function rawChannelOver(channel: ScreenBytes): RawChannel {
  const raw: RawChannel = {
    binaryType: 'arraybuffer',
    protocol: '',
    readyState: 'open',
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    send(data) {
      // noVNC reuses its buffer as soon as this returns. A channel that has ended is told by its closing.
      const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data
      void channel.write(bytes.slice()).catch(() => undefined)
    },
    close() {
      raw.readyState = 'closing'
      channel.close('The screen was closed.')
    },
  }
  void read()
  async function read(): Promise<void> {
    for await (const bytes of channel.incoming) {
      // An array buffer of its own: the channel's may be a part of a larger one.
      raw.onmessage?.({ data: bytes.slice().buffer as ArrayBuffer })
    }
    raw.readyState = 'closed'
    raw.onclose?.({ code: 1000, reason: await channel.closed, wasClean: true })
  }
  return raw
}
