// What a guest's firmware and hypervisor say about its identity: the same in the Proxmox VE config, in the guest
// agent's answers and in a Kubernetes node's systemUUID, so that a client can tell that two records are one machine.
import { hashFraction } from './load.ts'

/** SMBIOS UUID of a guest (`smbios1` in its config, `systemUUID` of the Kubernetes node inside). Fixed by `key`. */
export const smbiosUuid = (key: number | string): string => uuidFrom(`smbios${key}`)

/** VM generation id; changes with a rollback or a clone in real life, fixed here by `key`. */
export const vmGenerationId = (key: number | string): string => uuidFrom(`vmgenid${key}`)

/** A stable version-4 UUID for any text. */
export function uuidFrom(text: string): string {
  let hex = ''
  for (let part = 0; hex.length < 32; part++) hex += hexDigits(`${text}:${part}`, 8)
  const variant = '89ab'[Math.floor(hashFraction(`${text}:variant`) * 4)] ?? '8'
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** `count` stable lower-case hex digits (8 at most) for any text. */
export const hexDigits = (text: string, count: number): string =>
  Math.floor(hashFraction(text) * 16 ** count)
    .toString(16)
    .padStart(count, '0')

/** Unix seconds at which a guest of the inventory was created (`ctime` in the config's `meta`). */
export const createdSeconds = (vmid: number): number => 1_735_689_600 + Math.floor(hashFraction(`ctime${vmid}`) * 14_000_000)
