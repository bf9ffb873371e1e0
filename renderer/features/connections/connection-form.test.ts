import { describe, expect, it } from 'vitest'
import { connectionDraft, type Connection } from '#shared/model/connection.ts'
import { checkForm, draftOf, emptyForm, formOf, tlsEndpoint } from './connection-form.ts'

describe('the connection form', () => {
  it('says what is missing, per field', () => {
    expect(Object.keys(checkForm(emptyForm('proxmox')))).toEqual(['label', 'url', 'tokenId'])
    expect(Object.keys(checkForm(emptyForm('postgres')))).toEqual(['label', 'host', 'user', 'database'])
    expect(checkForm({ ...emptyForm('ssh'), label: 'gpu', host: 'h', user: 'u', port: '70000' })).toHaveProperty('port')
  })
  it('makes drafts the contract accepts, without empty secrets', () => {
    const form = { ...emptyForm('proxmox'), label: ' lab ', url: 'https://node01:8006/', tokenId: 'm@pve!d', trust: 'pinned' as const, sha256: Array(32).fill('ab').join(':'), secrets: { tokenSecret: 's', password: '' } }
    const draft = draftOf(form)
    expect(connectionDraft.parse(draft)).toEqual(draft)
    expect(draft.secrets).toEqual({ tokenSecret: 's' })
    expect(draft.settings).toMatchObject({ url: 'https://node01:8006', tls: { mode: 'pinned', sha256: Array(32).fill('AB').join(':') } })
  })
  it('comes back from a stored connection as it was', () => {
    const settings = { kind: 'postgres', host: 'pg', port: 5433, database: 'desi', user: 'me', tlsMode: 'verify', tls: { mode: 'system' } } as const
    const stored = { id: 'c', siteId: 's', label: 'pg01', settings, storedSecrets: ['password'] } as unknown as Connection
    expect(draftOf(formOf(stored))).toEqual({ label: 'pg01', settings, secrets: {} })
  })
  it('asks an object store for its endpoint and bucket, and keeps its keys apart', () => {
    expect(Object.keys(checkForm({ ...emptyForm('s3'), bucket: 'Not A Bucket' }))).toEqual(['label', 'url', 'bucket'])
    const form = { ...emptyForm('s3'), label: 'off site', url: 'https://s3.example.org/', bucket: 'copies', prefix: 'lab/', secrets: { accessKeyId: 'id', secretAccessKey: 'key' } }
    const draft = draftOf(form)
    expect(connectionDraft.parse(draft)).toEqual(draft)
    const stored = { id: 'c', siteId: 's', label: 'off site', settings: draft.settings, storedSecrets: [] } as unknown as Connection
    expect(draftOf(formOf(stored)).settings).toEqual(draft.settings)
  })
  it('knows where a certificate can be looked at', () => {
    expect(tlsEndpoint({ ...emptyForm('pbs'), url: 'https://pbs01:8007' })).toEqual({ host: 'pbs01', port: 8007 })
    expect(tlsEndpoint({ ...emptyForm('postgres'), host: 'pg' })).toEqual({ host: 'pg', port: 5432, startTls: 'postgres' })
    expect(tlsEndpoint({ ...emptyForm('pbs'), url: 'nonsense' })).toBeNull()
  })
})
