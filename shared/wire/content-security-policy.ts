// The one security policy of the page, and the headers that go with every answer of both shells: the desktop's
// app:// handler and the loopback HTTP server. Loosening a line here loosens both; nothing else may set a policy.

export interface PolicyOptions {
  /**
   * Origin of the page's own WebSocket, e.g. `ws://127.0.0.1:4711`, on the loopback shell. Current browsers let
   * 'self' cover it; naming it keeps older ones working. Left out on the desktop, which has no socket at all.
   */
  socketOrigin?: string
}

/**
 * The value of `Content-Security-Policy`. No eval, no inline script, no foreign origin, no frame in or out.
 * `style-src 'unsafe-inline'` is there because Mantine writes its theme variables and its responsive style props,
 * and CodeMirror and xterm their rules, as <style> elements at run time; scripts stay strict, so an injected
 * style cannot become code. `blob:` serves the layout worker of the map and pictures that are being exported.
 */
export function contentSecurityPolicy(options: PolicyOptions = {}): string {
  const connect = options.socketOrigin ? `'self' ${requireSocketOrigin(options.socketOrigin)}` : "'self'"
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src ${connect}`,
    "worker-src 'self' blob:",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
}

/** Headers of every answer, whatever it is: page, asset, stream or refusal. */
export function securityHeaders(options: PolicyOptions = {}): Record<string, string> {
  return {
    'content-security-policy': contentSecurityPolicy(options),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  }
}

/** What index.html holds where the shell writes the page's carrier: `port` (desktop) or `socket` (loopback). */
export const carrierPlaceholder = '__CARRIER__'

function requireSocketOrigin(origin: string): string {
  if (!/^wss?:\/\/[a-z0-9.:[\]-]+$/i.test(origin)) throw new Error(`Not the origin of a WebSocket: ${origin}`)
  return origin
}
