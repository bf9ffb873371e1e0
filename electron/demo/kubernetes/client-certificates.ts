// The demo cluster's client authority and the certificate of its administrator, kept in the lab's data directory so
// that a kubeconfig with them outlives a restart. Never trusted by anything but the demo API server.
import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { z } from 'zod'

const dayMs = 86_400_000
const pair = z.object({ keyPem: z.string(), certPem: z.string() })
const stored = z.object({ version: z.literal(1), ca: pair, admin: pair })

export type ClientCertificates = z.infer<typeof stored>

/** Loads or makes the certificates; a set with less than 30 days left is made anew. */
export async function loadClientCertificates(dataDir: string): Promise<ClientCertificates> {
  const folder = join(dataDir, 'kubernetes')
  const path = join(folder, 'client-certificates.json')
  const known = await readKnown(path)
  if (known !== undefined) return known
  const made = await makeCertificates()
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}.new`
  await writeFile(draft, JSON.stringify(made), { mode: 0o600 })
  await rename(draft, path)
  return made
}

async function readKnown(path: string): Promise<ClientCertificates | undefined> {
  try {
    const known = stored.parse(JSON.parse(await readFile(path, 'utf8')))
    const untilMs = Date.parse(new X509Certificate(known.admin.certPem).validTo)
    return untilMs > Date.now() + 30 * dayMs ? known : undefined
  } catch {
    return undefined
  }
}

async function makeCertificates(): Promise<ClientCertificates> {
  const validity = {
    notBeforeDate: new Date(Date.now() - dayMs),
    notAfterDate: new Date(Date.now() + 365 * dayMs),
  }
  const ca = await generate([{ name: 'commonName', value: 'rke2-client-ca' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ...validity,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  const subject = [
    { name: 'organizationName', value: 'system:masters' },
    { name: 'commonName', value: 'system:admin' },
  ]
  const admin = await generate(subject, {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: ca.private, cert: ca.cert },
    ...validity,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', clientAuth: true },
    ],
  })
  return {
    version: 1,
    ca: { keyPem: ca.private, certPem: ca.cert },
    admin: { keyPem: admin.private, certPem: admin.cert },
  }
}
