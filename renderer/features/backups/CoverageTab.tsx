// What is not protected, in ten seconds: a sentence, the counts as filters, the promises beside their proof, and every
// guest and database with its last fourteen days, worst first.
import { SegmentedControl, Text, TextInput } from '@mantine/core'
import { IconDeviceFloppy, IconSearch } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { openDialog } from '#client/dialogs.store.ts'
import { navigate, usePlace } from '#client/location.ts'
import { coverageVerdicts, type BackupPromise, type CoverageRow, type CoverageVerdict } from '#shared/contracts/backups.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { Age } from '#ui/Age.tsx'
import { DataTable, type Column, type Sort } from '#ui/DataTable.tsx'
import { EntityIcon } from '#ui/EntityIcon.tsx'
import { healthColor, healthSymbol } from '#ui/theme.ts'
import type { TabProps } from './BackupsScreen.tsx'
import { obstacle, promiseHealth, promiseWords, verdictHealth, verdictMeanings, verdictWords } from './backup-words.ts'
import { BackUpDialog } from './BackUpDialog.tsx'
import { CoverageDetails } from './CoverageDetails.tsx'
import { DayLegend, DayStrip } from './DayStrip.tsx'

export function CoverageTab({ site, state }: TabProps) {
  const { query } = usePlace()
  const [text, setText] = useState('')
  const [kind, setKind] = useState<'all' | CoverageRow['kind']>('all')
  const [sort, setSort] = useState<Sort>({ key: 'verdict', isDescending: false })
  const verdict = query.get('verdict') as CoverageVerdict | null
  const selectedId = query.get('entity')
  const rows = useMemo(
    () =>
      state.rows.filter(
        (row) => (verdict === null || stands(row, verdict)) && (kind === 'all' || row.kind === kind) && fits(row, text),
      ),
    [state.rows, verdict, kind, text],
  )
  const selected = state.rows.find((row) => row.entityId === selectedId)
  const guests = rows.filter((row) => row.kind === 'guest')
  const reason = obstacle(site, state.sources.find((source) => source.kind === 'proxmox'))
  const counts = useMemo(
    () => Object.fromEntries(coverageVerdicts.map((name) => [name, state.rows.filter((row) => stands(row, name)).length])) as Record<CoverageVerdict, number>,
    [state.rows],
  )
  const go = (changes: { verdict?: CoverageVerdict | null; entity?: string | null }): void => {
    const next = { verdict, entity: selectedId, ...changes }
    navigate(
      '/backups',
      { tab: 'coverage', ...(next.verdict ? { verdict: next.verdict } : {}), ...(next.entity ? { entity: next.entity } : {}) },
      { replace: true },
    )
  }
  return (
    <div className="backups-split">
      <div className="backups-main">
        <div className="coverage-head">
          <p className="coverage-headline" role="status">
            {state.headline}
          </p>
          <div className="coverage-tiles" role="group" aria-label="How many stand how">
            {coverageVerdicts.filter((name) => name !== 'off' || counts.off > 0).map((name) => (
              <button
                key={name}
                className="coverage-tile"
                aria-pressed={verdict === name}
                data-empty={counts[name] === 0 || undefined}
                title={verdictMeanings[name]}
                onClick={() => go({ verdict: verdict === name ? null : name })}
              >
                <span className="coverage-count" style={counts[name] > 0 ? { color: healthColor(verdictHealth[name]) } : undefined}>
                  {counts[name]}
                </span>
                <span>{verdictWords[name]}</span>
              </button>
            ))}
          </div>
          <Promises promises={state.promises} />
        </div>
        <div className="coverage-bar">
          <TextInput aria-label="Filter" placeholder="Name, tag, pool or node" leftSection={<IconSearch size={15} />} size="xs" w={220} value={text} onChange={(event) => setText(event.currentTarget.value)} />
          <SegmentedControl aria-label="Kind" size="xs" data={[{ value: 'all', label: 'All' }, { value: 'guest', label: 'Guests' }, { value: 'database', label: 'Databases' }]} value={kind} onChange={(value) => setKind(value as typeof kind)} />
          <span className="kbd-hint" role="status">
            {rows.length === state.rows.length ? `${rows.length}` : `${rows.length} of ${state.rows.length}`}
          </span>
          <ActionButton
            size="compact-xs"
            variant="default"
            leftSection={<IconDeviceFloppy size={14} aria-hidden />}
            disabledReason={reason ?? (guests.length === 0 ? 'No guest is shown.' : null)}
            onClick={() => openDialog(<BackUpDialog site={site} rows={guests} />)}
          >
            Back up {guests.length === 1 ? 'this guest' : `these ${guests.length} guests`}…
          </ActionButton>
          <DayLegend />
        </div>
        <DataTable<CoverageRow>
          label="Coverage"
          columns={columns}
          rows={rows}
          rowKey={(row) => row.entityId}
          sort={sort}
          onSort={setSort}
          selectedKey={selectedId}
          onSelect={(row) => go({ entity: row.entityId })}
          onOpen={(row) => go({ entity: row.entityId })}
        />
      </div>
      {selected ? <CoverageDetails site={site} state={state} row={selected} onClose={() => go({ entity: null })} /> : null}
    </div>
  )
}

/** A guest whose disks are left out is that, too, when something worse is wrong with it. */
const stands = (row: CoverageRow, verdict: CoverageVerdict): boolean =>
  row.verdict === verdict || (verdict === 'partial' && row.verdict !== 'off' && row.problems.some((problem) => problem.kind === 'partial'))

const fits = (row: CoverageRow, text: string): boolean => {
  const wanted = text.trim().toLowerCase()
  return wanted === '' || [row.name, row.detail, row.node, row.pool, ...row.tags].some((value) => value?.toLowerCase().includes(wanted))
}

export function VerdictMark({ verdict }: { verdict: CoverageVerdict }) {
  const health = verdictHealth[verdict]
  return (
    <span className="verdict">
      <span aria-hidden style={{ color: healthColor(health) }}>
        {healthSymbol[health]}
      </span>
      {verdictWords[verdict]}
    </span>
  )
}

const columns: ReadonlyArray<Column<CoverageRow>> = [
  {
    key: 'name',
    title: 'Name',
    widthPx: 190,
    value: (row) => row.name,
    render: (row) => (
      <span className="coverage-name">
        <EntityIcon kind={row.kind === 'guest' ? 'guest' : 'database-server'} size={15} />
        <span>{row.name}</span>
        {row.kind === 'guest' ? <span className="kbd-hint">{row.detail}</span> : null}
      </span>
    ),
  },
  { key: 'verdict', title: 'State', widthPx: 118, value: (row) => verdictWords[row.verdict], order: (row) => coverageVerdicts.indexOf(row.verdict), render: (row) => <VerdictMark verdict={row.verdict} /> },
  { key: 'days', title: 'Last 14 days', widthPx: 226, value: (row) => row.days.filter((day) => day.state === 'ok').length, render: (row) => <DayStrip days={row.days} /> },
  { key: 'backup', title: 'Last backup', widthPx: 104, value: (row) => (row.lastBackupAtMs === null ? null : new Date(row.lastBackupAtMs).toISOString()), order: (row) => row.lastBackupAtMs, render: (row) => <RpoAge row={row} /> },
  { key: 'verified', title: 'Verified', widthPx: 92, value: (row) => (row.lastVerifiedAtMs === null ? null : new Date(row.lastVerifiedAtMs).toISOString()), order: (row) => row.lastVerifiedAtMs, render: (row) => <Age atMs={row.lastVerifiedAtMs} /> },
  { key: 'why', title: 'Why', widthPx: 330, value: (row) => row.problems.map((problem) => problem.text).join(' ') || (row.promise.state === 'broken' ? row.promise.text : '') },
]

/** The age of the newest backup, marked when it is over its objective. */
function RpoAge({ row }: { row: CoverageRow }) {
  return (
    <span style={row.meetsRpo === false && row.target.isRequired ? { color: 'var(--health-warning)' } : undefined}>
      <Age atMs={row.lastBackupAtMs} />
    </span>
  )
}

function Promises({ promises }: { promises: readonly BackupPromise[] }) {
  if (promises.length === 0) return null
  return (
    <ul className="promises" aria-label="Promises and proof">
      {promises.map((item) => (
        <li key={item.title} data-state={item.state}>
          <span aria-hidden style={{ color: healthColor(promiseHealth[item.state]) }}>
            {healthSymbol[promiseHealth[item.state]]}
          </span>
          <span>
            <strong>{item.title}</strong>
            <span className="promise-state"> {promiseWords[item.state]}</span>
            <Text size="xs" c="var(--text-dim)" component="div">
              {item.text}
            </Text>
          </span>
        </li>
      ))}
    </ul>
  )
}
