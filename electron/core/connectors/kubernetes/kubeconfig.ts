// Reading a kubeconfig: strictly, because it decides whom Meridian talks to and which program it runs. What it names
// outside itself (files, proxies) is refused with the way to a self-contained one; no file is ever read on its word.
// Called by the sites feature (what is in it) and by the Kubernetes connector (how to log in). Never logs its text.
import { X509Certificate } from 'node:crypto'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import type { KubeconfigContext } from '#shared/contracts/sites.ts'
import { AppError } from '#shared/errors.ts'
import { findProgram, loginShellPath } from './login-shell-path.ts'

/** An exec credential plugin, as client-go defines it (client.authentication.k8s.io). */
export interface ExecPlugin {
  apiVersion: string
  /** A bare name is looked up in the login shell's PATH; a path must be absolute. */
  command: string
  args: string[]
  env: Record<string, string>
  provideClusterInfo: boolean
  installHint: string | null
}

export type KubeconfigAuth =
  | { kind: 'client-certificate'; certPem: string; keyPem: string }
  | { kind: 'token'; token: string }
  | { kind: 'exec'; exec: ExecPlugin }
  | { kind: 'basic'; username: string; password: string }
  | { kind: 'none' }

/** One context with everything that is needed to connect. Holds secrets: stays inside the core. */
export interface LoadedKubeconfig {
  context: string
  cluster: string
  user: string
  /** `https://host[:port][/path]`, without a trailing slash. */
  server: string
  namespace: string | null
  /** The cluster's own authority; null = the system's. */
  caPem: string | null
  /** The name the certificate must carry, where it is not the server's host. */
  tlsServerName: string | null
  auth: KubeconfigAuth
}

const maxLength = 1_000_000
const flattenRemedy = 'Make a self-contained one with: kubectl config view --raw --flatten --minify'

const text = z.string().max(maxLength)
const name = z.string().min(1).max(253)
const clusterShape = z.object({
  server: text,
  'certificate-authority': text.optional(),
  'certificate-authority-data': text.optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': text.optional(),
  'proxy-url': text.optional(),
})
const execShape = z.object({
  apiVersion: text,
  command: z.string().min(1).max(4096),
  args: z.array(text).nullish(),
  env: z.array(z.object({ name: text, value: text })).nullish(),
  provideClusterInfo: z.boolean().nullish(),
  installHint: text.nullish(),
})
const userShape = z.object({
  'client-certificate': text.optional(),
  'client-certificate-data': text.optional(),
  'client-key': text.optional(),
  'client-key-data': text.optional(),
  token: text.optional(),
  tokenFile: text.optional(),
  username: text.optional(),
  password: text.optional(),
  as: text.optional(),
  exec: execShape.nullish(),
  'auth-provider': z.unknown().optional(),
})
const fileShape = z.object({
  kind: z.literal('Config'),
  'current-context': z.string().nullish(),
  clusters: z
    .array(z.object({ name, cluster: clusterShape }))
    .max(1000)
    .nullish(),
  users: z
    .array(z.object({ name, user: userShape.nullish() }))
    .max(1000)
    .nullish(),
  contexts: z
    .array(
      z.object({
        name,
        context: z.object({ cluster: text, user: text.nullish(), namespace: text.nullish() }),
      }),
    )
    .max(1000)
    .nullish(),
})
type KubeconfigFile = z.infer<typeof fileShape>
type UserEntry = z.infer<typeof userShape>

const refuse = (message: string, remedy = flattenRemedy): AppError =>
  new AppError('invalid-input', message, { remedy })

/** The contexts of a kubeconfig without its secrets. Throws `invalid-input` with a sentence for anything else. */
export async function readKubeconfig(kubeconfig: string): Promise<KubeconfigContext[]> {
  const file = parseKubeconfig(kubeconfig)
  const path = await loginShellPath()
  const contexts = file.contexts ?? []
  if (contexts.length === 0) throw refuse('The kubeconfig has no context.')
  return Promise.all(
    contexts.map(async ({ name: contextName, context }) => {
      const server = file.clusters?.find((item) => item.name === context.cluster)?.cluster.server ?? ''
      const user = userOf(file, context.user)
      const execCommand = user.exec?.command ?? null
      return {
        name: contextName,
        cluster: context.cluster,
        server: withoutCredentials(server),
        user: context.user ?? '',
        namespace: context.namespace ?? null,
        authKind: authKindOf(user),
        execCommand,
        execFoundAt: execCommand === null ? null : ((await findProgram(execCommand, path)) ?? null),
        isCurrent: file['current-context'] === contextName,
      }
    }),
  )
}

/** One context, complete. Throws `invalid-input` when it cannot be used as it is, saying why and what to do. */
export function loadKubeconfig(kubeconfig: string, contextName: string): LoadedKubeconfig {
  const file = parseKubeconfig(kubeconfig)
  const found = file.contexts?.find((item) => item.name === contextName)?.context
  if (!found) throw refuse(`The kubeconfig has no context “${contextName}”.`, 'Choose one of its contexts.')
  const cluster = file.clusters?.find((item) => item.name === found.cluster)?.cluster
  if (!cluster)
    throw refuse(
      `The context “${contextName}” names the cluster “${found.cluster}”, which the kubeconfig does not hold.`,
    )
  if (found.user && !file.users?.some((item) => item.name === found.user))
    throw refuse(
      `The context “${contextName}” names the user “${found.user}”, which the kubeconfig does not hold.`,
    )
  return {
    context: contextName,
    cluster: found.cluster,
    user: found.user ?? '',
    server: checkServer(cluster.server),
    namespace: found.namespace ?? null,
    caPem: authorityOf(cluster),
    tlsServerName: cluster['tls-server-name'] ?? null,
    auth: authOf(userOf(file, found.user)),
  }
}

function parseKubeconfig(kubeconfig: string): KubeconfigFile {
  const value = parseYaml(kubeconfig)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse('This is not a kubeconfig: it holds no fields.')
  const kind = (value as { kind?: unknown }).kind
  if (kind !== 'Config')
    throw refuse(
      typeof kind === 'string'
        ? `This is not a kubeconfig: it describes a ${JSON.stringify(kind.slice(0, 60))}.`
        : 'This is not a kubeconfig: “kind: Config” is missing.',
      'A kubeconfig is usually ~/.kube/config; RKE2 writes /etc/rancher/rke2/rke2.yaml.',
    )
  const parsed = fileShape.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  // The path names fields only; the values, which may be secrets, are never repeated.
  throw refuse(
    `The kubeconfig is damaged at ${issue?.path.map(String).join('.') || 'its beginning'}: ${issue?.message ?? 'it is not understood'}.`,
  )
}

function parseYaml(kubeconfig: string): unknown {
  const remedy = 'Choose the file that kubectl uses, usually ~/.kube/config.'
  const start = kubeconfig.trimStart()
  if (start === '') throw refuse('The kubeconfig is empty.', remedy)
  if (kubeconfig.length > maxLength)
    throw refuse('This is not a kubeconfig: it is far too large to be one.', remedy)
  // eslint-disable-next-line no-control-regex -- control characters are what tells a binary file
  if (/[\u0000-\u0008\u000e-\u001f\ufffd]/.test(kubeconfig.slice(0, 10_000)))
    throw refuse('This is not a kubeconfig: it is a binary file.', remedy)
  if (start.startsWith('<')) throw refuse('This is not a kubeconfig: it is a web page or XML.', remedy)
  if (/^-----BEGIN /.test(start))
    throw refuse('This is not a kubeconfig: it is a certificate or a key.', remedy)
  const document = parseDocument(kubeconfig, {
    strict: true,
    uniqueKeys: true,
    merge: false,
    logLevel: 'error',
    prettyErrors: false,
  })
  const problem = document.errors[0]
  if (problem) {
    const line = kubeconfig.slice(0, problem.pos[0]).split('\n').length
    throw refuse(`This is not a kubeconfig: its YAML cannot be read (line ${line}).`, remedy)
  }
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown
  } catch {
    throw refuse('This is not a kubeconfig: its YAML refers to itself without end.', remedy)
  }
}

const userOf = (file: KubeconfigFile, userName: string | null | undefined): UserEntry =>
  file.users?.find((item) => item.name === userName)?.user ?? {}

function authKindOf(user: UserEntry): KubeconfigContext['authKind'] {
  if (user['client-certificate-data'] !== undefined || user['client-certificate'] !== undefined)
    return 'client-certificate'
  if (user.token !== undefined || user.tokenFile !== undefined) return 'token'
  if (user.exec) return 'exec'
  return user.username !== undefined ? 'basic' : 'none'
}

function checkServer(server: string): string {
  const url = URL.canParse(server) ? new URL(server) : undefined
  if (url?.protocol !== 'https:' || url.hostname === '')
    throw refuse(
      'The cluster’s server is not an https:// address: credentials would travel in the clear.',
      'Correct “server” in the kubeconfig.',
    )
  if (url.username !== '' || url.password !== '')
    throw refuse(
      'The cluster’s server address holds a user name or password.',
      'Put credentials under “users” in the kubeconfig.',
    )
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

const withoutCredentials = (server: string): string => server.replace(/\/\/[^/@]*@/, '//').slice(0, 500)

function authorityOf(cluster: z.infer<typeof clusterShape>): string | null {
  if (cluster['insecure-skip-tls-verify'])
    throw refuse(
      'The kubeconfig switches the check of the server’s certificate off (insecure-skip-tls-verify).',
      'Meridian always checks: put the cluster’s authority into certificate-authority-data.',
    )
  if (cluster['proxy-url'])
    throw refuse(
      'The kubeconfig goes through a proxy (proxy-url), which Meridian cannot do.',
      'Use an address of the cluster that can be reached directly.',
    )
  const data = cluster['certificate-authority-data']
  if (data) return decodeCertificate(data, 'certificate-authority-data')
  if (cluster['certificate-authority']) throw outside('certificate-authority')
  return null
}

function authOf(user: UserEntry): KubeconfigAuth {
  for (const field of ['client-certificate', 'client-key', 'tokenFile'] as const)
    if (user[field] !== undefined && !(field !== 'tokenFile' && user[`${field}-data`])) throw outside(field)
  if (user['auth-provider'])
    throw refuse(
      'The kubeconfig logs in by an auth-provider, which Kubernetes has removed.',
      'Use an exec plugin of the provider, or a token.',
    )
  if (user.as)
    throw refuse(
      'The kubeconfig acts as another user (as), which Meridian cannot do.',
      'Use the credentials of that user.',
    )
  const certData = user['client-certificate-data']
  if (certData) {
    const keyPem = decodePem(
      user['client-key-data'] ?? '',
      'client-key-data',
      /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
    )
    return {
      kind: 'client-certificate',
      certPem: decodeCertificate(certData, 'client-certificate-data'),
      keyPem,
    }
  }
  if (user.token !== undefined) return { kind: 'token', token: checkToken(user.token) }
  if (user.exec) return { kind: 'exec', exec: execOf(user.exec) }
  if (user.username !== undefined)
    return { kind: 'basic', username: user.username, password: user.password ?? '' }
  return { kind: 'none' }
}

function execOf(exec: z.infer<typeof execShape>): ExecPlugin {
  if (!/^client\.authentication\.k8s\.io\/v1(beta1)?$/.test(exec.apiVersion))
    throw refuse(
      'The kubeconfig’s exec plugin speaks a version that Kubernetes has removed.',
      'Update the plugin: client.authentication.k8s.io/v1 or v1beta1 is needed.',
    )
  if (/^\.{0,2}[^/\\]*[/\\]/.test(exec.command) && !/^([/\\]|[A-Za-z]:)/.test(exec.command))
    throw refuse(
      'The kubeconfig’s exec plugin is a path relative to the file, which Meridian does not know.',
      'Name the program alone (it is looked up in the login shell’s PATH) or by its whole path.',
    )
  return {
    apiVersion: exec.apiVersion,
    command: exec.command,
    args: exec.args ?? [],
    env: Object.fromEntries((exec.env ?? []).map((item) => [item.name, item.value])),
    provideClusterInfo: exec.provideClusterInfo ?? false,
    installHint: exec.installHint ?? null,
  }
}

const outside = (field: string): AppError => refuse(`The kubeconfig keeps its ${field} in another file.`)

function checkToken(token: string): string {
  const clean = token.trim()
  if (clean === '' || /\s/.test(clean))
    throw refuse('The kubeconfig’s token is not one: it is empty or has blanks inside.')
  return clean
}

function decodePem(data: string, field: string, shape: RegExp): string {
  const pem = Buffer.from(data.replace(/\s/g, ''), 'base64').toString('utf8')
  if (!shape.test(pem)) throw refuse(`The kubeconfig’s ${field} is damaged: it holds no PEM text.`)
  return pem
}

function decodeCertificate(data: string, field: string): string {
  const pem = decodePem(data, field, /-----BEGIN CERTIFICATE-----/)
  try {
    new X509Certificate(pem)
    return pem
  } catch {
    throw refuse(`The kubeconfig’s ${field} is damaged: its certificate cannot be read.`)
  }
}
