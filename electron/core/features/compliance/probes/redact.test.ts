import { describe, expect, it } from 'vitest'
import { redactJson, redactText } from './redact.ts'

describe('evidence', () => {
  it.each([
    ['{"password":"hunter2 hunter2"}', 'hunter2'],
    ['astro:$6$rounds=5000$abc$0123456789abcdef:19000:0:99999', '$6$'],
    ['SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy', 'c2FsdA'],
    ['md50123456789abcdef0123456789abcdef', 'md50123'],
    ['token: eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln', 'eyJhbGci'],
    ['-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----', '\nabc\n'],
    ['Authorization: Bearer abcdefghijkl', 'abcdefghijkl'],
    ['PVEAPIToken=root@pam!x=6c1d2b7e-3f0a-4f6e-9d55', '6c1d2b7e'],
  ])('keeps no secret of %s', (text, secret) => {
    const { text: kept, redactions } = redactText(text)
    expect(kept).not.toContain(secret)
    expect(redactions).toBeGreaterThan(0)
  })
  it('takes values of secret fields out of JSON, and keeps names', () => {
    const value = {
      tokenid: 'root@pam!app', secret: 'abc', cipassword: 'xyz', 'encryption-key': 'aa:bb',
      env: [{ name: 'DB_PASSWORD', value: 'plain' }, { name: 'MODE', value: 'fast' }],
      objects: [{ kind: 'Secret', data: { key: 'c2VjcmV0' } }],
      metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"stringData":"x"}' } },
    }
    const { text, redactions } = redactJson(value, 10_000)
    for (const secret of ['"abc"', 'xyz', '"plain"', 'c2VjcmV0', 'stringData']) expect(text).not.toContain(secret)
    for (const name of ['root@pam!app', 'DB_PASSWORD', '"fast"', 'aa:bb']) expect(text).toContain(name)
    expect(redactions).toBe(5)
  })
  it('says when it kept only the beginning', () => {
    const { text, isCut } = redactJson(Array.from({ length: 1000 }, (_unused, index) => ({ index, name: 'x'.repeat(50) })), 4000)
    expect(isCut).toBe(true)
    expect(text.length).toBeLessThan(20_000)
    expect(() => JSON.parse(text) as unknown).not.toThrow()
  })
})
