// All results of a run as a table: worst first, filtered by verdict and words, opened by Enter.
import { Group, SegmentedControl, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { navigate, usePlace } from '#client/location.ts'
import { severities, verdictWord, verdicts, type CheckResult } from '#shared/model/compliance.ts'
import { DataTable, type Column, type Sort } from '#ui/DataTable.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import type { Catalogue } from './compliance.store.ts'
import { SeverityWord, VerdictMark } from './marks.tsx'
import { showFinding } from './places.ts'

const choices = [
  { value: 'all', label: 'All' },
  { value: 'fail', label: 'Fail' },
  { value: 'warn', label: 'Warning' },
  { value: 'unknown', label: 'Not answered' },
  { value: 'excepted', label: 'Accepted' },
  { value: 'pass', label: 'Pass' },
]

export function FindingsPanel({ results, catalogue }: { results: readonly CheckResult[]; catalogue: Catalogue }) {
  const { query } = usePlace()
  const asked = query.get('verdict') ?? 'all'
  const wanted = asked === 'error' ? 'unknown' : choices.some(({ value }) => value === asked) ? asked : 'all'
  const [text, setText] = useState('')
  const [sort, setSort] = useState<Sort>({ key: 'severity', isDescending: false })
  const checks = useMemo(() => new Map(catalogue.checks.map((check) => [check.id, check])), [catalogue])
  const columns = useMemo((): Column<CheckResult>[] => {
    const checkOf = (row: CheckResult) => checks.get(row.checkId)
    return [
      { key: 'verdict', title: 'Verdict', widthPx: 120, value: (row) => verdictWord[row.verdict], order: (row) => verdicts.indexOf(row.verdict), render: (row) => <VerdictMark verdict={row.verdict} /> },
      {
        key: 'severity', title: 'Severity', widthPx: 90, value: (row) => checkOf(row)?.severity ?? '',
        order: (row) => verdicts.indexOf(row.verdict) * 10 + severities.indexOf(checkOf(row)?.severity ?? 'low'),
        render: (row) => <SeverityWord severity={checkOf(row)?.severity ?? 'low'} />,
      },
      { key: 'check', title: 'Check', widthPx: 110, value: (row) => row.checkId },
      { key: 'title', title: 'What should hold', widthPx: 280, value: (row) => checkOf(row)?.title ?? '' },
      { key: 'target', title: 'System', widthPx: 180, value: (row) => row.targetLabel },
      { key: 'says', title: 'What was found', widthPx: 380, value: (row) => row.says },
    ]
  }, [checks])
  const rows = useMemo(() => {
    const words = text.trim().toLowerCase()
    return results.filter(
      (row) =>
        (wanted === 'all' || row.verdict === wanted || (wanted === 'unknown' && row.verdict === 'error')) &&
        (words === '' || `${row.checkId} ${row.targetLabel} ${row.says} ${checks.get(row.checkId)?.title ?? ''}`.toLowerCase().includes(words)),
    )
  }, [results, wanted, text, checks])
  return (
    <div style={{ display: 'flex', flexDirection: 'column', height: '100%', minHeight: 0 }}>
      <Group mb="sm">
        <SegmentedControl aria-label="Verdict" size="xs" data={choices} value={wanted} onChange={(verdict) => navigate('/compliance', { view: 'findings', verdict })} />
        <TextInput aria-label="Search the findings" placeholder="Check, system or words" leftSection={<IconSearch size={15} />} size="xs" w={260} value={text} onChange={(event) => setText(event.currentTarget.value)} />
      </Group>
      {rows.length === 0 ? (
        <EmptyState title="Nothing of that kind">{results.length === 0 ? 'Run the checks first.' : 'No result has this verdict and these words.'}</EmptyState>
      ) : (
        <div style={{ flex: 1, minHeight: 320 }}>
          <DataTable label="Findings" columns={columns} rows={rows} rowKey={(row) => `${row.checkId} ${row.targetId}`} sort={sort} onSort={setSort} onOpen={(row) => showFinding(row.checkId, row.targetId)} />
        </div>
      )}
    </div>
  )
}
