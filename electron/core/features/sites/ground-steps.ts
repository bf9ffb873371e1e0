// The steps that every connection test begins with, whatever the system: its name and its TLS. Called by
// connection-test.ts; nothing is sent to a server beyond what opens TLS.
import { lookup } from 'node:dns/promises'
import { isIP, type Socket } from 'node:net'
import { AppError, cancelled, isAppError } from '#shared/errors.ts'
import type { ConnectionKind, ConnectionSettings, SettingsOf, TlsTrust } from '#shared/model/connection.ts'
import { loadKubeconfig } from '../../connectors/kubernetes/kubeconfig.ts'
import { bucketUrl } from '../../connectors/s3/s3-connector.ts'
import { requestPostgresTls } from '../../connectors/tls/certificate-inspection.ts'
import { connectFault, type TlsParty } from '../../connectors/tls/tls-faults.ts'
import { connectTls, peerCertificate } from '../../connectors/tls/tls-trust.ts'
import type { SecretLease } from '../../vault/vault.ts'

export type Outcome = { state: 'passed' | 'skipped'; finding: string }

const systemNames: Record<ConnectionKind, string> = {
  proxmox: 'Proxmox VE',
  pbs: 'Proxmox Backup Server',
  kubernetes: 'Kubernetes',
  postgres: 'PostgreSQL',
  ssh: 'SSH',
  s3: 'The object store',
}

/** Where the connection leads. Throws `invalid-input` for an address that is none. */
export function partyOf(settings: ConnectionSettings): TlsParty {
  const system = systemNames[settings.kind]
  if (settings.kind === 'postgres' || settings.kind === 'ssh')
    return { host: settings.host, port: settings.port, system }
  const address = settings.kind === 'kubernetes' ? settings.server : settings.kind === 's3' ? bucketUrl(settings) : settings.url
  if (!URL.canParse(address))
    throw new AppError('invalid-input', `The address of ${system} is not one.`, {
      remedy: 'Correct the connection’s address.',
    })
  const url = new URL(address)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || 443, system }
}

/** Step `dns`. */
export async function lookUp(party: TlsParty, signal: AbortSignal, timeoutMs: number): Promise<Outcome> {
  if (isIP(party.host))
    return { state: 'passed', finding: `${party.host} is an address; there is no name to look up.` }
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(connectFault(Object.assign(new Error('late'), { code: 'EAI_AGAIN' }), party)),
    timeoutMs,
  )
  const onAbort = (): void => late.reject(cancelled())
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const found = await Promise.race([lookup(party.host, { all: true }), late.promise])
    const addresses = found.map((item) => item.address)
    return {
      state: 'passed',
      finding: `${party.host} is ${addresses.slice(0, 4).join(', ')}${addresses.length > 4 ? ' and others' : ''}.`,
    }
  } catch (error) {
    throw isAppError(error) ? error : connectFault(error, party)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

export interface Limits {
  signal: AbortSignal
  timeoutMs: number
}

/** Step `tls`, on an open connection: as the kind itself would do it. */
export async function checkTls(
  settings: ConnectionSettings,
  secrets: SecretLease,
  party: TlsParty,
  socket: Socket,
  limits: Limits,
): Promise<Outcome> {
  switch (settings.kind) {
    case 'ssh':
      return { state: 'skipped', finding: 'SSH encrypts by itself; its host key is checked at the login.' }
    case 'postgres':
      return checkPostgresTls(settings, party, socket, limits)
    case 'kubernetes': {
      const kubeconfig = secrets.read('kubeconfig')
      if (!kubeconfig)
        throw new AppError('unauthenticated', 'No kubeconfig is stored for this connection.', {
          remedy: 'Edit the connection and give its kubeconfig.',
        })
      const { caPem, tlsServerName } = loadKubeconfig(kubeconfig, settings.context)
      const trust: TlsTrust = caPem === null ? { mode: 'system' } : { mode: 'ca', caPem }
      return shakeHands(trust, party, socket, limits, tlsServerName ?? undefined)
    }
    case 'proxmox':
    case 'pbs':
    case 's3':
      return shakeHands(settings.tls, party, socket, limits)
  }
}

async function checkPostgresTls(
  settings: SettingsOf<'postgres'>,
  party: TlsParty,
  socket: Socket,
  limits: Limits,
): Promise<Outcome> {
  if (settings.tlsMode === 'disable')
    return {
      state: 'skipped',
      finding: 'TLS is switched off for this connection: queries and results travel in the clear.',
    }
  try {
    await requestPostgresTls(socket, party, limits)
  } catch (error) {
    if (settings.tlsMode !== 'prefer' || !isAppError(error) || !/does not offer TLS/.test(error.message))
      throw error
    return {
      state: 'skipped',
      finding: 'The server does not offer TLS: queries and results travel in the clear.',
    }
  }
  // As the session does it: a given authority or a pinned certificate is always checked.
  if (settings.tlsMode === 'verify' || settings.tls.mode !== 'system')
    return shakeHands(settings.tls, party, socket, limits)
  return {
    state: 'passed',
    finding: `The server offers TLS; its certificate is not checked (mode “${settings.tlsMode}”).`,
  }
}

async function shakeHands(
  trust: TlsTrust,
  party: TlsParty,
  socket: Socket,
  limits: Limits,
  servername?: string,
): Promise<Outcome> {
  const connection = await connectTls({ ...party, trust, socket, servername, ...limits })
  try {
    const certificate = peerCertificate(connection)
    const until = new Date(certificate?.validTo ?? '')
    const ending = Number.isNaN(until.getTime())
      ? ''
      : ` ${until.getTime() < Date.now() ? 'It expired on' : 'It is valid until'} ${until.toISOString().slice(0, 10)}.`
    return {
      state: 'passed',
      finding: `${connection.getProtocol() ?? 'TLS'}; ${trustWords[trust.mode]} ${certificate?.fingerprint256 ?? ''}.${ending}`,
    }
  } finally {
    connection.on('error', () => undefined)
    connection.destroy()
  }
}

const trustWords: Record<TlsTrust['mode'], string> = {
  system: 'the certificate is trusted by this computer. SHA-256',
  ca: 'the certificate was signed by the given authority. SHA-256',
  pinned: 'the certificate is the pinned one. SHA-256',
}
