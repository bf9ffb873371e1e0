// One request to a Kubernetes API server as nobody: under the connection's trust, but without its token, its client
// certificate or its plugin. Used by the compliance check for anonymous access; answers with the status, never a body.
import { isAppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import type { SecretLease } from '../../vault/vault.ts'
import { createHttpsClient } from '../https/https-client.ts'
import { openKubernetesLogin } from './kubernetes-login.ts'

/** The HTTP status of `GET path`. Rejects only when there was no answer at all. */
export async function anonymousStatus(
  settings: SettingsOf<'kubernetes'>,
  lease: SecretLease,
  path: string,
  options: { now: () => number; signal?: AbortSignal | undefined; timeoutMs?: number },
): Promise<number> {
  const { server, tls } = openKubernetesLogin(settings, lease, options.now)
  const client = createHttpsClient({
    system: 'Kubernetes',
    url: server,
    tls: { trust: tls.trust, ...(tls.servername === undefined ? {} : { servername: tls.servername }) },
  })
  try {
    await client.json({ path, signal: options.signal, timeoutMs: options.timeoutMs ?? 10_000 })
    return 200
  } catch (error) {
    if (isAppError(error) && error.detail?.kind === 'http') return error.detail.status
    throw error
  } finally {
    client.dispose()
  }
}
