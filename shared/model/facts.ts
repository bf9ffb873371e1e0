// Facts of entities as people read them. A key's suffix is its unit; the rest of the key is its name.
import type { FactValue } from './inventory.ts'
import { formatBytes, formatCount, formatDuration, formatPercent } from './quantities.ts'

const suffixes: ReadonlyArray<[string, (value: number) => string]> = [
  ['BytesPerSecond', (value) => `${formatBytes(value)}/s`],
  ['Bytes', formatBytes],
  ['Fraction', formatPercent],
  ['Percent', (value) => `${Math.round(value)} %`],
  ['Seconds', (value) => formatDuration(value * 1000)],
  ['AtMs', (value) => new Date(value).toLocaleString()],
  ['Ms', formatDuration],
  ['Celsius', (value) => `${value.toFixed(1)} °C`],
  ['Watts', (value) => `${value.toFixed(0)} W`],
]

const upperWords: Record<string, string> = {
  cpu: 'CPU', gpu: 'GPU', vmid: 'VMID', ip: 'IP', mac: 'MAC', os: 'OS', ha: 'HA', pci: 'PCI', id: 'ID', uid: 'UID', gc: 'GC', uri: 'URI', url: 'URL', pve: 'PVE', pbs: 'PBS', kvm: 'KVM', vlan: 'VLAN', mtu: 'MTU', api: 'API', cidr: 'CIDR',
}

const unitOf = (key: string): string | undefined => suffixes.find(([suffix]) => key.endsWith(suffix))?.[0]

/** `memoryTotalBytes` → `Memory total`; `lastBackupAtMs` → `Last backup`; `vmid` → `VMID`. */
export function factLabel(key: string): string {
  const unit = unitOf(key)
  const bare = unit && key.length > unit.length ? key.slice(0, -unit.length) : key
  const words = bare.replace(/([a-z0-9])([A-Z])/g, '$1 $2').split(/[\s_-]+/)
  return words
    .map((word, index) => upperWords[word.toLowerCase()] ?? (index === 0 ? word.charAt(0).toUpperCase() + word.slice(1) : word.toLowerCase()))
    .join(' ')
}

/** The value with its unit; null reads as an em dash. */
export function formatFact(key: string, value: FactValue): string {
  if (value === null || value === '') return '—'
  if (Array.isArray(value)) return value.length > 0 ? value.join(', ') : '—'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return value
  const format = suffixes.find(([suffix]) => key.endsWith(suffix))?.[1]
  if (format) return format(value)
  if (/(id|port)$/i.test(key) || !Number.isInteger(value)) return String(value)
  return formatCount(value)
}

/** Facts that are numbers line up on the right. */
export const isNumericFact = (value: FactValue | undefined): boolean => typeof value === 'number'
