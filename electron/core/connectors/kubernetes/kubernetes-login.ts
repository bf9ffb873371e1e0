// Being somebody at a Kubernetes API server: what the kubeconfig in the vault says, as TLS options and headers. The
// kubeconfig is read through the lease at each call, so a locked vault ends the access at once. client-node's own
// fetch layer is not used: it can neither check a certificate before it sends nor be aborted while it connects.
import { AppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import type { SecretLease } from '../../vault/vault.ts'
import type { ClientTls } from '../https/trusted-agent.ts'
import { runExecPlugin, type ExecCredential } from './exec-plugin.ts'
import { loadKubeconfig, type LoadedKubeconfig } from './kubeconfig.ts'

export interface KubernetesLogin {
  readonly server: string
  readonly clusterName: string
  readonly namespace: string | null
  /** The kubeconfig's name for the user. */
  readonly user: string
  readonly tls: ClientTls
  /** Runs the exec plugin when there is one and its credential has run out. Throws `locked`, `unauthenticated`. */
  headers(signal?: AbortSignal): Promise<Record<string, string>>
  /** After a 401. False when asking again cannot help. */
  forget(): boolean
}

/** A credential is renewed this long before it ends. */
const earlyMs = 30_000

/** Throws `locked` while the vault is, `unauthenticated` without a kubeconfig, `invalid-input` for a bad one. */
export function openKubernetesLogin(
  settings: SettingsOf<'kubernetes'>,
  lease: SecretLease,
  now: () => number,
): KubernetesLogin {
  let source = readSource(lease)
  let config = loadKubeconfig(source, settings.context)
  let credential: ExecCredential | undefined
  let pending: Promise<ExecCredential> | undefined

  function current(): LoadedKubeconfig {
    const text = readSource(lease)
    if (text === source) return config
    source = text
    config = loadKubeconfig(text, settings.context)
    credential = undefined
    return config
  }

  async function execCredential(
    loaded: LoadedKubeconfig,
    signal: AbortSignal | undefined,
  ): Promise<ExecCredential> {
    if (loaded.auth.kind !== 'exec') throw new Error('not an exec plugin')
    const isFresh =
      credential && (credential.expiresAtMs === null || credential.expiresAtMs - earlyMs > now())
    if (credential && isFresh) return credential
    pending ??= runExecPlugin(loaded, loaded.auth.exec, signal).finally(() => (pending = undefined))
    credential = await pending
    return credential
  }

  const extras = (): ReturnType<NonNullable<ClientTls['extras']>> => {
    if (config.auth.kind === 'client-certificate')
      return { cert: config.auth.certPem, key: config.auth.keyPem }
    return credential?.certPem && credential.keyPem
      ? { cert: credential.certPem, key: credential.keyPem }
      : undefined
  }

  return {
    server: settings.server === '' ? config.server : settings.server,
    clusterName: config.cluster,
    namespace: settings.namespace ?? config.namespace,
    user: config.user,
    tls: {
      trust: config.caPem === null ? { mode: 'system' } : { mode: 'ca', caPem: config.caPem },
      servername: config.tlsServerName ?? undefined,
      extras,
    },
    async headers(signal) {
      const loaded = current()
      switch (loaded.auth.kind) {
        case 'token':
          return { authorization: `Bearer ${loaded.auth.token}` }
        case 'basic':
          return {
            authorization: `Basic ${Buffer.from(`${loaded.auth.username}:${loaded.auth.password}`).toString('base64')}`,
          }
        case 'exec': {
          const { token } = await execCredential(loaded, signal)
          return token ? { authorization: `Bearer ${token}` } : ({} as Record<string, string>)
        }
        case 'client-certificate':
        case 'none':
          return {}
      }
    },
    forget() {
      const hadCredential = credential !== undefined
      credential = undefined
      return hadCredential
    },
  }
}

function readSource(lease: SecretLease): string {
  const text = lease.read('kubeconfig')
  if (text) return text
  throw new AppError('unauthenticated', 'Meridian has not got the kubeconfig of this connection.', {
    remedy: 'Edit the connection and choose the file again.',
  })
}
