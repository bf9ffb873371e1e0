// A storage to choose, with what each has free.
import { Select } from '@mantine/core'
import type { StorageChoice } from '#shared/contracts/guests.ts'
import { formatBytes } from '#shared/model/quantities.ts'

interface StorageSelectProps {
  label: string
  description?: string
  storages: readonly StorageChoice[]
  value: string | null
  onChange(storage: string | null): void
  /** The first choice: the same as now. */
  sameLabel?: string
  error?: string | null
}

export function StorageSelect({ label, description, storages, value, onChange, sameLabel, error }: StorageSelectProps) {
  const choices = storages.map((item) => ({ value: item.storage, label: `${item.storage} · ${item.type} · ${formatBytes(item.freeBytes)} free` }))
  return (
    <Select
      label={label}
      {...(description ? { description } : {})}
      data={sameLabel ? [{ value: '', label: sameLabel }, ...choices] : choices}
      value={value ?? (sameLabel ? '' : null)}
      onChange={(next) => onChange(next || null)}
      allowDeselect={false}
      error={error ?? null}
      comboboxProps={{ withinPortal: true }}
    />
  )
}
