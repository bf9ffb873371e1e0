// What an identity may do at Proxmox VE or PBS, as the server itself says: privileges by path, inherited downwards. Pure.
// Screens grey by it; the server decides.
import { z } from 'zod'

export const rights = z.object({
  /** `user@realm` or `user@realm!token`. */
  identity: z.string(),
  /** Path → privilege → whether what lies below inherits it. */
  paths: z.record(z.string(), z.record(z.string(), z.boolean())),
})
export type Rights = z.infer<typeof rights>

/**
 * True when `privilege` holds on `path` (`/vms/2002`). The nearest path that the server speaks of decides; of those
 * above only what propagates counts.
 */
export function hasPrivilege(held: Rights, path: string, privilege: string): boolean {
  for (let place = path; ; place = parentOf(place)) {
    const here = held.paths[place]
    if (here) return here[privilege] !== undefined && (place === path || here[privilege] === true)
    if (place === '/') return false
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/'))) || '/'

/**
 * Why `privilege` is missing on `path`, as a sentence for a greyed action; null when it is there, or when nobody knows
 * yet what this identity may do.
 */
export function missingPrivilege(held: Rights | undefined, path: string, ...privileges: string[]): string | null {
  if (!held) return null
  const missing = privileges.find((privilege) => !hasPrivilege(held, path, privilege))
  return missing === undefined ? null : `${held.identity} lacks the privilege ${missing} on ${path}.`
}
