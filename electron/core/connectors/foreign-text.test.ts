// Credentials that come back in foreign text are cut out, in every form in which they travelled.
import { expect, it } from 'vitest'
import { AppError } from '#shared/errors.ts'
import { maskError, maskValues } from './foreign-text.ts'

const secret = 'p4ss wörd/+"=tail'

it.each([
  ['plain', `you said ${secret}!`],
  ['URL-encoded', `password=${encodeURIComponent(secret)}&x`],
  ['as a form sends it', `password=${new URLSearchParams({ a: secret }).toString().slice(2)}&x`],
  ['as JSON', JSON.stringify({ password: secret })],
  ['base64', `Basic ${Buffer.from(secret).toString('base64')}`],
])('%s', (_form, text) => {
  const clean = maskValues(text, [secret])
  expect(clean).toContain('[masked]')
  for (const trace of ['p4ss', 'tail', Buffer.from('p4ss w').toString('base64')])
    expect(clean).not.toContain(trace)
})

it('cuts a whole before its part, and leaves short values and the rest alone', () => {
  expect(maskValues('abcdefgh-ijkl and abcdefgh', ['abcdefgh', 'abcdefgh-ijkl', 'and', undefined])).toBe(
    '[masked] and [masked]',
  )
})

it('cleans everything of an error that leaves the core', () => {
  const error = maskError(
    new AppError('upstream', `no ${secret}`, {
      remedy: `try ${secret}`,
      detail: { kind: 'validation', fields: { a: `bad ${secret}` } },
      retryable: true,
    }),
    [secret],
  )
  expect(JSON.stringify({ ...error, message: error.message })).not.toContain('p4ss')
  expect(error).toMatchObject({
    code: 'upstream',
    message: 'no [masked]',
    retryable: true,
    detail: { kind: 'validation', fields: { a: 'bad [masked]' } },
  })
})
