// The part of noVNC that is used here; the package carries no types of its own.
declare module '@novnc/novnc' {
  /** What noVNC takes in place of a WebSocket. */
  export interface RawChannel {
    binaryType: string
    protocol: string
    readyState: 'connecting' | 'open' | 'closing' | 'closed'
    onopen: ((event: unknown) => void) | null
    onmessage: ((event: { data: ArrayBuffer }) => void) | null
    onclose: ((event: { code: number; reason: string; wasClean: boolean }) => void) | null
    onerror: ((event: unknown) => void) | null
    send(data: Uint8Array | ArrayBuffer): void
    close(): void
  }
  export interface RfbEvents {
    connect: CustomEvent<Record<string, never>>
    disconnect: CustomEvent<{ clean: boolean }>
    clipboard: CustomEvent<{ text: string }>
    desktopname: CustomEvent<{ name: string }>
    bell: CustomEvent<undefined>
  }
  export default class RFB {
    constructor(target: HTMLElement, channel: RawChannel, options?: { shared?: boolean })
    viewOnly: boolean
    scaleViewport: boolean
    clipViewport: boolean
    dragViewport: boolean
    resizeSession: boolean
    focusOnClick: boolean
    showDotCursor: boolean
    background: string
    addEventListener<K extends keyof RfbEvents>(name: K, listener: (event: RfbEvents[K]) => void): void
    disconnect(): void
    focus(options?: FocusOptions): void
    blur(): void
    sendCtrlAltDel(): void
    sendKey(keysym: number, code: string | null, isDown?: boolean): void
    clipboardPasteFrom(text: string): void
    toBlob(callback: (blob: Blob | null) => void, type?: string): void
  }
}
