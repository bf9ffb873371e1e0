// Certificates for tests, made on the spot: a private authority and leaves signed by it, valid or not. Never used
// by the application itself.
import { X509Certificate } from 'node:crypto'
import { generate } from 'selfsigned'

const dayMs = 86_400_000

export interface TestLeaf {
  key: string
  cert: string
  sha256: string
}
export interface TestAuthority {
  caPem: string
  issue(options?: { host?: string; fromDays?: number; untilDays?: number }): Promise<TestLeaf>
}

export async function createTestAuthority(): Promise<TestAuthority> {
  const made = await generate([{ name: 'commonName', value: 'Meridian test authority' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - 10 * dayMs),
    notAfterDate: new Date(Date.now() + 10 * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  return {
    caPem: made.cert,
    issue: ({ host = '127.0.0.1', fromDays = -1, untilDays = 5 } = {}) =>
      issueLeaf(host, fromDays, untilDays, { key: made.private, cert: made.cert }),
  }
}

/** A certificate that vouches for itself, as a fresh Proxmox VE or PBS shows. */
export const createSelfSigned = (host = '127.0.0.1'): Promise<TestLeaf> => issueLeaf(host, -1, 5)

async function issueLeaf(
  host: string,
  fromDays: number,
  untilDays: number,
  ca?: { key: string; cert: string },
): Promise<TestLeaf> {
  const isAddress = /^[\d.]+$/.test(host)
  const made = await generate([{ name: 'commonName', value: host }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ...(ca ? { ca } : {}),
    notBeforeDate: new Date(Date.now() + fromDays * dayMs),
    notAfterDate: new Date(Date.now() + untilDays * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [isAddress ? { type: 7, ip: host } : { type: 2, value: host }] },
    ],
  })
  return { key: made.private, cert: made.cert, sha256: new X509Certificate(made.cert).fingerprint256 }
}
