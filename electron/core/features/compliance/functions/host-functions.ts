// What rules must know of a host's own commands beyond lines and words: sockets of `ss`, keys of `ssh-keygen -l`, modes
// of files, trees of `lsblk`. Pure.
import { RuleFault } from '../rules/rule-fault.ts'
import type { RuleFunction } from '../rules/rule-functions.ts'
import { asRow, asText, rowsField, textField, type Row } from './arguments.ts'

/** Lines of `ss -H -tulnp`. */
function sockets(text: unknown): Row[] {
  return asText(text)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [protocol = '', , , , local = ''] = line.trim().split(/\s+/)
      const match = /^(.*):(\d+)$/.exec(local)
      if (!match) throw new RuleFault(`“${line.trim()}” is not a line of ss.`)
      const address = match[1]!.replace(/^\[|\]$/g, '').replace(/%.*$/, '').replace(/^::ffff:/, '')
      return {
        protocol,
        address,
        port: Number(match[2]),
        process: /users:\(\("([^"]+)"/.exec(line)?.[1] ?? 'a process',
        isWildcard: ['*', '0.0.0.0', '::'].includes(address),
        isLoopback: address === '::1' || address.startsWith('127.'),
      }
    })
}

/** Files (`600 root /root/.ssh/authorized_keys`) and the keys that ssh-keygen lists for them. */
const keyLines = (text: unknown): Row[] =>
  asText(text)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const key = /^(\d+) (SHA256:\S+) .*\((\w+)\)$/.exec(line.trim())
      if (key) return { kind: 'key', name: key[2]!, bits: Number(key[1]), algorithm: key[3]!.toUpperCase(), mode: '' }
      const [mode = '', , path = ''] = line.trim().split(/\s+/)
      return { kind: 'file', name: path, bits: 0, algorithm: '', mode }
    })

/** No bit in `mode` that `most` does not have. */
const isPrivateMode = (mode: unknown, most: unknown): boolean => {
  const [held, allowed] = [Number.parseInt(asText(mode), 8), Number.parseInt(asText(most), 8)]
  if (Number.isNaN(held) || Number.isNaN(allowed)) throw new RuleFault(`“${asText(mode)}” is not a file mode.`)
  return (held & ~allowed) === 0
}

/** True when every mounted file system below /mnt, /srv, /data or /home lies on an encrypted device. */
function encryptedMounts(answer: unknown): boolean {
  const isData = (mount: string): boolean => /^\/(mnt|srv|data|home)(\/|$)/.test(mount)
  const walk = (device: Row, isEncrypted: boolean): boolean => {
    const covered = isEncrypted || textField(device, 'type') === 'crypt'
    const mounts = Array.isArray(device['mountpoints']) ? device['mountpoints'] : []
    const isBare = mounts.some((mount) => typeof mount === 'string' && isData(mount)) && !covered
    return !isBare && rowsField(device, 'children').every((child) => walk(child, covered))
  }
  return rowsField(asRow(answer), 'blockdevices').every((device) => walk(device, false))
}

export const hostFunctions: Readonly<Record<string, RuleFunction>> = { sockets, keyLines, isPrivateMode, encryptedMounts }
