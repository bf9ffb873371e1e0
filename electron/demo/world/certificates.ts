// The demo lab's certificate authority and the leaf certificates of its servers, kept in the lab's data directory.
// Called once at start by the composition root (and by server tests); must never sign anything but loopback names.
import { X509Certificate } from 'node:crypto'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { z } from 'zod'
import type { FaultService, ServerCertificate } from '../context.ts'

const dayMs = 86_400_000
const caYears = 10
const leafDays = 365
const renewBeforeDays = 30
/** What the certificates look like; a stored set of another version is made anew. */
const formatVersion = 1

const keyPair = z.object({ keyPem: z.string(), certPem: z.string() })
const storedSet = z.object({
  version: z.literal(formatVersion),
  ca: keyPair,
  leaves: z.record(z.string(), z.object({ current: keyPair, expired: keyPair })),
})
type StoredSet = z.infer<typeof storedSet>
type KeyPair = z.infer<typeof keyPair>

export const demoServices = [
  'proxmox',
  'pbs',
  'kubernetes',
  'postgres',
  'ssh',
  's3',
] as const satisfies FaultService[]

/**
 * Loads or makes the certificates of all demo servers. The authority survives restarts, so a site that trusts it
 * keeps working; a leaf with less than 30 days left is renewed. Rejects when `dataDir` cannot be written.
 */
export async function loadCertificates(dataDir: string): Promise<(name: FaultService) => ServerCertificate> {
  const folder = join(dataDir, 'certificates')
  const path = join(folder, 'certificates.json')
  const stored = await readStored(path)
  const fresh = await completeSet(stored)
  if (fresh !== stored) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const draft = `${path}.${process.pid}.new`
    await writeFile(draft, JSON.stringify(fresh), { mode: 0o600 })
    await chmod(draft, 0o600)
    await rename(draft, path)
  }
  return (name) => {
    const leaf = fresh.leaves[name]
    if (!leaf) throw new Error(`The demo lab has no certificate for ${name}.`)
    const { fingerprint256 } = new X509Certificate(leaf.current.certPem)
    return { ...leaf.current, caPem: fresh.ca.certPem, fingerprint256, expired: leaf.expired }
  }
}

async function readStored(path: string): Promise<StoredSet | undefined> {
  try {
    return storedSet.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return undefined
  }
}

async function completeSet(stored: StoredSet | undefined): Promise<StoredSet> {
  const isUsable = stored && hasDaysLeft(stored.ca.certPem, leafDays + renewBeforeDays)
  const ca = isUsable ? stored.ca : await makeAuthority()
  const leaves: StoredSet['leaves'] = isUsable ? { ...stored.leaves } : {}
  let isChanged = !isUsable
  for (const name of demoServices) {
    const kept = leaves[name]
    if (kept && hasDaysLeft(kept.current.certPem, renewBeforeDays)) continue
    leaves[name] = await makeLeaf(name, ca)
    isChanged = true
  }
  return stored && !isChanged ? stored : { version: formatVersion, ca, leaves }
}

function hasDaysLeft(certPem: string, days: number): boolean {
  try {
    return Date.parse(new X509Certificate(certPem).validTo) > Date.now() + days * dayMs
  } catch {
    return false
  }
}

async function makeAuthority(): Promise<KeyPair> {
  const made = await generate([{ name: 'commonName', value: 'Meridian demo lab CA' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - dayMs),
    notAfterDate: new Date(Date.now() + caYears * 365 * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  return { keyPem: made.private, certPem: made.cert }
}

async function makeLeaf(name: FaultService, ca: KeyPair) {
  const now = Date.now()
  const [current, expired] = await Promise.all([
    signLeaf(name, ca, now - dayMs, now + leafDays * dayMs),
    signLeaf(name, ca, now - 2 * leafDays * dayMs, now - leafDays * dayMs),
  ])
  return { current, expired }
}

async function signLeaf(name: FaultService, ca: KeyPair, fromMs: number, untilMs: number): Promise<KeyPair> {
  const made = await generate([{ name: 'commonName', value: `${name}.demo.invalid` }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: ca.keyPem, cert: ca.certPem },
    notBeforeDate: new Date(fromMs),
    notAfterDate: new Date(untilMs),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  })
  return { keyPem: made.private, certPem: made.cert }
}
