// The connection form as plain data: one flat set of texts per kind, turned into a draft for the core or back.
// Pure: what is missing or wrong is said per field before anything is sent.
import type { Connection, ConnectionDraft, ConnectionId, ConnectionKind, ConnectionSettings, SecretName, TlsTrust } from '#shared/model/connection.ts'

export interface FormValues {
  kind: ConnectionKind
  label: string
  url: string
  host: string
  port: string
  database: string
  user: string
  realm: string
  tokenId: string
  authMode: 'token' | 'ticket'
  sshAuth: 'password' | 'key' | 'agent' | 'keyboard-interactive'
  tlsMode: 'disable' | 'prefer' | 'require' | 'verify'
  trust: TlsTrust['mode']
  caPem: string
  sha256: string
  context: string
  server: string
  namespace: string
  hostKeySha256: string
  region: string
  bucket: string
  prefix: string
  isPathStyle: boolean
  /** Id of the SSH connection that is the way to this one; empty = directly. */
  jumpConnectionId: string
  secrets: Partial<Record<SecretName, string>>
}

export const kindNames: Record<ConnectionKind, string> = {
  proxmox: 'Proxmox VE',
  pbs: 'Proxmox Backup Server',
  kubernetes: 'Kubernetes',
  postgres: 'PostgreSQL',
  ssh: 'SSH host',
  s3: 'Object store (S3)',
}

export const emptyForm = (kind: ConnectionKind): FormValues => ({
  kind,
  label: '',
  url: kind === 'proxmox' ? 'https://:8006' : kind === 'pbs' ? 'https://:8007' : '',
  host: '',
  port: kind === 'postgres' ? '5432' : '22',
  database: '',
  user: '',
  realm: 'pam',
  tokenId: '',
  authMode: 'token',
  sshAuth: 'key',
  tlsMode: 'verify',
  trust: 'system',
  caPem: '',
  sha256: '',
  context: '',
  server: '',
  namespace: '',
  hostKeySha256: '',
  region: 'us-east-1',
  bucket: '',
  prefix: '',
  isPathStyle: false,
  jumpConnectionId: '',
  secrets: {},
})

/** The stored connection as form values; secrets start empty, which keeps what the vault holds. */
export function formOf(connection: Connection): FormValues {
  const { settings } = connection
  const form = { ...emptyForm(settings.kind), label: connection.label }
  const trustOf = (tls: TlsTrust): Partial<FormValues> => ({
    trust: tls.mode,
    caPem: tls.mode === 'ca' ? tls.caPem : '',
    sha256: tls.mode === 'pinned' ? tls.sha256 : '',
  })
  switch (settings.kind) {
    case 'proxmox':
    case 'pbs':
      return {
        ...form,
        url: settings.url,
        ...trustOf(settings.tls),
        authMode: settings.auth.mode,
        ...(settings.auth.mode === 'token' ? { tokenId: settings.auth.tokenId } : { user: settings.auth.username, realm: settings.auth.realm }),
      }
    case 'kubernetes':
      return { ...form, context: settings.context, server: settings.server, namespace: settings.namespace ?? '' }
    case 'postgres':
      return { ...form, host: settings.host, port: String(settings.port), database: settings.database, user: settings.user, tlsMode: settings.tlsMode, ...trustOf(settings.tls) }
    case 'ssh':
      return { ...form, host: settings.host, port: String(settings.port), user: settings.user, sshAuth: settings.auth, hostKeySha256: settings.hostKeySha256 ?? '', jumpConnectionId: settings.jumpConnectionId ?? '' }
    case 's3':
      return { ...form, url: settings.url, region: settings.region, bucket: settings.bucket, prefix: settings.prefix, isPathStyle: settings.isPathStyle, ...trustOf(settings.tls) }
  }
}

export type FieldErrors = Partial<Record<keyof FormValues, string>>

/** What a person must still fill in, per field; empty when the draft can be tried. */
export function checkForm(form: FormValues): FieldErrors {
  const errors: FieldErrors = {}
  const need = (field: keyof FormValues, message: string): void => {
    if (String(form[field]).trim() === '') errors[field] = message
  }
  need('label', 'A name by which you know it')
  if (form.kind === 'proxmox' || form.kind === 'pbs') {
    if (!/^https?:\/\/[^\s/:]+(:\d+)?\/?$/i.test(form.url.trim())) errors.url = 'Like https://pve1.example.org:8006'
    if (form.authMode === 'token' && !/^[^@\s]+@[^!\s]+![^\s]+$/.test(form.tokenId)) errors.tokenId = 'Like meridian@pve!desktop'
    if (form.authMode === 'ticket') need('user', 'The user name without its realm')
  }
  if (form.kind === 'kubernetes') need('context', 'Import a kubeconfig and choose a context')
  if (form.kind === 'postgres' || form.kind === 'ssh') {
    need('host', 'A host name or an address')
    need('user', 'Who logs in')
    const port = Number(form.port)
    if (!Number.isInteger(port) || port < 1 || port > 65_535) errors.port = '1 to 65535'
  }
  if (form.kind === 'postgres') need('database', 'Which database')
  if (form.kind === 's3') checkStore(form, errors)
  if (usesTls(form) && form.trust === 'ca' && !form.caPem.includes('BEGIN CERTIFICATE')) errors.caPem = 'A PEM certificate'
  if (usesTls(form) && form.trust === 'pinned' && !/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/i.test(form.sha256.trim())) errors.sha256 = '32 pairs of hex digits with colons'
  return errors
}

function checkStore(form: FormValues, errors: FieldErrors): void {
  if (!/^https:\/\/[^\s/:]+(:\d+)?\/?$/i.test(form.url.trim())) errors.url = 'Like https://s3.us-east-1.amazonaws.com'
  if (!/^[A-Za-z0-9-]{1,64}$/.test(form.region.trim())) errors.region = 'Like us-east-1'
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(form.bucket.trim())) errors.bucket = 'Small letters, digits, dots and hyphens'
}

export const usesTls = (form: FormValues): boolean =>
  form.kind === 'proxmox' || form.kind === 'pbs' || form.kind === 's3' || (form.kind === 'postgres' && form.tlsMode !== 'disable')

/** Where the server's certificate can be looked at, for pinning. */
export function tlsEndpoint(form: FormValues): { host: string; port: number; startTls?: 'postgres' } | null {
  if (form.kind === 'postgres') return form.host ? { host: form.host.trim(), port: Number(form.port) || 5432, startTls: 'postgres' } : null
  try {
    const url = new URL(form.url.trim())
    return url.hostname ? { host: url.hostname, port: Number(url.port) || 443 } : null
  } catch {
    return null
  }
}

/** The draft the core checks and stores. Call only when `checkForm` is empty. */
export function draftOf(form: FormValues): ConnectionDraft {
  const secrets = Object.fromEntries(Object.entries(form.secrets).filter(([, value]) => value !== undefined && value !== ''))
  return { label: form.label.trim(), settings: settingsOf(form), secrets }
}

function settingsOf(form: FormValues): ConnectionSettings {
  const tls: TlsTrust =
    form.trust === 'ca'
      ? { mode: 'ca', caPem: form.caPem.trim() }
      : form.trust === 'pinned'
        ? { mode: 'pinned', sha256: form.sha256.trim().toUpperCase() }
        : { mode: 'system' }
  switch (form.kind) {
    case 'proxmox':
    case 'pbs':
      return {
        kind: form.kind,
        url: form.url.trim().replace(/\/$/, ''),
        tls,
        auth:
          form.authMode === 'token'
            ? { mode: 'token', tokenId: form.tokenId.trim() }
            : { mode: 'ticket', username: form.user.trim(), realm: form.realm.trim() || 'pam' },
      }
    case 'kubernetes':
      return { kind: 'kubernetes', context: form.context, server: form.server, ...(form.namespace.trim() ? { namespace: form.namespace.trim() } : {}) }
    case 'postgres':
      return { kind: 'postgres', host: form.host.trim(), port: Number(form.port), database: form.database.trim(), user: form.user.trim(), tlsMode: form.tlsMode, tls }
    case 'ssh':
      return {
        kind: 'ssh',
        host: form.host.trim(),
        port: Number(form.port),
        user: form.user.trim(),
        auth: form.sshAuth,
        ...(form.hostKeySha256.trim() ? { hostKeySha256: form.hostKeySha256.trim() } : {}),
        ...(form.jumpConnectionId ? { jumpConnectionId: form.jumpConnectionId as ConnectionId } : {}),
      }
    case 's3':
      return {
        kind: 's3',
        url: form.url.trim().replace(/\/$/, ''),
        region: form.region.trim(),
        bucket: form.bucket.trim(),
        prefix: form.prefix.trim(),
        isPathStyle: form.isPathStyle,
        tls,
      }
  }
}

/** Connections that may be the way to `own`: SSH hosts of the site whose own way does not lead through it. */
export function jumpChoices(connections: readonly Connection[], own: Connection | null): Connection[] {
  const leadsThrough = (one: Connection, seen: readonly string[]): boolean => {
    if (one.id === own?.id || seen.includes(one.id)) return true
    const jump = one.settings.kind === 'ssh' ? one.settings.jumpConnectionId : undefined
    const next = connections.find((other) => other.id === jump)
    return next !== undefined && leadsThrough(next, [...seen, one.id])
  }
  return connections.filter((one) => one.settings.kind === 'ssh' && !leadsThrough(one, []))
}
