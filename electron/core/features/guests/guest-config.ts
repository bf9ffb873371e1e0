// The configuration of a guest as people edit it: flat options with text values. Pure checks and comparisons here; the
// service reads and writes. What Proxmox VE manages itself is neither shown for editing nor taken from anybody.
import type { GuestConfig } from '#shared/contracts/guests.ts'
import { AppError } from '#shared/errors.ts'
import { parseProperties } from '../../connectors/proxmox/api2-values.ts'
import type { LocalDisk } from './migration-plan.ts'

/** Kept by Proxmox VE itself, or parameters of the call that are no options. */
const managed = new Set([
  'digest', 'lock', 'parent', 'snaptime', 'vmstate', 'runningmachine', 'runningcpu', 'meta', 'vmid', 'node', 'template',
  'snapname', 'delete', 'revert', 'skiplock', 'force', 'background_delay', 'import-working-storage',
])

export interface ConfigChange {
  set: Record<string, string>
  remove: readonly string[]
  revert: readonly string[]
}

/** `config` is the answer of `GET …/config`, `pending` that of `GET …/pending`. */
export function readConfig(
  config: Record<string, unknown>,
  pending: ReadonlyArray<{ key: string; value?: string | undefined; pending?: string | undefined; delete?: number | undefined }>,
): GuestConfig {
  const values: Record<string, string> = {}
  for (const [key, value] of Object.entries(config))
    if (!managed.has(key) && (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')) values[key] = textOf(value)
  return {
    digest: typeof config['digest'] === 'string' ? config['digest'] : '',
    values,
    pending: pending
      .filter((row) => row.pending !== undefined || (row.delete ?? 0) > 0)
      .map((row) => ({ key: row.key, now: row.value ?? null, next: row.pending ?? null })),
  }
}

const textOf = (value: string | number | boolean): string => (typeof value === 'boolean' ? String(Number(value)) : String(value))

/** Throws for what must not be changed from here, and for a change that changes nothing. */
export function checkChange({ set, remove, revert }: ConfigChange): void {
  const touched = [...Object.keys(set), ...remove, ...revert]
  if (touched.length === 0) throw new AppError('invalid-input', 'Nothing was changed.')
  const own = touched.find((key) => managed.has(key))
  if (own) throw new AppError('invalid-input', `${own} is kept by Proxmox VE itself.`)
  const volume = remove.find((key) => /^unused\d+$/.test(key))
  if (volume)
    throw new AppError('invalid-input', `Taking ${volume} away would delete its disk for good.`, {
      remedy: 'Delete disks in Proxmox VE’s own interface.',
    })
}

/** Whether `now` shows what was asked for: how a lost answer is resolved. */
export function isApplied(change: ConfigChange, now: GuestConfig): boolean {
  const waiting = new Map(now.pending.map((row) => [row.key, row.next]))
  return (
    Object.entries(change.set).every(([key, value]) => now.values[key] === value || waiting.get(key) === value) &&
    change.remove.every((key) => now.values[key] === undefined || waiting.get(key) === null) &&
    change.revert.every((key) => !waiting.has(key))
  )
}

const containerDisk = /^(?:rootfs|mp\d+)$/
const units: Record<string, number> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** The volumes of a container; directories of the host that are bound into it are none. */
export function containerDisks(config: Record<string, unknown>): LocalDisk[] {
  return Object.entries(config).flatMap(([key, value]) => {
    if (!containerDisk.test(key) || typeof value !== 'string') return []
    const parts = parseProperties(value, 'volume')
    const volume = parts['volume'] ?? ''
    const storage = volume.split(':')[0]!
    if (!volume.includes(':')) return []
    const [, number, unit] = /^(\d+(?:\.\d+)?)([KMGT])$/.exec(parts['size'] ?? '') ?? []
    return [{ volume, storage, sizeBytes: number && unit ? Number(number) * units[unit]! : null }]
  })
}
