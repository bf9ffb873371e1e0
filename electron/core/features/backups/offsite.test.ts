// Off-site copies: keys by the site's own pattern, objects that make one copy, whose it is, and when it is too old.
import { describe, expect, it } from 'vitest'
import type { SiteId } from '#shared/model/connection.ts'
import { defaultBackupPolicy, defaultOffsitePattern } from '#shared/model/backup-policy.ts'
import { readRestore } from '../../connectors/s3/s3-connector.ts'
import { assess } from './assess.ts'
import { createKeyReader } from './offsite-pattern.ts'
import { gather } from './read-offsite.ts'
import type { KeptCopy } from './readings.ts'
import { at, datastore, edge, groundInput, groupEntity, guest } from './testing/coverage-ground.ts'

const object = (key: string, storageClass = 'GLACIER', modified = '2026-11-22T14:00:00Z') => ({
  key,
  sizeBytes: 100,
  lastModifiedAtMs: at(modified),
  storageClass,
  restore: undefined,
})

describe('keys', () => {
  it.each<[pattern: string, key: string, expected: Record<string, unknown> | undefined]>([
    [
      defaultOffsitePattern,
      'lab/weekly/vm/100/2026-11-22/web01.vma.zst',
      {
        cadence: 'weekly',
        type: 'vm',
        backupId: '100',
        name: 'web01',
        cluster: 'lab',
        dateMs: at('2026-11-22T00:00Z'),
      },
    ],
    [defaultOffsitePattern, 'lab/daily/vm/100/2026-11-22/web01.vma.zst', undefined],
    [defaultOffsitePattern, 'lab/weekly/manifest.json', undefined],
    [
      '{cadence}-{date}/{id}.*',
      'monthly-20261101/100.tar',
      { cadence: 'monthly', backupId: '100', dateMs: at('2026-11-01T00:00Z') },
    ],
    ['copies (old)/{cadence}/{name}/*', 'copies (old)/weekly/web01/a/b/c', { name: 'web01', dateMs: null }],
    ['{cadence}/{id}/{id}.zst', 'weekly/100/101.zst', undefined],
    ['{cadence}/{id}/{date}.zst', 'weekly/100/2026-99-99.zst', undefined],
  ])('%s reads %s', (pattern, key, expected) => {
    const read = createKeyReader(pattern)(key)
    if (expected) expect(read).toMatchObject(expected)
    else expect(read).toBeUndefined()
  })
  it.each(['{id}/*', '{cadence}/*', '{cadence}/{colour}/{id}'])('%s is refused', (pattern) => {
    expect(() => createKeyReader(pattern)).toThrow(/pattern/)
  })
})

describe('objects', () => {
  it('of one day are one copy, as slow and as archived as its slowest part', () => {
    const gathering = gather(createKeyReader(defaultOffsitePattern))
    gathering.add(object('lab/weekly/vm/100/2026-11-22/web01.vma.zst', 'GLACIER_IR'))
    gathering.add(object('lab/weekly/vm/100/2026-11-22/web01.conf', 'DEEP_ARCHIVE', '2026-11-22T15:00:00Z'))
    gathering.add(object('lab/readme.txt', 'STANDARD'))
    expect(gathering.result()).toMatchObject({
      objectCount: 3,
      unmatchedCount: 1,
      unmatchedSample: ['lab/readme.txt'],
      copies: [
        {
          objectCount: 2,
          sizeBytes: 200,
          storageClass: 'DEEP_ARCHIVE',
          restore: 'archived',
          atMs: at('2026-11-22T15:00:00Z'),
        },
      ],
    })
  })
  it('the day in the key is the copy’s, however late the object was touched', () => {
    const gathering = gather(createKeyReader(defaultOffsitePattern))
    gathering.add(object('lab/weekly/vm/100/2026-11-01/web01.vma.zst', 'GLACIER', '2026-11-20T00:00:00Z'))
    expect(gathering.result().copies[0]!.atMs).toBe(at('2026-11-01T00:00:00Z'))
  })
  it('what the store says of a restore', () => {
    expect(readRestore('ongoing-request="true"')).toEqual({ isOngoing: true, expiresAtMs: null })
    expect(readRestore('ongoing-request="false", expiry-date="Fri, 27 Nov 2026 00:00:00 GMT"')).toEqual({
      isOngoing: false,
      expiresAtMs: at('2026-11-27T00:00:00Z'),
    })
    expect(readRestore(undefined)).toBeUndefined()
  })
})

describe('copies of guests', () => {
  const copy = (changes: Partial<KeptCopy> = {}): KeptCopy => ({
    cadence: 'weekly',
    type: 'vm',
    backupId: '100',
    name: 'web01',
    cluster: 'lab',
    atMs: at('2026-11-22T14:00:00Z'),
    sizeBytes: 1,
    storageClass: 'GLACIER',
    objectCount: 1,
    keys: ['k'],
    restore: 'archived',
    restoreExpiresAtMs: null,
    ...changes,
  })
  const rows = (copies: KeptCopy[], more: { facts?: Record<string, number>; cluster?: string } = {}) => {
    const known = guest(more.facts ? { facts: more.facts } : {})
    const offsite = { ...defaultBackupPolicy.offsite, cluster: more.cluster ?? '' }
    const group = groupEntity('100')
    const input = groundInput({
      now: '2026-11-24T10:00:00Z',
      copies,
      policy: { offsite },
      entities: [known, group, datastore],
      edges: [edge(group.id, 'backs-up', known.id)],
    })
    return assess('site' as SiteId, input, []).offsiteRows
  }
  it('both in time is good; one missing or old is not', () => {
    const monthly = copy({ cadence: 'monthly', atMs: at('2026-11-01T14:00:00Z') })
    expect(rows([copy(), monthly])).toMatchObject([{ name: 'web01', verdict: 'ok' }])
    expect(rows([copy()])).toMatchObject([{ verdict: 'stale', text: 'no monthly copy' }])
    expect(rows([copy({ atMs: at('2026-11-10T14:00:00Z') }), monthly])).toMatchObject([
      { verdict: 'stale', text: 'the weekly copy is too old' },
    ])
  })
  it('another cluster’s number, or an earlier guest’s, is nobody’s here', () => {
    expect(rows([copy({ cluster: 'other' })]).map((row) => [row.entityId, row.verdict])).toEqual(
      expect.arrayContaining([
        ['pve/lab/guest/100', 'none'],
        [null, 'stale'],
      ]),
    )
    const late = { createdAtMs: at('2026-11-24T00:00:00Z') }
    expect(rows([copy()], { facts: late }).find((row) => row.entityId === null)?.text).toContain(
      'belongs to nothing',
    )
  })
  it('without a cluster in the keys the site says whose they are, or nobody does', () => {
    expect(
      rows([copy({ cluster: '' })])[0]!.entityId === null ||
        rows([copy({ cluster: '' })]).some((row) => row.entityId === null),
    ).toBe(true)
    expect(rows([copy({ cluster: '' })], { cluster: 'lab' }).map((row) => row.entityId)).toEqual([
      'pve/lab/guest/100',
    ])
  })
})
