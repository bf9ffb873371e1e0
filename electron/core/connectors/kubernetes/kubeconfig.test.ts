// Kubeconfigs, good and hostile: what is read from them, what is refused, and that no sentence repeats a secret.
import { beforeAll, describe, expect, it } from 'vitest'
import type { AppError } from '#shared/errors.ts'
import { createTestAuthority, type TestLeaf } from '../tls/test-certificates.ts'
import { loadKubeconfig, readKubeconfig } from './kubeconfig.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
let caPem: string
let leaf: TestLeaf

beforeAll(async () => {
  const authority = await createTestAuthority()
  caPem = authority.caPem
  leaf = await authority.issue()
})

interface Parts {
  cluster?: Record<string, unknown>
  user?: Record<string, unknown> | null
  context?: Record<string, unknown>
}
/** JSON is YAML: the plainest way to build variants. */
const kubeconfig = ({ cluster = {}, user = { token: 'secret-token-1' }, context = {} }: Parts = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'lab',
    clusters: [
      {
        name: 'rke2',
        cluster: { server: 'https://10.0.0.1:6443', 'certificate-authority-data': base64(caPem), ...cluster },
      },
    ],
    users: [{ name: 'me', user }],
    contexts: [{ name: 'lab', context: { cluster: 'rke2', user: 'me', namespace: 'science', ...context } }],
  })

function refusalOf(work: () => unknown): AppError {
  try {
    work()
  } catch (error) {
    return error as AppError
  }
  throw new Error('It was expected to be refused.')
}
const loadRefusal = (parts: Parts): AppError => refusalOf(() => loadKubeconfig(kubeconfig(parts), 'lab'))

describe('readKubeconfig', () => {
  it('lists the contexts of a usual file, without secrets', async () => {
    const text = `apiVersion: v1
kind: Config
current-context: two
clusters:
- {name: a, cluster: {server: "https://a.example.org:6443"}}
- name: b
  cluster:
    server: https://b.example.org
users:
- name: cert
  user: {client-certificate-data: QUFB, client-key-data: QUFB}
- name: plugin
  user:
    exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, "secret-argument"]}
contexts:
- {name: one, context: {cluster: a, user: cert}}
- {name: two, context: {cluster: b, user: plugin, namespace: team}}
`
    const contexts = await readKubeconfig(text)
    expect(
      contexts.map((item) => [item.name, item.server, item.authKind, item.namespace, item.isCurrent]),
    ).toEqual([
      ['one', 'https://a.example.org:6443', 'client-certificate', null, false],
      ['two', 'https://b.example.org', 'exec', 'team', true],
    ])
    expect(contexts[1]!.execCommand).toBe('sh')
    expect(contexts[1]!.execFoundAt).toMatch(/^\/.*\/sh$/)
    expect(JSON.stringify(contexts)).not.toMatch(/QUFB|secret-argument/)
  })

  it('says that an exec plugin is not installed', async () => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'no-such-plugin-7f3a' }
    expect((await readKubeconfig(kubeconfig({ user: { exec } })))[0]).toMatchObject({
      execCommand: 'no-such-plugin-7f3a',
      execFoundAt: null,
    })
  })

  it.each([
    ['nothing', '', 'is empty'],
    ['blanks', ' \n\t ', 'is empty'],
    ['a web page', '<!DOCTYPE html><html><body>Sign in</body></html>', 'web page'],
    ['a binary file', `\u007fELF\u0002\u0001\u0000\u0000${'\u0000'.repeat(100)}`, 'binary'],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIB', 'certificate or a key'],
    ['JSON of something else', '{"apiVersion":"v1","kind":"Pod"}', '"Pod"'],
    ['JSON without a kind', '{"data":[]}', 'kind: Config'],
    ['a list', '[1,2]', 'no fields'],
    ['prose', 'hello there', 'no fields'],
    ['a number', '42', 'no fields'],
    ['broken YAML', 'kind: Config\nclusters: [\n  {', 'YAML cannot be read (line'],
    ['a doubled key', 'kind: Config\nkind: Config', 'YAML cannot be read'],
    ['two documents', 'kind: Config\n---\nkind: Config', 'YAML cannot be read'],
    ['no contexts', 'kind: Config', 'no context'],
    ['clusters that are no list', 'kind: Config\nclusters: 5', 'damaged at clusters'],
    ['a tag of a programming language', 'kind: !!js/function "x"', 'kubeconfig'],
  ])('refuses %s in a sentence', async (_what, text, sentence) => {
    const error = await readKubeconfig(text).then(
      () => undefined,
      (thrown: AppError) => thrown,
    )
    expect(error).toMatchObject({ code: 'invalid-input' })
    expect(error!.message).toContain(sentence)
    expect(error!.remedy).toBeTruthy()
  })

  it('refuses a file of megabytes at once', () => {
    const startedAt = performance.now()
    expect(refusalOf(() => loadKubeconfig('a: b\n'.repeat(1_000_000), 'x')).message).toContain('too large')
    expect(performance.now() - startedAt).toBeLessThan(500)
  })

  it('is not blown up by references to references', () => {
    const bomb = `kind: Config\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n`
    expect(refusalOf(() => loadKubeconfig(bomb, 'x')).message).toContain('refers to itself')
  })
})

describe('loadKubeconfig', () => {
  it('gives everything that a connection needs', () => {
    expect(loadKubeconfig(kubeconfig({ cluster: { 'tls-server-name': 'kube.example.org' } }), 'lab')).toEqual(
      {
        context: 'lab',
        cluster: 'rke2',
        user: 'me',
        server: 'https://10.0.0.1:6443',
        namespace: 'science',
        caPem,
        tlsServerName: 'kube.example.org',
        auth: { kind: 'token', token: 'secret-token-1' },
      },
    )
  })

  it('reads client certificates, passwords and plugins', () => {
    const certificate = { 'client-certificate-data': base64(leaf.cert), 'client-key-data': base64(leaf.key) }
    expect(loadKubeconfig(kubeconfig({ user: certificate }), 'lab').auth).toEqual({
      kind: 'client-certificate',
      certPem: leaf.cert,
      keyPem: leaf.key,
    })
    expect(loadKubeconfig(kubeconfig({ user: { username: 'a', password: 'b' } }), 'lab').auth).toEqual({
      kind: 'basic',
      username: 'a',
      password: 'b',
    })
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1beta1',
      command: '/opt/plugin',
      args: ['x'],
      env: [{ name: 'A', value: 'b' }],
    }
    expect(loadKubeconfig(kubeconfig({ user: { exec } }), 'lab').auth).toEqual({
      kind: 'exec',
      exec: { ...exec, env: { A: 'b' }, provideClusterInfo: false, installHint: null },
    })
    expect(loadKubeconfig(kubeconfig({ user: null }), 'lab').auth).toEqual({ kind: 'none' })
  })

  it('keeps a path before the API (Rancher)', () => {
    const server = 'https://rancher.example.org/k8s/clusters/c-1/'
    expect(loadKubeconfig(kubeconfig({ cluster: { server } }), 'lab').server).toBe(
      'https://rancher.example.org/k8s/clusters/c-1',
    )
  })

  it.each<[string, Parts, RegExp]>([
    ['a context of an unknown cluster', { context: { cluster: 'other' } }, /cluster “other”/],
    ['a context of an unknown user', { context: { user: 'other' } }, /user “other”/],
    [
      'an authority in a file',
      { cluster: { 'certificate-authority-data': undefined, 'certificate-authority': '/etc/ca.pem' } },
      /another file/,
    ],
    [
      'a certificate in a file',
      { user: { 'client-certificate': 'a.pem', 'client-key': 'a.key' } },
      /another file/,
    ],
    ['a token in a file', { user: { tokenFile: '/etc/shadow' } }, /another file/],
    ['no check of the server', { cluster: { 'insecure-skip-tls-verify': true } }, /switches the check/],
    ['a proxy', { cluster: { 'proxy-url': 'http://proxy' } }, /proxy/],
    ['plain http', { cluster: { server: 'http://10.0.0.1:8080' } }, /not an https/],
    ['no address', { cluster: { server: 'kubernetes' } }, /not an https/],
    ['credentials in the address', { cluster: { server: 'https://u:hidden@h' } }, /user name or password/],
    ['a removed way of logging in', { user: { 'auth-provider': { name: 'gcp' } } }, /auth-provider/],
    ['another identity', { user: { token: 'x', as: 'admin' } }, /another user/],
    ['an empty token', { user: { token: '  ' } }, /token is not one/],
    ['a token over two lines', { user: { token: 'a\nb' } }, /token is not one/],
    ['a damaged authority', { cluster: { 'certificate-authority-data': base64('hello') } }, /no PEM/],
    [
      'a broken certificate',
      {
        cluster: {
          'certificate-authority-data': base64('-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----'),
        },
      },
      /cannot be read/,
    ],
    [
      'a certificate without its key',
      { user: { 'client-certificate-data': base64('-----BEGIN CERTIFICATE-----') } },
      /client-key-data/,
    ],
    [
      'an old plugin',
      { user: { exec: { apiVersion: 'client.authentication.k8s.io/v1alpha1', command: 'x' } } },
      /removed/,
    ],
    [
      'a plugin beside the file',
      { user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './bin/x' } } },
      /relative/,
    ],
    [
      'a plugin without a command',
      { user: { exec: { apiVersion: 'client.authentication.k8s.io/v1' } } },
      /damaged at users\.0\.user\.exec\.command/,
    ],
  ])('refuses %s, and says what to do', (_what, parts, sentence) => {
    const error = loadRefusal(parts)
    expect(error.code).toBe('invalid-input')
    expect(error.message).toMatch(sentence)
    expect(error.remedy).toBeTruthy()
    expect(`${error.message} ${error.remedy}`).not.toMatch(/secret-token-1|hidden/)
  })

  it('refuses a context that is not there', () => {
    expect(refusalOf(() => loadKubeconfig(kubeconfig(), 'other')).message).toContain('no context “other”')
  })
})
