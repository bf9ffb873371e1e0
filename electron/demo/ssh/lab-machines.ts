// Which machines of the lab can be reached by SSH, what each is and how one logs in. One entry a machine: whoever needs
// another (or a sin on one) adds it here; the servers, keys and drafts follow.
import type { DemoSite } from '../world/site.ts'
import { guestMachine, labUser } from './guest-machine.ts'
import { auditUser, nodeMachine } from './node-machine.ts'
import type { Machine } from './shell/machine.ts'

export interface LabMachine {
  name: string
  /** Makes the machine, or null when the site does not have it. */
  machine(site: DemoSite, nowMs: () => number): Machine | null
  user: string
  auth: 'key' | 'password' | 'keyboard-interactive'
  /** Asked for after the password. */
  secondFactor?: { code: string; hint: string }
  /** The draft leaves the host key open: a person meets it at first use. */
  isUnconfirmed?: boolean
  /** Scripts that are put there and started really run. */
  runsScripts?: boolean
  /** Reached only through this machine, at its own address in the lab's network. */
  jump?: string
}

const guest = (name: string) => (site: DemoSite, nowMs: () => number): Machine | null => {
  const found = site.guests.find((one) => one.name === name)
  return found === undefined ? null : guestMachine(site, found, nowMs)
}
const host = (name: string) => (site: DemoSite, nowMs: () => number): Machine | null => nodeMachine(site, name, nowMs)

/** Anybody in the lab may know it: it only shows what a second factor feels like. */
const demoCode = '314159'

export const labMachines: readonly LabMachine[] = [
  { name: 'proj-gpu01', machine: guest('proj-gpu01'), user: labUser.name, auth: 'key', runsScripts: true },
  { name: 'proj-pg01', machine: guest('proj-pg01'), user: labUser.name, auth: 'password' },
  { name: 'proj-dev01', machine: guest('proj-dev01'), user: labUser.name, auth: 'key', isUnconfirmed: true },
  {
    name: 'mgmt-ansible01',
    machine: guest('mgmt-ansible01'),
    user: labUser.name,
    auth: 'keyboard-interactive',
    secondFactor: { code: demoCode, hint: `The demo lab’s authenticator shows ${demoCode}.` },
  },
  { name: 'proj-ztna01', machine: guest('proj-ztna01'), user: labUser.name, auth: 'key' },
  { name: 'proj-fs01', machine: guest('proj-fs01'), user: labUser.name, auth: 'key', jump: 'proj-ztna01' },
  { name: 'node01', machine: host('node01'), user: auditUser.name, auth: 'key' },
  { name: 'pbs01', machine: host('pbs01'), user: auditUser.name, auth: 'key' },
]

/** The address that a machine has in the lab's network. */
export const labAddress = (site: DemoSite, name: string): string | undefined =>
  site.guests.find((one) => one.name === name)?.nics[0]?.ip
