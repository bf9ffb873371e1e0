// What a connection must be before it is stored or tested: an address without credentials in it, secrets that fit
// the way of logging in, and never an old secret on its way to a new address. Pure; the service applies it.
import { isIP } from 'node:net'
import { AppError } from '#shared/errors.ts'
import type { ConnectionDraft, ConnectionSettings, SecretName, SettingsOf } from '#shared/model/connection.ts'
import { readAuthorities } from '../../connectors/tls/tls-trust.ts'

const words: Record<SecretName, string> = {
  tokenSecret: 'token secret',
  password: 'password',
  totpSeed: 'TOTP seed',
  privateKey: 'private key',
  keyPassphrase: 'passphrase of the key',
  kubeconfig: 'kubeconfig',
  accessKeyId: 'access key id',
  secretAccessKey: 'secret access key',
}

/** The secrets that this way of logging in uses; others are not kept. */
export function usedSecrets(settings: ConnectionSettings): readonly SecretName[] {
  switch (settings.kind) {
    case 'proxmox':
    case 'pbs':
      return settings.auth.mode === 'token' ? ['tokenSecret'] : ['password', 'totpSeed']
    case 'kubernetes':
      return ['kubeconfig']
    case 'postgres':
      return ['password']
    case 's3':
      return ['accessKeyId', 'secretAccessKey']
    case 'ssh':
      if (settings.auth === 'key') return ['privateKey', 'keyPassphrase']
      return settings.auth === 'agent' ? [] : ['password']
  }
}

/** Checks what the schema cannot; answers the settings in their stored form. Throws `invalid-input` by field. */
export function checkSettings(settings: ConnectionSettings): ConnectionSettings {
  switch (settings.kind) {
    case 'proxmox':
    case 'pbs': {
      checkAuthority(settings.tls)
      if (settings.auth.mode === 'token') checkTokenId(settings.auth.tokenId)
      else if (/[@!:\s]/.test(settings.auth.username))
        throw invalid('settings.auth.username', 'The user name is the part before “@”, without blanks.')
      return { ...settings, url: checkUrl(settings.url) }
    }
    case 'postgres':
      checkAuthority(settings.tls)
      return settings
    case 'ssh':
      if (
        settings.hostKeySha256 !== undefined &&
        !/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(settings.hostKeySha256)
      )
        throw invalid(
          'settings.hostKeySha256',
          'A host key looks as ssh-keygen prints it: SHA256: and 43 letters.',
        )
      return settings
    case 's3':
      checkAuthority(settings.tls)
      checkBucketAddress(settings)
      return { ...settings, url: checkUrl(settings.url), prefix: settings.prefix.replace(/^\/+/, '') }
    case 'kubernetes':
      return settings
  }
}

function checkUrl(text: string): string {
  const field = 'settings.url'
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || url.hostname === '')
    throw invalid(field, 'This is not an address. It looks like https://pve1.example.org:8006.')
  if (url.username !== '' || url.password !== '')
    throw invalid(
      field,
      'The address must not hold a user name or a password: they have fields of their own.',
    )
  if (url.protocol !== 'https:')
    throw invalid(field, 'The address must start with https://: credentials never travel in the clear.')
  if (url.search !== '' || url.hash !== '')
    throw invalid(field, 'The address ends after host and port, for example https://pve1.example.org:8006.')
  if (url.pathname !== '/')
    throw invalid(field, `The address is the server alone, without ${url.pathname.slice(0, 60)}.`)
  return url.origin
}

/** In the host name a bucket must fit the certificate: `*.s3.example.org` covers one label, and no address. */
function checkBucketAddress(settings: SettingsOf<'s3'>): void {
  if (settings.isPathStyle) return
  const host = URL.canParse(settings.url) ? new URL(settings.url).hostname : ''
  if (isIP(host.replace(/^\[|\]$/g, '')) || settings.bucket.includes('.'))
    throw invalid(
      'settings.isPathStyle',
      'An endpoint by its IP address, or a bucket with a dot in its name, needs the bucket in the path.',
    )
}

function checkTokenId(tokenId: string): void {
  const field = 'settings.auth.tokenId'
  // Pasted whole, the part after "=" is the secret: it must not get into the store.
  if (tokenId.includes('='))
    throw invalid(
      field,
      'Enter the token id only up to “=”; what follows is its secret and has a field of its own.',
    )
  if (!/^[^\s@!]+@[^\s@!]+![^\s@!]+$/.test(tokenId))
    throw invalid(field, 'A token id looks like meridian@pve!desktop.')
}

function checkAuthority(trust: { mode: string; caPem?: string }): void {
  if (trust.mode !== 'ca') return
  const pem = trust.caPem ?? ''
  if (/PRIVATE KEY/.test(pem))
    throw invalid(
      'settings.tls.caPem',
      'This text holds a private key. Give the authority’s certificate only.',
    )
  readAuthorities(pem)
}

/** Where the secrets of a connection go, and as whom. While this stays the same, stored secrets may be used. */
export function destinationOf(settings: ConnectionSettings): string {
  switch (settings.kind) {
    case 'proxmox':
    case 'pbs': {
      const { auth } = settings
      const who = auth.mode === 'token' ? auth.tokenId : `${auth.username}@${auth.realm}`
      return `${settings.kind} ${originOf(settings.url)} ${who}`
    }
    case 's3':
      return `s3 ${originOf(settings.url)} ${settings.bucket} ${settings.isPathStyle}`
    case 'postgres':
      return `postgres ${settings.host.toLowerCase()} ${settings.port} ${settings.user}`
    case 'ssh':
      // The same address behind another jump host may be another machine.
      return `ssh ${settings.host.toLowerCase()} ${settings.port} ${settings.user} via ${settings.jumpConnectionId ?? ''}`
    case 'kubernetes':
      // A kubeconfig names its servers itself: it goes nowhere else, whichever of its contexts is chosen.
      return 'kubernetes'
  }
}

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url)

/**
 * Which stored secrets may serve the new settings. Throws `invalid-input` when the address or the account changed
 * and a secret that is needed was not entered anew: an old secret is never sent to a new place.
 */
export function reusableSecrets(
  stored: ConnectionSettings,
  storedNames: readonly SecretName[],
  draft: ConnectionDraft,
): SecretName[] {
  if (stored.kind !== draft.settings.kind)
    throw invalid(
      'settings.kind',
      'The kind of a connection cannot be changed.',
      'Add a new connection instead.',
    )
  const wanted = usedSecrets(draft.settings).filter(
    (name) => storedNames.includes(name) && draft.secrets[name] === undefined,
  )
  if (destinationOf(stored) === destinationOf(draft.settings)) return wanted
  const first = wanted[0]
  if (first === undefined) return []
  const fields = Object.fromEntries(
    wanted.map((name) => [`secrets.${name}`, `Enter the ${words[name]} again`]),
  )
  throw new AppError(
    'invalid-input',
    `The address or the account has changed: enter the ${words[first]} again.`,
    {
      remedy: 'A stored secret is only ever sent to the place it was entered for.',
      detail: { kind: 'validation', fields },
    },
  )
}

/** A validation failure of one field, as a sentence. */
export const invalid = (field: string, message: string, remedy?: string): AppError =>
  new AppError('invalid-input', message, {
    remedy,
    detail: { kind: 'validation', fields: { [field]: message } },
  })
