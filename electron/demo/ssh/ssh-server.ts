// Starts and stops the demo lab's SSH machines: the GPU machine (public key) and the database machine (password).
// Called by the lab's composition root; gives back one connection draft per machine.
import { randomBytes } from 'node:crypto'
import type { ConnectionDraft } from '#shared/model/connection.ts'
import type { DemoContext, DemoService } from '../context.ts'
import type { DemoGuest } from '../world/site.ts'
import { guestMachine, labUser } from './guest-machine.ts'
import type { SshKeys } from './host-keys.ts'
import { fingerprintOf, loadSshKeys } from './host-keys.ts'
import type { SshHost } from './ssh-host.ts'
import { startSshHost } from './ssh-host.ts'

export interface SshDemoOptions {
  /** How long the `slow` fault holds things back; milliseconds. */
  slowMs?: number
}

/** Which machines of the site can be reached, and how the draft logs in. */
const reachable: { guest: string; auth: 'key' | 'password' }[] = [
  { guest: 'proj-gpu01', auth: 'key' },
  { guest: 'proj-pg01', auth: 'password' },
]

/** Starts every machine on a port of its own on 127.0.0.1. Rejects when the data directory cannot be written. */
export async function startSshDemo(context: DemoContext, options: SshDemoOptions = {}): Promise<DemoService> {
  context.onProgress('Starting the SSH machines', 0)
  const wanted = reachable.flatMap(({ guest, auth }) => {
    const found = context.site.guests.find((one) => one.name === guest)
    return found === undefined ? [] : [{ guest: found, auth }]
  })
  const keys = await loadSshKeys(
    context.dataDir,
    wanted.map(({ guest }) => guest.name),
  )
  const password = randomBytes(12).toString('base64url')
  const hosts: SshHost[] = []
  const drafts: ConnectionDraft[] = []
  for (const { guest, auth } of wanted) {
    const host = await startSshHost({
      context,
      machine: guestMachine(context.site, guest, () => context.clock.nowMs()),
      hostKey: keys.host(guest.name),
      credentials: { user: labUser.name, password, publicKey: keys.user.publicKey },
      ...(options.slowMs === undefined ? {} : { slowMs: options.slowMs }),
    })
    hosts.push(host)
    drafts.push(draftOf(guest, auth, host.port, keys, password))
  }
  context.onProgress('Starting the SSH machines', 1)
  return {
    name: 'ssh',
    drafts,
    dispose: async () => void (await Promise.all(hosts.map((host) => host.dispose()))),
  }
}

const draftOf = (
  guest: DemoGuest,
  auth: 'key' | 'password',
  port: number,
  keys: SshKeys,
  password: string,
): ConnectionDraft => ({
  label: `SSH ${guest.name}`,
  settings: {
    kind: 'ssh',
    host: '127.0.0.1',
    port,
    user: labUser.name,
    auth,
    hostKeySha256: fingerprintOf(keys.host(guest.name).publicKey),
  },
  secrets: auth === 'key' ? { privateKey: keys.user.privateKey } : { password },
})
