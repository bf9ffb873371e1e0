// What a guest's firmware and hypervisor say about its identity: the same in the Proxmox VE config (`smbios1`), in
// the guest agent's answers and in a Kubernetes node's systemUUID, so that a client can tell that two records are
// one machine. Pure; the same key has the same answer always.
import { createHash } from 'node:crypto'
import { hashFraction } from './load.ts'

/** Lower-case UUID (version 4 form) of the guest with this VMID. */
export const guestUuid = (vmid: number): string => uuidFrom(`guest ${vmid}`)

/** VM generation id of a guest. */
export const vmGenerationId = (vmid: number): string => uuidFrom(`generation of guest ${vmid}`)

/** A stable version-4 UUID for any text. */
export function uuidFrom(text: string): string {
  const hex = hexDigits(text, 32)
  const variant = ((parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-')
}

/** `count` stable lower-case hex digits (64 at most) for any text. */
export const hexDigits = (text: string, count: number): string =>
  createHash('sha256').update(`meridian demo lab ${text}`).digest('hex').slice(0, count)

/** Unix seconds at which a guest of the inventory was created (`ctime` in the config's `meta`). */
export const createdSeconds = (vmid: number): number =>
  1_735_689_600 + Math.floor(hashFraction(`ctime${vmid}`) * 14_000_000)
