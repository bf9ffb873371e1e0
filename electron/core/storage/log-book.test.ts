// The local log: lines in memory and on disk, and no credential in either, even when somebody logs one.
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogBook, maskSecrets } from './log-book.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-log-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('maskSecrets', () => {
  it.each([
    'password=hunter2-abc',
    'password: hunter2-abc',
    '{"password":"hunter2-abc"}',
    '"tokenSecret": "hunter2-abc"',
    'keyPassphrase=hunter2-abc',
    'Authorization: PVEAPIToken=me@pve!desk=hunter2-abc',
    'Authorization: Bearer hunter2-abc',
    'authorization=Basic hunter2-abc',
    'PBSAPIToken=me@pbs!desk:hunter2-abc',
    'Cookie: PVEAuthCookie=hunter2-abc',
    'CSRFPreventionToken: hunter2-abc',
    'https://me:hunter2-abc@host/path',
    'postgres://me:hunter2-abc@host:5432/db',
    '-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2-abc\n-----END OPENSSH PRIVATE KEY-----',
    '-----BEGIN RSA PRIVATE KEY-----\nhunter2-abc and then cut',
  ])('masks %s', (text) => {
    expect(maskSecrets(text)).not.toContain('hunter2-abc')
  })

  it.each([
    'Connected to pve.example.org:8006',
    'The vault was locked: nobody was there',
    'user=reader rows=12',
    'https://host:8006/api2/json',
  ])('leaves %s as it is', (text) => expect(maskSecrets(text)).toBe(text))
})

describe('createLogBook', () => {
  it('writes to memory, file and mirror alike, with the fields of its children', async () => {
    const mirrored: string[] = []
    const path = join(folder, 'logs', 'meridian.log')
    const book = createLogBook(
      path,
      () => 0,
      (line) => mirrored.push(line.text),
    )
    book.log
      .child({ peer: 'window' })
      .warn('Something', { count: 2, nothing: undefined, password: 'hunter2-abc' })
    await book.dispose()
    const text = await readFile(path, 'utf8')
    expect(text).toBe('1970-01-01T00:00:00.000Z WARN  Something peer=window count=2 password=[masked]\n')
    expect(mirrored).toEqual([book.recent(1)[0]!.text])
  })

  it('keeps the newest 5000 lines in memory', () => {
    const book = createLogBook(null, () => 0)
    for (let index = 0; index < 5100; index += 1) book.log.info(`line ${index}`)
    expect(book.recent(10_000)).toHaveLength(5000)
    expect(book.recent(2).map((line) => line.text)).toEqual(['line 5098', 'line 5099'])
  })

  it('turns a large file over at the start', async () => {
    const path = join(folder, 'meridian.log')
    await writeFile(path, Buffer.alloc(10 * 1024 * 1024 + 1, 97))
    const book = createLogBook(path, () => 0)
    book.log.info('new')
    await book.dispose()
    expect((await readdir(folder)).sort()).toEqual(['meridian.log', 'meridian.log.1'])
    expect(await readFile(path, 'utf8')).toContain('new')
  })

  it('cannot be made to forge a second line', async () => {
    const path = join(folder, 'meridian.log')
    const book = createLogBook(path, () => 0)
    book.log.info('From outside: a\n1970-01-01T00:00:00.000Z ERROR forged')
    await book.dispose()
    expect((await readFile(path, 'utf8')).trimEnd().split('\n')).toHaveLength(1)
  })
})
