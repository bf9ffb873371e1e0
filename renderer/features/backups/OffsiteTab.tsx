// Copies off site: the newest weekly and monthly one of each guest and database, their class and age against their own
// targets, and asking archived ones back.
import { ActionIcon, Text } from '@mantine/core'
import { IconCloudUp, IconX } from '@tabler/icons-react'
import { useState } from 'react'
import { navigate, usePlace } from '#client/location.ts'
import { openDialog } from '#client/dialogs.store.ts'
import type { OffsiteCopy, OffsiteRow } from '#shared/contracts/backups.ts'
import { formatBytes } from '#shared/model/quantities.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { Age } from '#ui/Age.tsx'
import { DataTable, type Column, type Sort } from '#ui/DataTable.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { healthColor, healthSymbol } from '#ui/theme.ts'
import type { TabProps } from './BackupsScreen.tsx'
import { classWords, momentText, obstacle, offsiteHealth, offsiteWords, restoreWords } from './backup-words.ts'
import { RestoreDialog } from './RestoreDialog.tsx'

const order: readonly OffsiteRow['verdict'][] = ['none', 'stale', 'unknown', 'ok']
const copyOf = (row: OffsiteRow, cadence: OffsiteCopy['cadence']): OffsiteCopy | undefined => row.copies.find((copy) => copy.cadence === cadence)

export function OffsiteTab({ site, state }: TabProps) {
  const [sort, setSort] = useState<Sort>({ key: 'state', isDescending: false })
  const selectedId = usePlace().query.get('copy')
  if (!state.sources.some((source) => source.kind === 's3'))
    return (
      <EmptyState icon={<IconCloudUp size={40} />} title="No object store is connected" action={<ActionButton onClick={() => navigate('/connections')}>Connect one</ActionButton>}>
        Copies in an S3 bucket, Glacier classes included, are shown here with their age and class once the bucket is
        connected.
      </EmptyState>
    )
  const selected = state.offsiteRows.find((row) => keyOf(row) === selectedId)
  const select = (row: OffsiteRow | null): void => navigate('/backups', { tab: 'offsite', ...(row ? { copy: keyOf(row) } : {}) }, { replace: true })
  const reason = selected ? obstacle(site, state.sources.find((it) => it.connectionId === selected.connectionId)) : null
  return (
    <div className="backups-split">
      <div className="backups-main">
        {state.offsite.map((store) => (
          <Text key={store.connectionId} size="sm" className="offsite-summary">
            <strong>{store.bucket}</strong>: {store.objectCount} objects, {formatBytes(store.totalBytes)};{' '}
            {store.classes.map((item) => `${classWords[item.name] ?? item.name} ${formatBytes(item.sizeBytes)}`).join(', ')}
            {store.unmatchedCount > 0 ? `. ${store.unmatchedCount} keys do not fit the naming pattern, such as ${store.unmatchedSample[0]}.` : ''}
          </Text>
        ))}
        <DataTable<OffsiteRow> label="Off-site copies" columns={columns} rows={state.offsiteRows} rowKey={keyOf} sort={sort} onSort={setSort} selectedKey={selectedId} onSelect={select} onOpen={select} />
      </div>
      {selected ? (
        <aside className="backups-aside" aria-label={`Off-site copies of ${selected.name}`}>
          <div className="aside-head">
            <Text fw={650}>{selected.name}</Text>
            <ActionIcon ml="auto" variant="subtle" color="gray" aria-label="Close the details" onClick={() => select(null)}>
              <IconX size={16} />
            </ActionIcon>
          </div>
          <div className="aside-body" tabIndex={0} role="region" aria-label="Copies">
            <Text size="sm" mb="sm">
              {selected.text}.
            </Text>
            {selected.copies.map((copy) => (
              <section key={copy.cadence} className="offsite-copy" aria-label={`The ${copy.cadence} copy`}>
                <Text fw={600} size="sm">
                  {copy.cadence === 'weekly' ? 'Weekly copy' : 'Monthly copy'}
                </Text>
                <dl className="facts">
                  <dt>Made</dt>
                  <dd>{momentText(copy.atMs)}</dd>
                  <dt>Size</dt>
                  <dd>
                    {formatBytes(copy.sizeBytes)} in {copy.objectCount} {copy.objectCount === 1 ? 'object' : 'objects'}
                  </dd>
                  <dt>Class</dt>
                  <dd>{classWords[copy.storageClass] ?? copy.storageClass}</dd>
                  <dt>Restore</dt>
                  <dd>
                    {restoreWords[copy.restore]}
                    {copy.restoreExpiresAtMs === null ? '' : ` until ${new Date(copy.restoreExpiresAtMs).toLocaleDateString()}`}
                  </dd>
                </dl>
                {copy.restore === 'not-needed' ? null : (
                  <ActionButton
                    size="xs"
                    variant="default"
                    disabledReason={reason ?? (copy.restore === 'ongoing' ? 'It is being restored already: hours to days by its class.' : null)}
                    onClick={() => openDialog(<RestoreDialog site={site} row={selected} copy={copy} />)}
                  >
                    Ask the {copy.cadence} copy back…
                  </ActionButton>
                )}
                <Text size="xs" c="var(--text-dim)" mt={6} style={{ overflowWrap: 'anywhere' }}>
                  {copy.keys[0]}
                  {copy.keys.length > 1 ? ` and ${copy.objectCount - 1} more` : ''}
                </Text>
              </section>
            ))}
          </div>
        </aside>
      ) : null}
    </div>
  )
}

const keyOf = (row: OffsiteRow): string => `${row.connectionId}|${row.id}`

const cadenceColumn = (cadence: OffsiteCopy['cadence'], title: string): Column<OffsiteRow> => ({
  key: cadence,
  title,
  widthPx: 104,
  value: (row) => {
    const copy = copyOf(row, cadence)
    return copy ? new Date(copy.atMs).toISOString() : null
  },
  order: (row) => copyOf(row, cadence)?.atMs ?? null,
  render: (row) => {
    const copy = copyOf(row, cadence)
    return copy ? (
      <span style={copy.isInTime ? undefined : { color: 'var(--health-warning)' }}>
        <Age atMs={copy.atMs} />
      </span>
    ) : (
      'none'
    )
  },
})

const typeWords: Record<string, string> = { vm: 'machine', ct: 'container', db: 'databases', host: 'host' }

const columns: ReadonlyArray<Column<OffsiteRow>> = [
  { key: 'name', title: 'Of', widthPx: 150, value: (row) => row.name },
  { key: 'type', title: 'What', widthPx: 92, value: (row) => typeWords[row.type] ?? row.type },
  {
    key: 'state',
    title: 'State',
    widthPx: 104,
    value: (row) => offsiteWords[row.verdict],
    order: (row) => order.indexOf(row.verdict),
    render: (row) => (
      <span className="verdict">
        <span aria-hidden style={{ color: healthColor(offsiteHealth[row.verdict]) }}>
          {healthSymbol[offsiteHealth[row.verdict]]}
        </span>
        {offsiteWords[row.verdict]}
      </span>
    ),
  },
  cadenceColumn('weekly', 'Weekly'),
  cadenceColumn('monthly', 'Monthly'),
  { key: 'class', title: 'Class', widthPx: 130, value: (row) => [...new Set(row.copies.map((copy) => classWords[copy.storageClass] ?? copy.storageClass))].join(', ') || null },
  { key: 'size', title: 'Newest, size', widthPx: 110, align: 'right', value: (row) => row.copies[0]?.sizeBytes ?? null, render: (row) => formatBytes(row.copies[0]?.sizeBytes) },
  { key: 'restore', title: 'Restore', widthPx: 120, value: (row) => [...new Set(row.copies.map((copy) => restoreWords[copy.restore]))].join(', ') || null },
  { key: 'why', title: 'Why', widthPx: 220, value: (row) => row.text },
]
