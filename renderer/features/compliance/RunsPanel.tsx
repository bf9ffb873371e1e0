// Runs over time, and two of them side by side: what was put right, what broke, what is new, what is gone.
import { Button, Checkbox, Group, Loader, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { usePlace } from '#client/location.ts'
import { useLoaded } from '#client/use-loaded.ts'
import type { ComplianceRun, ResultChange } from '#shared/contracts/compliance.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { formatDuration } from '#shared/model/quantities.ts'
import { useComplianceState, type Catalogue } from './compliance.store.ts'
import { VerdictCounts, VerdictMark } from './marks.tsx'
import { showComparison, showFinding, showView } from './places.ts'
import { ExportMenu } from './SignedPanel.tsx'

const stateWords: Record<ComplianceRun['state'], string> = { running: 'at work', done: 'complete', cancelled: 'cancelled', cut: 'cut off' }

export function RunsPanel({ siteId, catalogue }: { siteId: SiteId; catalogue: Catalogue }) {
  const { query } = usePlace()
  const revision = useComplianceState((state) => state.revision)
  const { value: runs, error } = useLoaded(`${siteId} ${revision}`, (client, options) => client.compliance.runs({ siteId }, options))
  const [chosen, setChosen] = useState<string[]>([])
  const [from, to] = [query.get('from'), query.get('to')]
  if (from && to) return <Comparison siteId={siteId} fromRunId={from} toRunId={to} catalogue={catalogue} />
  if (error) return <ErrorNotice error={error} />
  if (!runs) return <Loader role="img" aria-label="Loading the runs" />
  if (runs.length === 0) return <EmptyState title="No run yet">Start one above: it only reads.</EmptyState>
  const [first, second] = runs.filter(({ runId }) => chosen.includes(runId))
  return (
    <>
      <Group mb="sm">
        <Button size="xs" disabled={!first || !second} onClick={() => first && second && showComparison(second.runId, first.runId)}>
          Compare the two chosen runs
        </Button>
        <Text size="xs" c="var(--text-dim)">
          Choose two runs.
        </Text>
      </Group>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={40} aria-label="Choose" />
            <Table.Th w={180}>Started</Table.Th>
            <Table.Th w={100}>State</Table.Th>
            <Table.Th w={80}>Took</Table.Th>
            <Table.Th>Results</Table.Th>
            <Table.Th w={130}>Report</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {runs.map((run) => (
            <Table.Tr key={run.runId}>
              <Table.Td>
                <Checkbox
                  aria-label={`Choose the run of ${new Date(run.startedAtMs).toLocaleString()}`}
                  checked={chosen.includes(run.runId)}
                  onChange={(event) => setChosen(event.currentTarget.checked ? [...chosen.slice(-1), run.runId] : chosen.filter((id) => id !== run.runId))}
                />
              </Table.Td>
              <Table.Td>{new Date(run.startedAtMs).toLocaleString()}</Table.Td>
              <Table.Td>{stateWords[run.state]}</Table.Td>
              <Table.Td>{run.endedAtMs ? formatDuration(run.endedAtMs - run.startedAtMs) : '—'}</Table.Td>
              <Table.Td>
                <VerdictCounts counts={run.counts} />
              </Table.Td>
              <Table.Td>{run.state === 'running' ? null : <ExportMenu siteId={siteId} runId={run.runId} />}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  )
}

function Comparison(props: { siteId: SiteId; fromRunId: string; toRunId: string; catalogue: Catalogue }) {
  const { siteId, fromRunId, toRunId, catalogue } = props
  const { value, error } = useLoaded(`${siteId} ${fromRunId} ${toRunId}`, (client, options) => client.compliance.compare({ siteId, fromRunId, toRunId }, options))
  if (error) return <ErrorNotice error={error} />
  if (!value) return <Loader role="img" aria-label="Comparing" />
  const titles = new Map(catalogue.checks.map(({ id, title }) => [id, title]))
  const section = (title: string, changes: readonly ResultChange[]) => (
    <section className="compliance-card" style={{ marginTop: 12 }}>
      <h2>
        {title} ({changes.length})
      </h2>
      {changes.map((change) => (
        <div key={`${change.checkId} ${change.targetId}`} className="compliance-finding-row" style={{ gridTemplateColumns: '260px minmax(0, 1fr)' }}>
          <Text size="xs" component="div">
            {change.before ? <VerdictMark verdict={change.before} /> : 'not looked at'} → {change.after ? <VerdictMark verdict={change.after} /> : 'not looked at'}
          </Text>
          <div>
            <button className="compliance-link" onClick={() => showFinding(change.checkId, change.targetId)}>
              {change.checkId} {titles.get(change.checkId)}
            </button>
            <Text size="xs" c="var(--text-dim)" pl={4}>
              {change.targetLabel}: {change.says}
            </Text>
          </div>
        </div>
      ))}
    </section>
  )
  return (
    <>
      <Group>
        <Button variant="subtle" size="compact-sm" onClick={() => showView('runs')}>
          All runs
        </Button>
        <Text size="sm">
          From {new Date(value.from.startedAtMs).toLocaleString()} to {new Date(value.to.startedAtMs).toLocaleString()}; {value.unchanged} results are as they were
        </Text>
      </Group>
      {section('Fixed', value.fixed)}
      {section('Broken', value.broken)}
      {section('New', value.appeared)}
      {section('Gone', value.gone)}
    </>
  )
}
