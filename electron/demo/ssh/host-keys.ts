// Keys of the demo lab's SSH machines, kept in the lab's data directory: one host key per machine, so that a confirmed
// fingerprint stays right, and one throw-away key pair for the lab's user.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { z } from 'zod'

const keyPair = z.object({ privateKey: z.string().min(1), publicKey: z.string().min(1) })
const stored = z.object({ version: z.literal(1), hosts: z.record(z.string(), keyPair), user: keyPair })
type Stored = z.infer<typeof stored>

export type SshKeyPair = z.infer<typeof keyPair>

export interface SshKeys {
  host(name: string): SshKeyPair
  user: SshKeyPair
}

/** Loads the keys, making those that are missing. Rejects when the directory cannot be written. */
export async function loadSshKeys(dataDir: string, hostNames: string[]): Promise<SshKeys> {
  const folder = join(dataDir, 'ssh')
  const path = join(folder, 'keys.json')
  const known = await readKnown(path)
  const keys: Stored = known ?? { version: 1, hosts: {}, user: makePair('meridian demo lab user') }
  const missing = hostNames.filter((name) => {
    const pair = keys.hosts[name]
    return pair === undefined || !isUsable({ private: pair.privateKey, public: pair.publicKey })
  })
  for (const name of missing) keys.hosts[name] = makePair(name)
  if (known === undefined || missing.length > 0) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const draft = `${path}.${process.pid}.new`
    await writeFile(draft, JSON.stringify(keys), { mode: 0o600 })
    await rename(draft, path)
  }
  return {
    user: keys.user,
    host(name) {
      const pair = keys.hosts[name]
      if (pair === undefined) throw new Error(`The demo lab has no SSH host key for ${name}.`)
      return pair
    },
  }
}

async function readKnown(path: string): Promise<Stored | undefined> {
  try {
    return stored.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return undefined
  }
}

/** An ed25519 pair in OpenSSH's own formats. About one in a few hundred that ssh2 makes it cannot read itself. */
function makePair(comment: string): SshKeyPair {
  for (;;) {
    const made = ssh2.utils.generateKeyPairSync('ed25519', { comment })
    if (isUsable(made)) return { privateKey: made.private, publicKey: made.public }
  }
}

const isUsable = (made: { private: string; public: string }): boolean =>
  [made.private, made.public].every((text) => !(ssh2.utils.parseKey(text) instanceof Error))

/** The fingerprint as OpenSSH prints it: `SHA256:` and base64 without padding, of the key blob. */
export function fingerprintOf(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64')
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}
