// Which columns a kind of entity has: the same four for all, then the facts its entities really carry, so that a
// new fact of a connector shows up without a change here.
import type { CellValue, Column } from '#ui/DataTable.tsx'
import { HealthMark } from '#ui/HealthMark.tsx'
import { EntityIcon } from '#ui/EntityIcon.tsx'
import { Age } from '#ui/Age.tsx'
import { factLabel, formatFact, isNumericFact } from '#shared/model/facts.ts'
import type { Entity, EntityKind, FactValue, Health } from '#shared/model/inventory.ts'

const healthRank: Record<Health, number> = { error: 0, warning: 1, unknown: 2, ok: 3, off: 4 }

/** The facts people look for first, per kind; the others follow in the order they were seen, hidden at first. */
const leading: Partial<Record<EntityKind, string[]>> = {
  node: ['cpuFraction', 'cpuCount', 'memoryBytes', 'memoryTotalBytes', 'startedAtMs'],
  guest: ['vmid', 'node', 'cpuFraction', 'cpuCount', 'memoryBytes', 'memoryTotalBytes', 'startedAtMs', 'pool'],
  storage: ['node', 'type', 'diskBytes', 'diskTotalBytes', 'content'],
  pod: ['namespace', 'node', 'restarts', 'startedAtMs'],
  'backup-group': ['vmid', 'lastBackupAtMs', 'backupCount', 'verification', 'lastVerifiedAtMs', 'sizeBytes'],
  datastore: ['diskBytes', 'diskTotalBytes', 'deduplicationFactor'],
}
const shownOfTheRest = 4

export interface InventoryColumn extends Column<Entity> {
  isShownAtFirst: boolean
}

export function columnsFor(kind: EntityKind, entities: readonly Entity[], nameOf: (id: string) => string): InventoryColumn[] {
  const first = leading[kind] ?? []
  const seen = new Map<string, FactValue>()
  for (const entity of entities) {
    for (const [key, value] of Object.entries(entity.facts)) if (!seen.has(key) || seen.get(key) === null) seen.set(key, value)
  }
  const others = [...seen.keys()].filter((key) => !first.includes(key))
  const facts = [...first.filter((key) => seen.has(key)), ...others]
  const shown = new Set([...first, ...(first.length > 0 ? [] : others.slice(0, shownOfTheRest))])
  return [
    {
      key: 'name',
      title: 'Name',
      widthPx: 176,
      isShownAtFirst: true,
      value: (entity) => entity.name,
      render: (entity) => (
        <span style={{ display: 'inline-flex', gap: 8, alignItems: 'center', fontWeight: 550, verticalAlign: 'middle' }}>
          <EntityIcon kind={entity.kind} size={16} />
          {entity.name}
        </span>
      ),
    },
    {
      key: 'health',
      title: 'State',
      widthPx: 158,
      isShownAtFirst: true,
      value: (entity) => entity.status,
      order: (entity) => `${healthRank[entity.health]} ${entity.status}`,
      render: (entity) => <HealthMark health={entity.health} label={entity.status} />,
    },
    { key: 'parent', title: 'In', widthPx: 110, isShownAtFirst: !seen.has('node'), value: (entity) => (entity.parentId ? nameOf(entity.parentId) : null) },
    ...facts.map((key): InventoryColumn => factColumn(key, seen.get(key), shown.has(key))),
    { key: 'addresses', title: 'Addresses', widthPx: 150, isShownAtFirst: kind === 'guest' || kind === 'node', value: (entity) => entity.addresses.filter(isIp).join(', ') || null },
    { key: 'tags', title: 'Tags', widthPx: 140, isShownAtFirst: kind === 'guest', value: (entity) => entity.tags.join(', ') || null },
  ]
}

const isIp = (address: string): boolean => !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(address)

function factColumn(key: string, sample: FactValue | undefined, isShownAtFirst: boolean): InventoryColumn {
  const isNumber = isNumericFact(sample)
  const isTime = key.endsWith('AtMs')
  return {
    key: `fact.${key}`,
    title: factLabel(key),
    widthPx: isNumber ? 98 : 112,
    isShownAtFirst,
    ...(isNumber ? { align: 'right' as const } : {}),
    csvTitle: key,
    value: (entity) => {
      const value = entity.facts[key]
      if (Array.isArray(value)) return value.join(', ')
      return isTime && typeof value === 'number' ? new Date(value).toISOString() : value
    },
    ...(isTime ? { order: (entity: Entity) => entity.facts[key] as CellValue } : {}),
    render: (entity) => {
      const value = entity.facts[key]
      if (value === undefined || value === null) return <span style={{ color: 'var(--text-dim)' }}>—</span>
      if (isTime && typeof value === 'number') return <Age atMs={value} />
      if (key.endsWith('Fraction') && typeof value === 'number') return <Meter fraction={value} />
      return formatFact(key, value)
    },
  }
}

/** A share of one, as a number and a bar. */
function Meter({ fraction }: { fraction: number }) {
  const percent = Math.round(Math.min(1, Math.max(0, fraction)) * 100)
  const color = fraction > 0.9 ? 'var(--health-error)' : fraction > 0.75 ? 'var(--health-warning)' : 'var(--mantine-primary-color-filled)'
  return (
    <span style={{ display: 'inline-flex', gap: 8, alignItems: 'center', justifyContent: 'flex-end', width: '100%' }}>
      <span aria-hidden style={{ flex: 1, maxWidth: 50, height: 5, borderRadius: 3, background: 'var(--surface-sunken)', overflow: 'hidden' }}>
        <span style={{ display: 'block', width: `${percent}%`, height: '100%', background: color }} />
      </span>
      {percent} %
    </span>
  )
}
