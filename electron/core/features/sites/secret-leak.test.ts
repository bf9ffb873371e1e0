// Secrets go in and never come out. Unique secrets are planted in every kind of connection through the contract, in
// the vault's passphrase and in what systems hand out; every procedure is called with odd inputs against systems that
// repeat what they are told; then every byte that left the core or was written to disk is searched for them.
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import ssh2 from 'ssh2'
import { contract } from '#shared/contracts/index.ts'
import type { Connection, ConnectionDraft, Site } from '#shared/model/connection.ts'
import {
  createSelfSigned,
  createTestAuthority,
  type TestAuthority,
} from '../../connectors/tls/test-certificates.ts'
import { createTestHost, type TestHost } from '../../testing/test-host.ts'
import { startEchoHttps, startEchoPostgres, startEchoSsh, type EchoSystem } from './testing/echo-systems.ts'
import { createSentinels } from './testing/leak-search.ts'

const sentinels = createSentinels()
const passphrase = sentinels.plant('passphrase of the vault')
const canary = 'canary-in-a-label'
const systems: EchoSystem[] = []
const outcomes: string[] = []
let core: TestHost
let authority: TestAuthority
let site: Site
let connections: Connection[] = []
let drafts: ConnectionDraft[] = []

type AnyCall = (input: unknown, options: { signal: AbortSignal }) => Promise<unknown>
const callLimitMs = 150

/** Calls by name, reads a few events, and keeps whatever came back. */
async function call(
  feature: string,
  procedure: string,
  input: unknown,
  limitMs = callLimitMs,
): Promise<void> {
  const client = core.client as unknown as Record<string, Record<string, AnyCall>>
  const signal = AbortSignal.timeout(limitMs)
  try {
    const output = await client[feature]![procedure]!(input, { signal })
    if (typeof output === 'object' && output !== null && Symbol.asyncIterator in output)
      for await (const event of output as AsyncIterable<unknown>) outcomes.push(JSON.stringify(event) ?? '')
    else
      outcomes.push(
        JSON.stringify(output, (_key, value: unknown) =>
          typeof value === 'bigint' ? String(value) : value,
        ) ?? '',
      )
  } catch (thrown) {
    const error = thrown as Error & Record<string, unknown>
    outcomes.push(
      JSON.stringify({ ...error, message: error.message, stack: error.stack, cause: String(error.cause) }),
    )
  }
}

beforeAll(async () => {
  core = await createTestHost()
  authority = await createTestAuthority()
  const leaf = await createSelfSigned()
  const apiLeaf = await authority.issue()
  const issued = {
    ticket: `PVE:root@pam:65000000::${sentinels.plant('ticket of Proxmox VE')}`,
    csrf: `65000000:${sentinels.plant('CSRF token')}`,
  }
  const [tokenApi, ticketApi, kubeApi, database, ssh] = await Promise.all([
    startEchoHttps(leaf),
    startEchoHttps(leaf, issued),
    startEchoHttps(apiLeaf),
    startEchoPostgres(leaf),
    startEchoSsh(),
  ])
  systems.push(tokenApi, ticketApi, kubeApi, database, ssh)
  const pinned = { mode: 'pinned', sha256: leaf.sha256 } as const
  const kubeconfigOf = (user: Record<string, unknown>): string =>
    JSON.stringify({
      kind: 'Config',
      clusters: [
        {
          name: 'c',
          cluster: {
            server: `https://127.0.0.1:${kubeApi.port}`,
            'certificate-authority-data': Buffer.from(authority.caPem).toString('base64'),
          },
        },
      ],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    })
  const clientKey = await authority.issue({ host: 'client' })
  const execToken = sentinels.plant('token of an exec plugin')
  const execEnv = sentinels.plant('environment of an exec plugin')
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: execToken },
  }
  const plugin = (script: string) => ({
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      args: ['-c', script],
      env: [{ name: 'PLUGIN_SECRET', value: execEnv }],
    },
  })
  const lockedKey = (phrase: string): string =>
    ssh2.utils.generateKeyPairSync('ed25519', {
      passphrase: phrase,
      cipher: 'aes256-ctr',
      rounds: 4,
      comment: 'x',
    }).private
  const keyPhrase = sentinels.plant('passphrase of an SSH key')
  const api = (
    kind: 'proxmox' | 'pbs',
    system: EchoSystem,
    auth: 'token' | 'ticket',
  ): ConnectionDraft['settings'] => ({
    kind,
    url: `https://127.0.0.1:${system.port}`,
    tls: pinned,
    auth:
      auth === 'token'
        ? { mode: 'token', tokenId: 'root@pam!desk' }
        : { mode: 'ticket', username: 'root', realm: 'pam' },
  })
  const kube = (secrets: ConnectionDraft['secrets'], label: string): ConnectionDraft => ({
    label,
    settings: { kind: 'kubernetes', context: 'x', server: 'https://x' },
    secrets,
  })
  const shell = (auth: 'password' | 'key' | 'keyboard-interactive'): ConnectionDraft['settings'] => ({
    kind: 'ssh',
    host: '127.0.0.1',
    port: ssh.port,
    user: 'observer',
    auth,
    hostKeySha256: ssh.hostKeySha256,
  })
  drafts = [
    {
      label: canary,
      settings: api('proxmox', tokenApi, 'token'),
      secrets: { tokenSecret: sentinels.plant('token secret of Proxmox VE') },
    },
    {
      label: 'pve ticket',
      settings: api('proxmox', ticketApi, 'ticket'),
      secrets: { password: sentinels.plant('password of Proxmox VE'), totpSeed: 'JBSWY3DPEHPK3PXP' },
    },
    {
      label: 'pve refused',
      settings: api('proxmox', tokenApi, 'ticket'),
      secrets: { password: sentinels.plant('refused password of Proxmox VE') },
    },
    {
      label: 'pbs token',
      settings: api('pbs', tokenApi, 'token'),
      secrets: { tokenSecret: sentinels.plant('token secret of PBS') },
    },
    {
      label: 'pbs ticket',
      settings: api('pbs', tokenApi, 'ticket'),
      secrets: { password: sentinels.plant('password of PBS') },
    },
    kube({ kubeconfig: kubeconfigOf({ token: sentinels.plant('token in a kubeconfig') }) }, 'k8s token'),
    kube(
      { kubeconfig: kubeconfigOf({ username: 'u', password: sentinels.plant('password in a kubeconfig') }) },
      'k8s basic',
    ),
    kube(
      {
        kubeconfig: kubeconfigOf({
          'client-certificate-data': Buffer.from(clientKey.cert).toString('base64'),
          'client-key-data': Buffer.from(clientKey.key).toString('base64'),
        }),
      },
      'k8s cert',
    ),
    ...(process.platform === 'win32'
      ? []
      : [
          kube(
            {
              kubeconfig: kubeconfigOf(
                plugin(`echo "$PLUGIN_SECRET" >&2; echo '${JSON.stringify(credential)}'`),
              ),
            },
            'k8s plugin',
          ),
          kube(
            {
              kubeconfig: kubeconfigOf(
                plugin('echo "$PLUGIN_SECRET" >&2; echo "not JSON $PLUGIN_SECRET"; exit 3'),
              ),
            },
            'k8s plugin that fails',
          ),
        ]),
    {
      label: 'database',
      settings: {
        kind: 'postgres',
        host: '127.0.0.1',
        port: database.port,
        database: 'desi',
        user: 'reader',
        tlsMode: 'require',
        tls: pinned,
      },
      secrets: { password: sentinels.plant('password of PostgreSQL') },
    },
    {
      label: 'object store',
      settings: {
        kind: 's3',
        url: `https://127.0.0.1:${tokenApi.port}`,
        region: 'us-east-1',
        bucket: 'offsite',
        prefix: '',
        isPathStyle: true,
        tls: pinned,
      },
      secrets: {
        accessKeyId: sentinels.plant('access key id of S3'),
        secretAccessKey: sentinels.plant('secret access key of S3'),
      },
    },
    {
      label: 'ssh password',
      settings: shell('password'),
      secrets: { password: sentinels.plant('password of SSH') },
    },
    {
      label: 'ssh key',
      settings: shell('key'),
      secrets: { privateKey: lockedKey(keyPhrase), keyPassphrase: keyPhrase },
    },
    {
      label: 'ssh bad key',
      settings: shell('key'),
      secrets: { privateKey: `no key at all ${sentinels.plant('text in place of an SSH key')}` },
    },
  ]
  await core.client.vault.create({ passphrase })
  site = await core.client.sites.create({ name: 'Leaky lab' })
  for (const draft of drafts)
    connections.push(await core.client.sites.addConnection({ siteId: site.id, draft }))
  connections = (await core.client.sites.list())[0]!.connections
})
afterAll(async () => {
  await core.dispose()
  for (const system of systems) await system.dispose()
})

/** What nobody sends on purpose: wrong types, missing fields, secrets in the wrong places and sizes. */
function oddInputs(connection: Connection): unknown[] {
  const draft = drafts[connections.indexOf(connection)] ?? drafts[0]!
  const secrets = draft.secrets
  const ids = { siteId: site.id, connectionId: connection.id }
  return [
    undefined,
    null,
    [],
    'text',
    { ...ids },
    { ...ids, draft: { ...draft, secrets: { ...secrets, unknown: secrets } } },
    { ...ids, draft: { ...draft, settings: { ...draft.settings, kind: 'telnet' } } },
    { ...ids, draft: { ...draft, secrets: { password: { nested: secrets } } } },
    { ...ids, draft: { ...draft, label: '', secrets } },
    {
      ...ids,
      draft,
      confirmation: 'x',
      name: 'Renamed',
      limit: 10,
      sql: 'select 1',
      text: Object.values(secrets)[0],
    },
    { passphrase: [passphrase], current: { passphrase }, next: passphrase },
    { passphrase: passphrase.repeat(100), current: passphrase.repeat(100), next: passphrase.repeat(100) },
    { passphrase: `${passphrase}x`, current: `${passphrase}x`, next: passphrase },
  ]
}

/** Everything that left the core, by where it was found. */
async function everythingThatLeft(): Promise<Array<[string, Buffer]>> {
  const files = (await readdir(core.test.dataDir, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  )
  return [
    ['frames to the page', Buffer.concat(core.sent)],
    ['what calls answered', Buffer.from(outcomes.join('\n'))],
    ['log lines', Buffer.from(core.test.logLines.map((line) => line.text).join('\n'))],
    ...(await Promise.all(
      files.map(async (file): Promise<[string, Buffer]> => [
        `file ${file.name}`,
        await readFile(join(file.parentPath, file.name)),
      ]),
    )),
  ]
}

describe('planted secrets', () => {
  it('are all in the vault, and can be found when they are somewhere', () => {
    for (const [index, connection] of connections.entries())
      for (const [name, value] of Object.entries(drafts[index]!.secrets))
        expect(core.host.vault.lease(connection.id).read(name as 'password')).toBe(value)
    const secret = drafts[0]!.secrets.tokenSecret!
    for (const coat of [
      secret,
      Buffer.from(`x${secret}`).toString('base64'),
      Buffer.from(secret).toString('hex'),
      `a%20${encodeURIComponent(secret)}`,
    ])
      expect(sentinels.search(Buffer.from(coat))).toHaveLength(1)
    expect(sentinels.search(Buffer.from(secret, 'utf16le'))).toHaveLength(1)
  })

  it('stay where they are while everything is used', { timeout: 180_000 }, async () => {
    // Every system is really spoken to, and says back what it hears.
    await Promise.all(
      connections.map((connection) =>
        call('sites', 'testConnection', { connectionId: connection.id }, 20_000),
      ),
    )
    await Promise.all(
      connections.flatMap((connection, index) => [
        call(
          'sites',
          'testConnection',
          { connectionId: connection.id, draft: { ...drafts[index]!, secrets: {} } },
          10_000,
        ),
        call('sites', 'testConnection', { draft: drafts[index] }, 10_000),
      ]),
    )
    await call('inventory', 'watch', { siteId: site.id }, 4_000)
    const database = connections.find((connection) => connection.settings.kind === 'postgres')!
    await call('sql', 'getCatalog', { connectionId: database.id, refresh: true }, 5_000)
    await call('sql', 'start', { connectionId: database.id, sql: 'select 1' }, 5_000)

    const oneOfEachKind = [
      ...new Map(connections.map((connection) => [connection.settings.kind, connection])).values(),
    ]
    // Called once below, or in the next test: each would change what the others work on.
    const skipped = new Set([
      'vault.lock',
      'sites.remove',
      'sites.removeConnection',
      'sites.duplicate',
      'sites.duplicateConnection',
    ])
    for (const [feature, procedures] of Object.entries(contract))
      for (const procedure of Object.keys(procedures)) {
        if (skipped.has(`${feature}.${procedure}`)) continue
        const targets = feature === 'sites' || feature === 'sql' ? oneOfEachKind : connections.slice(0, 1)
        for (const connection of targets)
          await Promise.all(oddInputs(connection).map((input) => call(feature, procedure, input)))
      }

    await call('sites', 'exportSite', { siteId: site.id })
    await call('sites', 'duplicate', { siteId: site.id }, 5_000)
    for (const input of oddInputs(connections[0]!).slice(0, 4)) await call('sites', 'duplicate', input)
    await call('sites', 'duplicateConnection', { connectionId: connections[0]!.id }, 5_000)
    await call('app', 'readLog', { limit: 5000 })
    await call('audit', 'list', { limit: 1000 })
    await call('vault', 'lock', undefined)
    for (const connection of connections.slice(0, 3))
      await call('sites', 'testConnection', { connectionId: connection.id })
    await call('vault', 'unlock', { passphrase: `${passphrase}y` }, 3_000)

    const heard = Buffer.from(systems.flatMap((system) => system.heard).join('\n'))
    expect(sentinels.search(heard).length, 'the systems were told secrets').toBeGreaterThanOrEqual(6)
    const left = await everythingThatLeft()
    expect(left.map(([where]) => where)).toContain('file meridian.sqlite')
    expect(left.filter(([, bytes]) => bytes.includes(canary)).map(([where]) => where)).toEqual(
      expect.arrayContaining(['frames to the page', 'what calls answered']),
    )
    const findings = left.flatMap(([where, bytes]) =>
      sentinels.search(bytes).map((what) => `${where}: ${what}`),
    )
    expect(findings).toEqual([])
  })

  it('stay where they are when what holds them is removed', async () => {
    await expect.poll(() => core.host.vault.status().retryAtMs, { timeout: 10_000 }).toBeNull()
    await core.client.vault.unlock({ passphrase })
    for (const known of await core.client.sites.list())
      await core.client.sites.remove({ siteId: known.id, confirmation: known.name })
    expect(connections.flatMap((connection) => core.host.vault.names(connection.id))).toEqual([])
    await core.host.dispose()
    const findings = (await everythingThatLeft()).flatMap(([where, bytes]) =>
      sentinels.search(bytes).map((what) => `${where}: ${what}`),
    )
    expect(findings).toEqual([])
  })
})
