// The SMBIOS UUID of each guest of the lab: the Proxmox VE server shows it in `smbios1`, the operating system inside
// the guest reports it, and so the Kubernetes node does as `systemUUID`. Pure; the same VMID has the same UUID always.
import { createHash } from 'node:crypto'

/** Lower-case UUID (version 4 form) of the guest with this VMID. */
export function guestUuid(vmid: number): string {
  const hex = createHash('sha256').update(`meridian demo lab guest ${vmid}`).digest('hex')
  const variant = ((parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
