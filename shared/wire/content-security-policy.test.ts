// What the page's policy must never allow.
import { describe, expect, it } from 'vitest'
import { contentSecurityPolicy, securityHeaders } from './content-security-policy.ts'

const directives = (policy: string): Map<string, string[]> =>
  new Map(
    policy.split('; ').map((line) => {
      const [name, ...sources] = line.split(' ')
      return [name!, sources]
    }),
  )

describe('content security policy', () => {
  it('starts from nothing and lets only own scripts run', () => {
    const policy = directives(contentSecurityPolicy())
    expect(policy.get('default-src')).toEqual(["'none'"])
    expect(policy.get('script-src')).toEqual(["'self'"])
    for (const name of ['object-src', 'frame-ancestors', 'base-uri', 'form-action'])
      expect(policy.get(name), name).toEqual(["'none'"])
  })

  it('never names eval, a wildcard or a foreign origin', () => {
    const policy = contentSecurityPolicy()
    for (const word of ['unsafe-eval', 'wasm-unsafe-eval', '*', 'http:', 'https:', 'ws:'])
      expect(policy).not.toContain(word)
    const inline = [...directives(policy)].filter(([, sources]) => sources.includes("'unsafe-inline'"))
    expect(inline.map(([name]) => name)).toEqual(['style-src'])
  })

  it('adds exactly the given socket, and refuses anything that is more than an origin', () => {
    const policy = directives(contentSecurityPolicy({ socketOrigin: 'ws://127.0.0.1:4711' }))
    expect(policy.get('connect-src')).toEqual(["'self'", 'ws://127.0.0.1:4711'])
    expect(() => contentSecurityPolicy({ socketOrigin: "ws://x; script-src 'unsafe-inline'" })).toThrow()
  })

  it('goes with nosniff and no referrer', () => {
    expect(securityHeaders()).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
  })
})
