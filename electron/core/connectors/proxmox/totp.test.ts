import { describe, expect, it } from 'vitest'
import { decodeBase32, parseTotpSeed, totpCode, totpStep } from './totp.ts'

const keyOf = (length: number): Uint8Array => Buffer.from('1234567890'.repeat(7).slice(0, length), 'ascii')

describe('totp', () => {
  // RFC 6238, appendix B: time (s), then the eight-digit codes of SHA-1, SHA-256 and SHA-512.
  const vectors: Array<[number, string, string, string]> = [
    [59, '94287082', '46119246', '90693936'],
    [1111111109, '07081804', '68084774', '25091201'],
    [1111111111, '14050471', '67062674', '99943326'],
    [1234567890, '89005924', '91819424', '93441116'],
    [2000000000, '69279037', '90698825', '38618901'],
    [20000000000, '65353130', '77737706', '47863826'],
  ]
  it.each(vectors)('gives the codes of RFC 6238 at %i s', (seconds, sha1, sha256, sha512) => {
    const step = totpStep(seconds * 1000)
    expect(totpCode(keyOf(20), step, { digits: 8 })).toBe(sha1)
    expect(totpCode(keyOf(32), step, { digits: 8, algorithm: 'sha256' })).toBe(sha256)
    expect(totpCode(keyOf(64), step, { digits: 8, algorithm: 'sha512' })).toBe(sha512)
  })

  it('reads base32 as people write it', () => {
    expect(Buffer.from(decodeBase32('gezd gnbv-GY3T QOJQ GEZDGNBVGY3TQOJQ==')!).toString()).toBe(
      '12345678901234567890',
    )
    expect(decodeBase32('not base32!')).toBeUndefined()
    expect(decodeBase32('')).toBeUndefined()
  })

  it('reads an otpauth address with its options', () => {
    const seed = parseTotpSeed(
      'otpauth://totp/PVE:root@pam?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=8&period=60&algorithm=SHA256',
    )
    expect(seed).toMatchObject({ digits: 8, stepSeconds: 60, algorithm: 'sha256' })
    expect(parseTotpSeed('otpauth://totp/x?secret=GEZDGNBV&digits=40')).toBeUndefined()
    expect(parseTotpSeed('otpauth://totp/x')).toBeUndefined()
  })
})
