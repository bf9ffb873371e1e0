// What a route of the demo backup server gets besides its parameters.
import { ApiFault } from '../api2/api-fault.ts'
import { routeMaker } from '../api2/routes.ts'
import type { TicketOffice } from '../api2/tickets.ts'
import type { BackupServer } from './backup-server.ts'
import { pbsPrivileges, type PbsCaller } from './identities.ts'

export interface PbsCall {
  server: BackupServer
  caller: PbsCaller | undefined
  nowMs: number
  tickets: TicketOffice
  fingerprint256: string
  certPem: string
  /** Members of the answer beside `data`, such as `total`. */
  extras: Record<string, unknown>
}

export const route = routeMaker<PbsCall>()

/** Who starts a task: the token if one calls, else the user. */
export const ownerOf = (call: PbsCall): string => call.caller?.tokenId ?? call.caller?.userId ?? 'root@pam'

export function may(
  call: PbsCall,
  path: string,
  privileges: readonly string[],
  isAnyEnough = false,
): boolean {
  if (!call.caller) return false
  const granted = pbsPrivileges(call.caller, path)
  return isAnyEnough ? privileges.some((it) => granted.has(it)) : privileges.every((it) => granted.has(it))
}

/** Throws the bare 403 of the backup server, which names neither path nor privilege. */
export function demand(
  call: PbsCall,
  path: string,
  privileges: readonly string[],
  isAnyEnough = false,
): void {
  if (!may(call, path, privileges, isAnyEnough)) throw new ApiFault(403, 'permission check failed.')
}

/** Throws unless the store exists and the caller may do one of these things there. */
export function openStore(call: PbsCall, store: string, privileges: readonly string[]): void {
  demand(call, `/datastore/${store}`, privileges, true)
  if (store !== call.server.backups.datastore) throw new ApiFault(400, `no such datastore '${store}'`)
}
