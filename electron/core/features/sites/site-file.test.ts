// Site files from anybody: what is no site file is refused in a sentence that says what it is.
import { expect, it } from 'vitest'
import type { AppError } from '#shared/errors.ts'
import { readSiteFile } from './site-file.ts'

const proxmox = {
  kind: 'proxmox',
  url: 'https://pve.example.org:8006',
  tls: { mode: 'system' },
  auth: { mode: 'token', tokenId: 'me@pve!desk' },
}
function refusalOf(text: string): AppError {
  try {
    readSiteFile(text)
  } catch (error) {
    return error as AppError
  }
  throw new Error('It was expected to be refused.')
}
const wrap = (more: Record<string, unknown>) =>
  JSON.stringify({
    format: 'meridian-site',
    version: 1,
    name: 'x',
    isReadOnly: false,
    connections: [],
    ...more,
  })
it.each([
  ['nothing', '', /is empty/],
  ['a web page', '<html></html>', /web page/],
  ['half a file', '{"format":"meridian-site","ver', /cut short/],
  ['another JSON', '{"kind":"Config"}', /not a site file/],
  ['null', 'null', /not a site file/],
  ['a list', '[]', /not a site file/],
  ['a later version', wrap({ version: 2 }), /later version/],
  ['a name of another type', wrap({ name: { toString: 'x' } }), /damaged at name/],
  ['a site without a name', wrap({ name: '' }), /damaged at name/],
  [
    'an unknown kind',
    wrap({ connections: [{ label: 'a', settings: { kind: 'telnet' } }] }),
    /damaged at connections\.0/,
  ],
  [
    'a thousand connections',
    wrap({ connections: Array(1000).fill({ label: 'a', settings: {} }) }),
    /damaged at connections/,
  ],
  [
    'credentials in an address',
    wrap({ connections: [{ label: 'a', settings: { ...proxmox, url: 'https://a:b@c' } }] }),
    /connection 1 cannot be used/,
  ],
  [
    'prototype games',
    '{"__proto__":{"format":"meridian-site","version":1},"connections":[]}',
    /not a site file/,
  ],
])('%s is refused in a sentence', (_what, text, sentence) => {
  const error = refusalOf(text)
  expect(error.code).toBe('invalid-input')
  expect(error.message).toMatch(sentence)
  expect(error.remedy).toBeTruthy()
  expect(error.message).not.toContain('a:b@')
})
