// Sites through the whole core, as a window uses them: what is stored, where secrets go and where they never go.
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionDraft, Site, SiteId } from '#shared/model/connection.ts'
import { createTestAuthority } from '../../connectors/tls/test-certificates.ts'
import { createTestHost, type TestHost } from '../../testing/test-host.ts'
import { createTestKeychain } from '../../testing/test-platform.ts'

let core: TestHost
let site: Site
const sentinel = 'planted-secret-90ab'

beforeEach(async () => {
  core = await createTestHost({ keychain: createTestKeychain() })
  site = await core.client.sites.create({ name: 'Lab' })
})
afterEach(() => core.dispose())

const proxmox = (
  more: Partial<Extract<ConnectionDraft['settings'], { kind: 'proxmox' }>> = {},
): ConnectionDraft => ({
  label: 'PVE',
  settings: {
    kind: 'proxmox',
    url: 'https://pve.example.org:8006',
    tls: { mode: 'system' },
    auth: { mode: 'token', tokenId: 'me@pve!desk' },
    ...more,
  },
  secrets: { tokenSecret: sentinel },
})
const postgres = (
  host = 'db.example.org',
  secrets: ConnectionDraft['secrets'] = { password: sentinel },
): ConnectionDraft => ({
  label: 'DESI',
  settings: {
    kind: 'postgres',
    host,
    port: 5432,
    database: 'desi',
    user: 'reader',
    tlsMode: 'verify',
    tls: { mode: 'system' },
  },
  secrets,
})
const failureOf = (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => Promise.reject(new Error('It was expected to fail.')),
    (error: AppError) => error,
  )
const add = (draft: ConnectionDraft, siteId: SiteId = site.id) =>
  core.client.sites.addConnection({ siteId, draft })
const secretOf = (id: string, name: 'password' | 'tokenSecret' | 'totpSeed' | 'kubeconfig') =>
  core.host.vault.lease(id as never).read(name)
const onlyConnection = async () => (await core.client.sites.list())[0]!.connections[0]!

describe('connections', () => {
  it('are stored without their secrets, which go to the vault', async () => {
    const made = await add(proxmox())
    expect(made.storedSecrets).toEqual(['tokenSecret'])
    expect(JSON.stringify(await core.client.sites.list())).not.toContain(sentinel)
    expect(secretOf(made.id, 'tokenSecret')).toBe(sentinel)
    await core.host.dispose()
    const files = (await readdir(core.test.dataDir, { recursive: true, withFileTypes: true })).filter(
      (entry) => entry.isFile(),
    )
    expect(files.map((file) => file.name)).toContain('meridian.sqlite')
    for (const file of files)
      expect((await readFile(join(file.parentPath, file.name))).toString('latin1'), file.name).not.toContain(
        sentinel,
      )
  })

  it('are refused as a whole when the vault is not there', async () => {
    const bare = await createTestHost()
    const own = await bare.client.sites.create({ name: 'Bare' })
    const error = await failureOf(bare.client.sites.addConnection({ siteId: own.id, draft: postgres() }))
    expect(error).toMatchObject({ code: 'locked', message: 'There is no vault yet.' })
    expect((await bare.client.sites.list())[0]!.connections).toEqual([])
    const agent: ConnectionDraft = {
      label: 'a',
      settings: { kind: 'ssh', host: 'h', port: 22, user: 'u', auth: 'agent' },
      secrets: {},
    }
    expect((await bare.client.sites.addConnection({ siteId: own.id, draft: agent })).storedSecrets).toEqual(
      [],
    )
    await bare.dispose()
  })

  it.each<[string, ConnectionDraft, RegExp]>([
    ['http', proxmox({ url: 'http://pve.example.org:8006' }), /must start with https/],
    [
      'a password in the address',
      proxmox({ url: 'https://me:hidden@pve.example.org' }),
      /must not hold a user name or a password/,
    ],
    [
      'a query in the address',
      proxmox({ url: 'https://pve.example.org/?token=hidden' }),
      /ends after host and port/,
    ],
    ['a path in the address', proxmox({ url: 'https://pve.example.org/#v1:0' }), /ends after host and port/],
    [
      'a token pasted with its secret',
      proxmox({ auth: { mode: 'token', tokenId: 'me@pve!desk=hidden' } }),
      /only up to/,
    ],
    ['a token id that is none', proxmox({ auth: { mode: 'token', tokenId: 'desk' } }), /looks like/],
    [
      'a user with its realm',
      proxmox({ auth: { mode: 'ticket', username: 'root@pam', realm: 'pam' } }),
      /before “@”/,
    ],
    [
      'an authority with a private key',
      proxmox({ tls: { mode: 'ca', caPem: '-----BEGIN PRIVATE KEY-----hidden' } }),
      /private key/,
    ],
    ['an authority that is none', proxmox({ tls: { mode: 'ca', caPem: 'hidden' } }), /no certificate/],
    [
      'a host key that is none',
      {
        label: 's',
        settings: { kind: 'ssh', host: 'h', port: 22, user: 'u', auth: 'agent', hostKeySha256: 'MD5:aa' },
        secrets: {},
      },
      /ssh-keygen/,
    ],
    [
      'a bucket in the host name of an address',
      {
        label: 'o',
        settings: {
          kind: 's3',
          url: 'https://10.0.0.7:9000',
          region: 'us-east-1',
          bucket: 'copies',
          prefix: '',
          isPathStyle: false,
          tls: { mode: 'system' },
        },
        secrets: { accessKeyId: 'hidden', secretAccessKey: 'hidden' },
      },
      /bucket in the path/,
    ],
    [
      'a kubeconfig that is none',
      {
        label: 'k',
        settings: { kind: 'kubernetes', context: 'a', server: '' },
        secrets: { kubeconfig: '<html>hidden' },
      },
      /web page/,
    ],
    [
      'no kubeconfig',
      { label: 'k', settings: { kind: 'kubernetes', context: 'a', server: 'https://h' }, secrets: {} },
      /Give the kubeconfig/,
    ],
  ])('with %s are refused in a sentence that does not repeat it', async (_what, draft, sentence) => {
    const error = await failureOf(add(draft))
    expect(error.code).toBe('invalid-input')
    expect(error.message).toMatch(sentence)
    expect(error.message).not.toContain('hidden')
    expect((await core.client.sites.list())[0]!.connections).toEqual([])
  })

  it('keep the address in one form', async () => {
    expect((await add(proxmox({ url: 'https://PVE.example.org:8006/' }))).settings).toMatchObject({
      url: 'https://pve.example.org:8006',
    })
  })

  it('take the server of a kubeconfig from the kubeconfig, never from the draft', async () => {
    const { caPem } = await createTestAuthority()
    const kubeconfig = JSON.stringify({
      kind: 'Config',
      clusters: [
        {
          name: 'c',
          cluster: {
            server: 'https://right.example.org:6443',
            'certificate-authority-data': Buffer.from(caPem).toString('base64'),
          },
        },
      ],
      users: [{ name: 'u', user: { token: sentinel } }],
      contexts: [
        { name: 'one', context: { cluster: 'c', user: 'u', namespace: 'science' } },
        { name: 'two', context: { cluster: 'c', user: 'u' } },
      ],
    })
    const draft = (context: string, secrets: ConnectionDraft['secrets']): ConnectionDraft => ({
      label: 'k8s',
      settings: { kind: 'kubernetes', context, server: 'https://wrong.example.org' },
      secrets,
    })
    const made = await add(draft('one', { kubeconfig }))
    expect(made.settings).toEqual({
      kind: 'kubernetes',
      context: 'one',
      server: 'https://right.example.org:6443',
      namespace: 'science',
    })
    const changed = await core.client.sites.updateConnection({
      connectionId: made.id,
      draft: draft('two', {}),
    })
    expect(changed.settings).toEqual({
      kind: 'kubernetes',
      context: 'two',
      server: 'https://right.example.org:6443',
    })
    expect(secretOf(made.id, 'kubeconfig')).toBe(kubeconfig)
    expect(
      (
        await failureOf(
          core.client.sites.updateConnection({ connectionId: made.id, draft: draft('three', {}) }),
        )
      ).message,
    ).toContain('no context “three”')
    const contexts = await core.client.sites.readKubeconfig({ text: kubeconfig })
    expect(contexts.map((item) => item.name)).toEqual(['one', 'two'])
  })
})

describe('changing a connection', () => {
  it('keeps secrets that were not entered, and removes emptied ones', async () => {
    const { id } = await add({
      ...proxmox({ auth: { mode: 'ticket', username: 'root', realm: 'pam' } }),
      secrets: { password: sentinel, totpSeed: 'SEED' },
    })
    const draft = proxmox({ auth: { mode: 'ticket', username: 'root', realm: 'pam' } })
    const renamed = await core.client.sites.updateConnection({
      connectionId: id,
      draft: { ...draft, label: 'New name', secrets: {} },
    })
    expect(renamed).toMatchObject({ label: 'New name', storedSecrets: ['password', 'totpSeed'] })
    const without = await core.client.sites.updateConnection({
      connectionId: id,
      draft: { ...draft, secrets: { totpSeed: '' } },
    })
    expect(without.storedSecrets).toEqual(['password'])
  })

  it.each<[string, ConnectionDraft]>([
    ['host', postgres('evil.example.org', {})],
    [
      'port',
      {
        ...postgres('db.example.org', {}),
        settings: { ...postgres().settings, port: 5433 } as ConnectionDraft['settings'],
      },
    ],
    [
      'user',
      {
        ...postgres('db.example.org', {}),
        settings: { ...postgres().settings, user: 'other' } as ConnectionDraft['settings'],
      },
    ],
  ])('never lets an old secret go to a new %s', async (_what, draft) => {
    const { id } = await add(postgres())
    const error = await failureOf(core.client.sites.updateConnection({ connectionId: id, draft }))
    expect(error).toMatchObject({
      code: 'invalid-input',
      detail: { kind: 'validation', fields: { 'secrets.password': 'Enter the password again' } },
    })
    expect((await onlyConnection()).settings).toMatchObject({
      host: 'db.example.org',
      port: 5432,
      user: 'reader',
    })
    const tested = core.client.sites.testConnection({ connectionId: id, draft })
    expect((await failureOf(tested)).message).toContain('enter the password again')
  })

  it('goes to a new host with a new secret, and the old one is gone', async () => {
    const { id } = await add(postgres())
    const changed = await core.client.sites.updateConnection({
      connectionId: id,
      draft: postgres('other.example.org', { password: 'new one' }),
    })
    expect(changed.settings).toMatchObject({ host: 'other.example.org' })
    expect(secretOf(id, 'password')).toBe('new one')
  })

  it('lets a database or a certificate change without the password', async () => {
    const { id } = await add(postgres())
    const settings = {
      ...postgres().settings,
      database: 'lab',
      tls: { mode: 'pinned', sha256: 'AB:'.repeat(31) + 'CD' },
    } as ConnectionDraft['settings']
    await core.client.sites.updateConnection({
      connectionId: id,
      draft: { label: 'x', settings, secrets: {} },
    })
    expect(secretOf(id, 'password')).toBe(sentinel)
  })

  it('drops the secrets of another way of logging in', async () => {
    const { id } = await add(proxmox())
    const auth = { mode: 'ticket', username: 'root', realm: 'pam' } as const
    const changed = await core.client.sites.updateConnection({
      connectionId: id,
      draft: { ...proxmox({ auth }), secrets: { password: 'p', tokenSecret: 'ignored' } },
    })
    expect(changed.storedSecrets).toEqual(['password'])
    expect(secretOf(id, 'tokenSecret')).toBeUndefined()
  })

  it('cannot turn it into another kind', async () => {
    const { id } = await add(postgres())
    expect(
      (await failureOf(core.client.sites.updateConnection({ connectionId: id, draft: proxmox() }))).message,
    ).toContain('kind of a connection')
  })
})

describe('copies', () => {
  it('of a connection and of a site have the same secrets, as their own', async () => {
    const { id } = await add(postgres())
    const copy = await core.client.sites.duplicateConnection({ connectionId: id })
    expect(copy).toMatchObject({ label: 'DESI (copy)', storedSecrets: ['password'] })
    const twin = await core.client.sites.duplicate({ siteId: site.id })
    expect(twin.name).toBe('Lab (copy)')
    expect(twin.connections.map((item) => item.storedSecrets)).toEqual([['password'], ['password']])
    await core.client.sites.remove({ siteId: site.id, confirmation: 'Lab' })
    expect(secretOf(id, 'password')).toBeUndefined()
    expect(secretOf(twin.connections[0]!.id, 'password')).toBe(sentinel)
    expect((await core.client.sites.duplicate({ siteId: twin.id })).name).toBe('Lab (copy) (copy)')
  })
})

describe('removing', () => {
  it('needs the name of the site, typed', async () => {
    const { id } = await add(postgres())
    for (const confirmation of ['', 'lab', 'yes']) {
      const error = await failureOf(core.client.sites.remove({ siteId: site.id, confirmation }))
      expect(error).toMatchObject({ code: 'invalid-input', detail: { kind: 'confirmation' } })
    }
    expect(await core.client.sites.list()).toHaveLength(1)
    await core.client.sites.remove({ siteId: site.id, confirmation: 'Lab' })
    expect(await core.client.sites.list()).toEqual([])
    expect(core.host.vault.names(id)).toEqual([])
    expect((await failureOf(core.client.sites.remove({ siteId: site.id, confirmation: 'Lab' }))).code).toBe(
      'not-found',
    )
  })

  it('of a connection takes its secrets with it', async () => {
    const { id } = await add(postgres())
    await core.client.sites.removeConnection({ connectionId: id })
    expect(core.host.vault.names(id)).toEqual([])
    expect((await failureOf(core.client.sites.removeConnection({ connectionId: id }))).code).toBe('not-found')
  })

  it('is written down in the audit log, refusals too', async () => {
    await failureOf(core.client.sites.remove({ siteId: site.id, confirmation: 'no' }))
    await core.client.sites.remove({ siteId: site.id, confirmation: 'Lab' })
    const records = await core.client.audit.list({ limit: 2 })
    expect(records.map((record) => [record.procedure, record.outcome])).toEqual([
      ['sites.remove', 'done'],
      ['sites.remove', 'failed'],
    ])
  })
})

describe('as a file', () => {
  it('a site goes to another machine without its secrets, and says which are missing', async () => {
    await add(proxmox())
    await add(postgres())
    await core.client.sites.update({ siteId: site.id, isReadOnly: true })
    const { filename, text } = await core.client.sites.exportSite({ siteId: site.id })
    expect(filename).toBe('Lab.meridian-site.json')
    expect(text).not.toContain(sentinel)
    const imported = await core.client.sites.importSite({ text })
    expect(imported).toMatchObject({ name: 'Lab 2', isReadOnly: true, isDemo: false })
    expect(imported.connections.map((item) => [item.label, item.settings.kind, item.storedSecrets])).toEqual([
      ['PVE', 'proxmox', []],
      ['DESI', 'postgres', []],
    ])
  })

  it('a damaged one is refused, and nothing is made', async () => {
    const error = await failureOf(core.client.sites.importSite({ text: '{"format":"meridian-site","ver' }))
    expect(error).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('cut short') })
    expect(await core.client.sites.list()).toHaveLength(1)
  })

  it('brings in nothing that a site file does not have', async () => {
    const text = JSON.stringify({
      format: 'meridian-site',
      version: 1,
      name: 'x',
      isReadOnly: false,
      isDemo: true,
      id: site.id,
      connections: [
        {
          label: 'a',
          id: 'x',
          storedSecrets: ['password'],
          settings: { ...postgres().settings, password: 'sneaked' },
        },
      ],
    })
    const imported = await core.client.sites.importSite({ text })
    expect(imported).toMatchObject({ isDemo: false })
    expect(imported.id).not.toBe(site.id)
    expect(JSON.stringify(imported)).not.toContain('sneaked')
  })
})

it('tells its watchers of every change', async () => {
  const ending = new AbortController()
  const seen: string[][] = []
  const watching = (async () => {
    for await (const list of await core.client.sites.watch(undefined, { signal: ending.signal }))
      seen.push(list.map((item) => item.name))
  })().catch(() => undefined)
  await expect.poll(() => seen.at(-1)).toEqual(['Lab'])
  await core.client.sites.update({ siteId: site.id, name: 'Renamed' })
  await expect.poll(() => seen.at(-1)).toEqual(['Renamed'])
  ending.abort()
  await watching
})
