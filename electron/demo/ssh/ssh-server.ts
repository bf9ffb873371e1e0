// Starts and stops the demo lab's SSH machines, each on a port of its own. Called by the lab's composition root; gives
// back one connection draft per machine.
import { randomBytes } from 'node:crypto'
import type { ConnectionDraft, ConnectionId } from '#shared/model/connection.ts'
import type { DemoContext, DemoService } from '../context.ts'
import { labAddress, labMachines, type LabMachine } from './lab-machines.ts'
import type { SshKeys } from './host-keys.ts'
import { fingerprintOf, loadSshKeys } from './host-keys.ts'
import { createRealScripts } from './real-scripts.ts'
import type { Machine } from './shell/machine.ts'
import type { SshHost } from './ssh-host.ts'
import { startSshHost } from './ssh-host.ts'

export interface SshDemoOptions {
  /** How long the `slow` fault holds things back; milliseconds. */
  slowMs?: number
}

/** Starts every machine on a port of its own on 127.0.0.1. Rejects when the data directory cannot be written. */
export async function startSshDemo(context: DemoContext, options: SshDemoOptions = {}): Promise<DemoService> {
  context.onProgress('Starting the SSH machines', 0)
  const wanted = labMachines.flatMap((lab) => {
    const machine = lab.machine(context.site, () => context.clock.nowMs())
    if (machine !== null && lab.runsScripts) letScriptsRun(context, machine)
    return machine === null ? [] : [{ lab, machine }]
  })
  const keys = await loadSshKeys(
    context.dataDir,
    wanted.map(({ lab }) => lab.name),
  )
  const password = randomBytes(12).toString('base64url')
  const routes = new Map<string, number>()
  const hosts: SshHost[] = []
  const drafts: ConnectionDraft[] = []
  for (const { lab, machine } of wanted) {
    const host = await startSshHost({
      context,
      machine,
      hostKey: keys.host(lab.name),
      credentials: {
        user: lab.user,
        password,
        publicKey: keys.user.publicKey,
        ...(lab.secondFactor ? { secondFactor: lab.secondFactor } : {}),
      },
      routes,
      ...(options.slowMs === undefined ? {} : { slowMs: options.slowMs }),
    })
    const address = labAddress(context.site, lab.name)
    if (address !== undefined) routes.set(`${address}:22`, host.port)
    hosts.push(host)
    drafts.push(draftOf(lab, { port: host.port, address, keys, password }))
  }
  context.onProgress('Starting the SSH machines', 1)
  return {
    name: 'ssh',
    drafts,
    dispose: async () => void (await Promise.all(hosts.map((host) => host.dispose()))),
  }
}

/** The machine gets its interpreter, and the settings with which its users reach the database. */
function letScriptsRun({ runner }: DemoContext, machine: Machine): void {
  machine.scripts = createRealScripts(runner, machine)
  runner.onDatabase(({ host, database, user, password }) => {
    const lines = [`PGHOST=${host}`, 'PGPORT=5432', `PGDATABASE=${database}`, `PGUSER=${user}`, `PGPASSWORD=${password}`]
    machine.files.furnish(`${machine.home}/.config/meridian/database.env`, `${lines.join('\n')}\n`, 0o600)
  })
}

const labelOf = (name: string): string => `SSH ${name}`

/** A machine behind another one is addressed as that one sees it; the others stand on this computer. */
function draftOf(
  { name, user, auth, isUnconfirmed, jump }: LabMachine,
  at: { port: number; address: string | undefined; keys: SshKeys; password: string },
): ConnectionDraft {
  const { port, address, keys, password } = at
  const place =
    jump === undefined || address === undefined
      ? { host: '127.0.0.1', port }
      : { host: address, port: 22, jumpConnectionId: labelOf(jump) as ConnectionId }
  return {
    label: labelOf(name),
    settings: {
      kind: 'ssh',
      ...place,
      user,
      auth,
      ...(isUnconfirmed ? {} : { hostKeySha256: fingerprintOf(keys.host(name).publicKey) }),
    },
    secrets: auth === 'key' ? { privateKey: keys.user.privateKey } : { password },
  }
}
