// What a route of the demo cluster gets besides its parameters: who calls, what they may, the cluster, the time.
import { ApiFault } from '../api2/api-fault.ts'
import { routeMaker } from '../api2/routes.ts'
import type { TicketOffice } from '../api2/tickets.ts'
import type { Cluster } from './cluster.ts'
import type { ConsoleDesk } from './console-desk.ts'
import type { GuestConsoles } from './guest-consoles.ts'
import { privilegesOn, type Caller } from './identities.ts'

export interface PveCall {
  cluster: Cluster
  /** Undefined for calls that need no login. */
  caller: Caller | undefined
  nowMs: number
  tickets: TicketOffice
  consoles: ConsoleDesk
  guestConsoles: GuestConsoles
  /** SHA-256 fingerprint of the certificate that the server shows. */
  fingerprint256: string
  certPem: string
  /** Members of the answer beside `data`, such as `total`. */
  extras: Record<string, unknown>
}

export const route = routeMaker<PveCall>()

/** `user@realm`, or `user@realm!token`: how the starter of a task is written in its UPID. */
export const ownerOf = (call: PveCall): string => call.caller?.tokenId ?? call.caller?.userId ?? 'root@pam'

/** Whether the caller has all (or, with `isAnyEnough`, one) of the privileges on a path. */
export function may(
  call: PveCall,
  path: string,
  privileges: readonly string[],
  isAnyEnough = false,
): boolean {
  if (!call.caller) return false
  const granted = privilegesOn(call.caller, path, call.cluster.poolOf)
  return isAnyEnough ? privileges.some((it) => granted.has(it)) : privileges.every((it) => granted.has(it))
}

/** Throws the 403 of a refused call. */
export function demand(
  call: PveCall,
  path: string,
  privileges: readonly string[],
  isAnyEnough = false,
): void {
  if (may(call, path, privileges, isAnyEnough)) return
  const wanted = privileges.join(isAnyEnough ? '|' : ', ')
  throw new ApiFault(403, `Permission check failed (${path}, ${wanted})`)
}
