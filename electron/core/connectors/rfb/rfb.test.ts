// The pieces of RFB that the core speaks: the answer to a challenge, the login's refusals, and what a viewer may send.
import { describe, expect, it } from 'vitest'
import { createByteReader, logInToRfb } from './rfb-login.ts'
import { createViewOnlyFilter } from './view-only.ts'
import { answerChallenge } from './vnc-authentication.ts'

async function* inPieces(...pieces: Buffer[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(piece)
}
const refusalOf = async (...pieces: Buffer[]): Promise<string> => {
  const sent: Uint8Array[] = []
  const send = (bytes: Uint8Array): Promise<void> => Promise.resolve(void sent.push(bytes))
  const error = await logInToRfb(createByteReader(inPieces(...pieces)), send, 'hidden').catch((thrown: Error) => thrown)
  return error instanceof Error ? error.message : 'accepted'
}

describe('VNC authentication', () => {
  it('answers as every server expects: only eight bytes of the password count', () => {
    const challenge = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
    const answer = Buffer.from(answerChallenge(challenge, 'password'))
    expect(answer).toHaveLength(16)
    expect(Buffer.from(answerChallenge(challenge, 'password and more'))).toEqual(answer)
    expect(Buffer.from(answerChallenge(challenge, 'passwore'))).not.toEqual(answer)
  })
})

describe('the login', () => {
  it('tells what is no RFB, what is too old, and the server’s own reason', async () => {
    expect(await refusalOf(Buffer.from('HTTP/1.1 400'))).toContain('not an RFB server')
    expect(await refusalOf(Buffer.from('RFB 003.003\n'))).toContain('older than 3.8')
    const reason = Buffer.concat([Buffer.of(0, 0, 0, 0, 5), Buffer.from('full!')])
    expect(await refusalOf(Buffer.from('RFB 003.008\n'), reason)).toContain('full!')
    expect(await refusalOf(Buffer.from('RFB 003.008\n'), Buffer.of(2, 16, 19))).toContain('16, 19')
  })

  it('takes a server without security, in whatever pieces it speaks', async () => {
    expect(await refusalOf(Buffer.from('RFB 003'), Buffer.from('.008\n'), Buffer.of(1), Buffer.of(1), Buffer.alloc(4))).toBe('accepted')
  })

  it('says so when the connection ends in the middle', async () =>
    expect(await refusalOf(Buffer.from('RFB 003.0'))).toContain('ended within the RFB login'))
})

describe('view only', () => {
  const pixelFormat = Buffer.concat([Buffer.of(0), Buffer.alloc(19, 1)])
  const encodings = Buffer.concat([Buffer.of(2, 0, 0, 2), Buffer.alloc(8, 7)])
  const update = Buffer.concat([Buffer.of(3), Buffer.alloc(9)])
  const key = Buffer.of(4, 1, 0, 0, 0, 0, 0, 0x61)
  const pointer = Buffer.of(5, 1, 0, 1, 0, 1)
  const text = Buffer.concat([Buffer.of(6, 0, 0, 0, 0, 0, 0, 5), Buffer.from('rm -r')])
  const extendedText = Buffer.concat([Buffer.of(6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc), Buffer.alloc(4)])
  const fence = Buffer.of(248, 0, 0, 0, 0, 0, 0, 0, 1, 9)
  const resize = Buffer.concat([Buffer.of(251, 0, 1, 0, 1, 0, 1, 0), Buffer.alloc(16)])
  const qemuKey = Buffer.concat([Buffer.of(255, 0), Buffer.alloc(10)])
  const xvp = Buffer.of(252, 0, 1, 2)

  it('lets only questions through, however the bytes are cut', () => {
    const all = Buffer.concat([
      Buffer.of(1),
      ...[pixelFormat, key, encodings, pointer, text, update, extendedText, fence, resize, qemuKey, xvp, update],
    ])
    const wanted = Buffer.concat([Buffer.of(1), pixelFormat, encodings, update, fence, update])
    for (const step of [1, 3, 7, all.length]) {
      const filter = createViewOnlyFilter()
      const passed: Uint8Array[] = []
      for (let at = 0; at < all.length; at += step) passed.push(filter.pass(all.subarray(at, at + step)))
      expect(Buffer.concat(passed).toString('hex'), `in steps of ${step}`).toBe(wanted.toString('hex'))
    }
  })

  it('ends on what it does not know, and on what is too long', () => {
    expect(() => createViewOnlyFilter().pass(Buffer.of(1, 99))).toThrow(/unknown kind 99/)
    expect(() => createViewOnlyFilter().pass(Buffer.of(1, 6, 0, 0, 0, 0x7f, 0, 0, 0))).toThrow(/too long/)
  })
})
