// What a site and its connections are, as every room sees them: no secret is ever part of these shapes.
// Secrets travel inward only, in the `secrets` of a ConnectionDraft, and outward only as `hasSecret` flags.
import { z } from 'zod'

export const siteId = z.string().min(1).max(64).brand<'SiteId'>()
export type SiteId = z.infer<typeof siteId>
export const connectionId = z.string().min(1).max(64).brand<'ConnectionId'>()
export type ConnectionId = z.infer<typeof connectionId>

/** A value on its way into the vault. The architecture test proves that no output schema contains it. */
export const secretInput = z.string().max(1_000_000).meta({ secret: true })

/** How a server's certificate is trusted. `sha256` is the DER fingerprint: 32 upper-case hex pairs with colons. */
export const tlsTrust = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('system') }),
  z.object({ mode: z.literal('ca'), caPem: z.string().max(200_000) }),
  z.object({ mode: z.literal('pinned'), sha256: z.string().regex(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/) }),
])
export type TlsTrust = z.infer<typeof tlsTrust>

const host = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9._:-]+$/, 'A host name or an IP address')
const port = z.number().int().min(1).max(65_535)
const httpsUrl = z
  .string()
  .max(500)
  .refine((text) => /^https?:\/\/[^\s/]+/i.test(text), 'An address that starts with https://')

export const apiAuth = z.discriminatedUnion('mode', [
  /** `tokenId` is `user@realm!name`; its secret is in the vault. */
  z.object({ mode: z.literal('token'), tokenId: z.string().min(3).max(200) }),
  /** `username` is the part before `@`; password (and a TOTP seed or one-time code at login) in the vault. */
  z.object({ mode: z.literal('ticket'), username: z.string().min(1).max(100), realm: z.string().min(1).max(40) }),
])
export type ApiAuth = z.infer<typeof apiAuth>

export const proxmoxSettings = z.object({
  kind: z.literal('proxmox'),
  url: httpsUrl,
  tls: tlsTrust,
  auth: apiAuth,
})
export const pbsSettings = z.object({ kind: z.literal('pbs'), url: httpsUrl, tls: tlsTrust, auth: apiAuth })
/** The kubeconfig itself is a secret; the chosen context, server and namespace are not. */
export const kubernetesSettings = z.object({
  kind: z.literal('kubernetes'),
  context: z.string().max(253),
  server: z.string().max(500),
  namespace: z.string().max(253).optional(),
})
export const postgresSettings = z.object({
  kind: z.literal('postgres'),
  host,
  port,
  database: z.string().min(1).max(63),
  user: z.string().min(1).max(63),
  tlsMode: z.enum(['disable', 'prefer', 'require', 'verify']),
  tls: tlsTrust,
})
export const sshSettings = z.object({
  kind: z.literal('ssh'),
  host,
  port,
  user: z.string().min(1).max(100),
  auth: z.enum(['password', 'key', 'agent', 'keyboard-interactive']),
  /** SHA-256 of the host key as OpenSSH prints it (`SHA256:` + base64 without padding), once confirmed. */
  hostKeySha256: z.string().max(100).optional(),
  /** Another SSH connection of the same site, through which this host is reached. */
  jumpConnectionId: connectionId.optional(),
})
/** An object store that speaks S3: the endpoint, and the one bucket (and prefix in it) where copies are kept. */
export const s3Settings = z.object({
  kind: z.literal('s3'),
  url: httpsUrl,
  region: z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'A region such as us-east-1'),
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'The name of one bucket'),
  /** Begin of the keys that are looked at; empty = the whole bucket. */
  prefix: z.string().max(500),
  /** The bucket in the path (MinIO, Ceph, an address) instead of in the host name (AWS). */
  isPathStyle: z.boolean(),
  tls: tlsTrust,
})
export const connectionSettings = z.discriminatedUnion('kind', [
  proxmoxSettings,
  pbsSettings,
  kubernetesSettings,
  postgresSettings,
  sshSettings,
  s3Settings,
])
export type ConnectionSettings = z.infer<typeof connectionSettings>
export type ConnectionKind = ConnectionSettings['kind']
export type SettingsOf<K extends ConnectionKind> = Extract<ConnectionSettings, { kind: K }>

/** Names of the secrets a connection may own. */
export const secretNames = [
  'tokenSecret',
  'password',
  'totpSeed',
  'privateKey',
  'keyPassphrase',
  'kubeconfig',
  'accessKeyId',
  'secretAccessKey',
] as const
export const secretName = z.enum(secretNames)
export type SecretName = z.infer<typeof secretName>

export const connection = z.object({
  id: connectionId,
  siteId,
  label: z.string().min(1).max(100),
  settings: connectionSettings,
  /** Which secrets the vault holds for it; the values never leave the core. */
  storedSecrets: z.array(secretName),
})
export type Connection = z.infer<typeof connection>

export const connectionDraft = z.object({
  label: z.string().min(1).max(100),
  settings: connectionSettings,
  /** Absent names keep what is stored; an empty text removes it. */
  secrets: z.partialRecord(secretName, secretInput),
})
export type ConnectionDraft = z.infer<typeof connectionDraft>

export const site = z.object({
  id: siteId,
  name: z.string().min(1).max(100),
  /** The demo lab's site is made and refreshed by the demo feature; users do not edit its connections. */
  isDemo: z.boolean(),
  /** While true the core's write gate refuses every change to the site's systems. */
  isReadOnly: z.boolean(),
  connections: z.array(connection),
})
export type Site = z.infer<typeof site>
