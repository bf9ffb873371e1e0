// What jsdom lacks and Mantine needs, for component tests.
import '@testing-library/jest-dom/vitest'
import { cleanup } from '@testing-library/react'
import { afterEach } from 'vitest'

afterEach(() => cleanup())

window.matchMedia ??= ((query: string) => ({
  matches: false,
  media: query,
  onchange: null,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
  addListener: () => undefined,
  removeListener: () => undefined,
  dispatchEvent: () => false,
})) as typeof window.matchMedia

class NoResize implements ResizeObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
window.ResizeObserver ??= NoResize
Element.prototype.scrollIntoView ??= () => undefined
// CodeMirror measures text, which jsdom does not lay out.
Range.prototype.getClientRects ??= () => [] as unknown as DOMRectList
Range.prototype.getBoundingClientRect ??= () => new DOMRect()
URL.createObjectURL ??= () => 'blob:test'
URL.revokeObjectURL ??= () => undefined
if (!document.fonts) Object.defineProperty(document, 'fonts', { value: new EventTarget() })
