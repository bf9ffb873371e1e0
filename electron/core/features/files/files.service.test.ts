// Files through the whole core, on a real OpenSSH server: what is seen, what is changed, and that nothing half-done
// stays behind.
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readdir, realpath, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { noOpenSsh } from '../../connectors/ssh/testing/open-ssh-server.ts'
import { createSshSite, type SshSite } from '../../testing/ssh-site.ts'

describe.skipIf(noOpenSsh)('files of an OpenSSH server (skipped where none is installed)', () => {
  let lab: SshSite
  let folder: string
  const at = (path = folder) => ({ connectionId: lab.connection.id, path })
  const files = () => lab.client.files

  beforeAll(async () => {
    lab = await createSshSite()
  })
  afterAll(() => lab.dispose())
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'meridian-files-')))
    return () => rm(folder, { recursive: true, force: true })
  })

  it('lists a folder with kinds, sizes, permissions and where links lead', async () => {
    await writeFile(join(folder, 'a.txt'), 'hello', { mode: 0o640 })
    await mkdir(join(folder, 'sub'))
    await symlink('sub', join(folder, 'to-sub'))
    await symlink('/nowhere', join(folder, 'broken'))
    const listed = await files().list(at())
    expect(listed.path).toBe(folder)
    const byName = new Map(listed.files.map((one) => [one.name, one]))
    expect(byName.get('a.txt')).toMatchObject({ kind: 'file', sizeBytes: 5, mode: 0o640, targetKind: null })
    expect(byName.get('sub')).toMatchObject({ kind: 'directory' })
    expect(byName.get('to-sub')).toMatchObject({ kind: 'link', linkTarget: 'sub', targetKind: 'directory' })
    expect(byName.get('broken')).toMatchObject({ kind: 'link', linkTarget: '/nowhere', targetKind: null })
    expect(byName.get('a.txt')!.owner).not.toBe('')
    expect((await files().list({ connectionId: lab.connection.id })).path).toMatch(/^\//)
  })

  it('fetches and sends big files unchanged', async () => {
    const big = randomBytes(9 * 1024 * 1024 + 77)
    await writeFile(join(folder, 'big'), big)
    expect((await lab.fetch(await files().download(at(join(folder, 'big'))))).equals(big)).toBe(true)
    const { uploadId, channel } = await files().upload({ ...at(), name: 'sent', sizeBytes: big.length, mayReplace: false })
    const page = lab.channel(channel)
    for (let start = 0; start < big.length; start += 200_000) await page.write(big.subarray(start, start + 200_000))
    const end = await files().uploadOutcome({ uploadId })
    expect(end).toEqual({ sizeBytes: big.length, sha256: createHash('sha256').update(big).digest('hex') })
    expect((await readFile(join(folder, 'sent'))).equals(big)).toBe(true)
    expect((await readdir(folder)).sort()).toEqual(['big', 'sent'])
  })

  it('leaves nothing behind when an upload is given up, and refuses to replace unasked', async () => {
    const { uploadId, channel } = await files().upload({ ...at(), name: 'half', sizeBytes: 1_000_000, mayReplace: false })
    const page = lab.channel(channel)
    await page.write(Buffer.alloc(100_000))
    page.close('cancelled')
    await expect(files().uploadOutcome({ uploadId })).rejects.toMatchObject({ code: 'cancelled' })
    expect(await readdir(folder)).toEqual([])
    await writeFile(join(folder, 'known'), 'old')
    await expect(files().upload({ ...at(), name: 'known', sizeBytes: 0, mayReplace: false })).rejects.toMatchObject({ code: 'conflict' })
    const empty = await files().upload({ ...at(), name: 'known', sizeBytes: 0, mayReplace: true })
    lab.channel(empty.channel)
    await files().uploadOutcome({ uploadId: empty.uploadId })
    expect(await readFile(join(folder, 'known'), 'utf8')).toBe('')
  })

  it('changes a text in one step, keeps its permissions, and refuses when somebody else was faster', async () => {
    const path = join(folder, 'notes.txt')
    await writeFile(path, 'first\n', { mode: 0o600 })
    const read = await files().readText(at(path))
    expect(read).toMatchObject({ text: 'first\n', mode: 0o600 })
    const expected = { modifiedMs: read.modifiedMs, sizeBytes: read.sizeBytes }
    await files().writeText({ ...at(path), text: 'second ✓\n', expected })
    expect(await readFile(path, 'utf8')).toBe('second ✓\n')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await utimes(path, new Date(), new Date(Date.now() + 5000))
    await expect(files().writeText({ ...at(path), text: 'mine', expected })).rejects.toMatchObject({ code: 'conflict' })
    expect(await readFile(path, 'utf8')).toBe('second ✓\n')
    expect(await readdir(folder)).toEqual(['notes.txt'])
    await writeFile(join(folder, 'binary'), Buffer.from([0xff, 0xfe, 0, 1]))
    await expect(files().readText(at(join(folder, 'binary')))).rejects.toMatchObject({ code: 'unsupported' })
  })

  it('makes, renames, protects and deletes; a link is deleted, not what it leads to', async () => {
    const outside = join(folder, 'outside')
    await mkdir(outside)
    await writeFile(join(outside, 'kept'), 'x')
    await files().makeDirectory({ ...at(), name: 'new' })
    await symlink(outside, join(folder, 'new', 'link'))
    await writeFile(join(folder, 'new', 'file'), 'x')
    await files().setMode({ ...at(join(folder, 'new', 'file')), mode: 0o400 })
    expect((await stat(join(folder, 'new', 'file'))).mode & 0o777).toBe(0o400)
    await files().rename({ ...at(join(folder, 'new')), to: join(folder, 'renamed') })
    await expect(files().rename({ ...at(join(folder, 'renamed')), to: outside })).rejects.toMatchObject({ code: 'conflict' })
    const remove = (confirmation: string) => files().remove({ ...at(join(folder, 'renamed')), confirmation })
    await expect(remove('outside')).rejects.toMatchObject({ code: 'invalid-input' })
    expect(await remove('renamed')).toEqual({ removed: 3 })
    expect(await readdir(outside)).toEqual(['kept'])
  })

  it('says what is not there, and changes nothing on a read-only site', async () => {
    await expect(files().list(at(join(folder, 'none')))).rejects.toMatchObject({ code: 'not-found' })
    await lab.client.sites.update({ siteId: lab.site.id, isReadOnly: true })
    try {
      await expect(files().makeDirectory({ ...at(), name: 'x' })).rejects.toMatchObject({ code: 'forbidden' })
      expect((await files().list(at())).files).toEqual([])
    } finally {
      await lab.client.sites.update({ siteId: lab.site.id, isReadOnly: false })
    }
  })
})
