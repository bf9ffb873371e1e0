// The result on screen: how it ended, in words and figures; its rows or its pictures; saving and exporting it.
import { Button, Group, Loader, Menu, Modal, SegmentedControl, Text, TextInput, VisuallyHidden } from '@mantine/core'
import { IconBookmark, IconDownload, IconRocket, IconTable } from '@tabler/icons-react'
import { lazy, Suspense, useState, useSyncExternalStore } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { navigate } from '#client/location.ts'
import { exportFormats, type Run } from '#shared/contracts/sql.ts'
import type { AppError } from '#shared/errors.ts'
import { formatBytes, formatCount, formatDuration } from '#shared/model/quantities.ts'
import { downloadUrl } from '#ui/download.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { useNowMs } from '#ui/clock.ts'
import { ResultGrid } from './ResultGrid.tsx'
import { saveResult, useSql, type OpenResult, type ResultView } from './sql.store.ts'

const HistogramPlot = lazy(() => import('./plots/HistogramPlot.tsx'))
const ScatterPlot = lazy(() => import('./plots/ScatterPlot.tsx'))
const SkyPlot = lazy(() => import('./plots/SkyPlot.tsx'))

const views: Array<{ value: ResultView; label: string }> = [
  { value: 'grid', label: 'Rows' },
  { value: 'histogram', label: 'Histogram' },
  { value: 'scatter', label: 'Scatter' },
  { value: 'sky', label: 'Sky' },
]

export function ResultPanel() {
  const result = useSql((state) => state.result)
  const startError = useSql((state) => state.startError)
  const view = useSql((state) => state.view)
  return (
    <div className="sql-result">
      {startError ? (
        <div style={{ padding: 12 }}>
          <ErrorNotice error={startError} onClose={() => useSql.setState({ startError: null })} />
        </div>
      ) : null}
      {result ? (
        <>
          <ResultBar result={result} />
          <Notes result={result} />
          <div className="sql-result-body">
            <Suspense fallback={<Loader role="img" m="xl" aria-label="Drawing" />}>
              <ResultView key={result.run.runId} result={result} view={view} />
            </Suspense>
          </div>
        </>
      ) : startError ? null : (
        <EmptyState icon={<IconTable size={40} />} title="No result yet">
          Run a statement, or open a saved result from the history. Rows appear while they arrive.
        </EmptyState>
      )}
    </div>
  )
}

function ResultView({ result, view }: { result: OpenResult; view: ResultView }) {
  const { table, run } = result
  useSyncExternalStore(table.subscribe, table.getRevision)
  if (table.fields.length === 0) {
    if (result.isReading) return <Loader role="img" m="xl" aria-label="Waiting for the first rows" />
    return (
      <EmptyState title={run.commandTag ?? 'No columns'}>
        {result.error ? 'The statement ended before it had any rows.' : 'The statement returned no table.'}
      </EmptyState>
    )
  }
  switch (view) {
    case 'grid':
      return <ResultGrid table={table} label="Result rows" />
    case 'histogram':
      return <HistogramPlot table={table} />
    case 'scatter':
      return <ScatterPlot table={table} />
    case 'sky':
      return <SkyPlot table={table} />
  }
}

const stateWords: Record<Run['state'], string> = {
  running: 'running',
  done: 'complete',
  cut: 'cut at the row limit',
  failed: 'failed',
  cancelled: 'cancelled',
  interrupted: 'interrupted: Meridian ended while it ran',
}

function ResultBar({ result }: { result: OpenResult }) {
  const { run, table } = result
  useSyncExternalStore(table.subscribe, table.getRevision)
  const view = useSql((state) => state.view)
  return (
    <div className="sql-bar">
      <SegmentedControl size="xs" data={views} value={view} onChange={(next) => useSql.setState({ view: next as ResultView })} aria-label="Show the result as" />
      <VisuallyHidden role="status">
        {run.state === 'running' ? 'The statement is running.' : `The result is ${stateWords[run.state]}: ${run.rows} rows.`}
      </VisuallyHidden>
      <Text size="xs" className="sql-status" data-testid="result-status" data-state={run.state}>
        <b>{formatCount(table.rowCount)}</b> {table.rowCount === 1 ? 'row' : 'rows'} · {stateWords[run.state]} · <Elapsed run={run} />
        {run.resultBytes > 0 ? ` · ${formatBytes(run.resultBytes)} kept` : ''}
        {run.name ? ` · saved as “${run.name}”` : ''}
      </Text>
      <Group ml="auto" gap={6} wrap="nowrap">
        <JobLinks run={run} isReading={result.isReading} />
        <SaveButton run={run} isReading={result.isReading} />
        <ExportMenu run={run} isReading={result.isReading} />
      </Group>
    </div>
  )
}

/** From rows to a job, from a job's table back to its job and its query, and from a query to the tables of its jobs. */
function JobLinks({ run, isReading }: { run: Run; isReading: boolean }) {
  const history = useSql((state) => state.history)
  const { fromJob } = run
  const tables = history.state === 'ready' ? history.value.filter((other) => other.fromJob?.sourceRunId === run.runId) : []
  return (
    <>
      {fromJob ? (
        <Button size="xs" variant="default" leftSection={<IconRocket size={14} />} onClick={() => navigate('/jobs', { job: fromJob.jobId })}>
          The job
        </Button>
      ) : null}
      {fromJob?.sourceRunId ? (
        <Button size="xs" variant="default" onClick={() => navigate('/sql', { run: fromJob.sourceRunId ?? '' })}>
          Its query
        </Button>
      ) : null}
      {tables.length > 0 ? (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button size="xs" variant="default" leftSection={<IconTable size={14} />}>
              Job results {tables.length}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {tables.map((table) => (
              <Menu.Item key={table.runId} onClick={() => navigate('/sql', { run: table.runId })}>
                {table.name} · {formatCount(table.rows)} rows
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      ) : null}
      {fromJob ? null : (
        <Button size="xs" variant="default" leftSection={<IconRocket size={14} />} disabled={isReading || run.resultBytes === 0} onClick={() => navigate('/jobs', { fromRun: run.runId })}>
          Use in a job
        </Button>
      )}
    </>
  )
}

function Elapsed({ run }: { run: Run }) {
  const nowMs = useNowMs()
  return <>{formatDuration(run.state === 'running' ? Math.max(0, nowMs - run.startedAtMs) : run.elapsedMs)}</>
}

function Notes({ result }: { result: OpenResult }) {
  const { run, error } = result
  return (
    <>
      {run.state === 'cut' ? (
        <div className="sql-note" role="status">
          There are more rows: this result was cut at {formatCount(run.rows)}. Raise “Rows per query” in Settings → Data, or narrow the statement.
        </div>
      ) : null}
      {error && error.code !== 'cancelled' ? (
        <div style={{ padding: '8px 12px' }}>
          <ErrorNotice error={error} />
        </div>
      ) : null}
      {run.notices.length > 0 ? (
        <div className="sql-note">
          {run.notices.map((notice, index) => (
            <div key={index}>{notice}</div>
          ))}
        </div>
      ) : null}
    </>
  )
}

function SaveButton({ run, isReading }: { run: Run; isReading: boolean }) {
  const client = useClient()
  const [isOpen, setOpen] = useState(false)
  const [name, setName] = useState(run.name ?? '')
  const [error, setError] = useState<AppError | null>(null)
  const open = (): void => {
    setName(run.name ?? '')
    setError(null)
    setOpen(true)
  }
  const save = async (): Promise<void> => {
    try {
      await saveResult(client, run.runId, name.trim())
      setOpen(false)
    } catch (thrown) {
      setError(toAppError(thrown))
    }
  }
  return (
    <>
      <Button size="xs" variant="default" leftSection={<IconBookmark size={14} />} disabled={isReading || run.resultBytes === 0} onClick={open}>
        {run.isSaved ? 'Rename' : 'Save'}
      </Button>
      <Modal opened={isOpen} onClose={() => setOpen(false)} title="Keep this result">
        <form
          onSubmit={(event) => {
            event.preventDefault()
            void save()
          }}
        >
          <TextInput label="Name" description="Saved results stay until you delete them, and open without a network." value={name} onChange={(event) => setName(event.currentTarget.value)} data-autofocus maxLength={200} />
          {error ? <ErrorNotice error={error} /> : null}
          <Group justify="flex-end" mt="md">
            <Button type="submit" disabled={name.trim() === ''}>
              Save the result
            </Button>
          </Group>
        </form>
      </Modal>
    </>
  )
}

const formatNames: Record<(typeof exportFormats)[number], string> = { csv: 'CSV', parquet: 'Parquet', arrow: 'Arrow' }

function ExportMenu({ run, isReading }: { run: Run; isReading: boolean }) {
  const client = useClient()
  const [error, setError] = useState<AppError | null>(null)
  const exportAs = async (format: (typeof exportFormats)[number]): Promise<void> => {
    try {
      const ticket = await client.sql.exportResult({ runId: run.runId, format })
      downloadUrl(ticket.url)
      setError(null)
    } catch (thrown) {
      setError(toAppError(thrown))
    }
  }
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button size="xs" variant="default" leftSection={<IconDownload size={14} />} disabled={isReading || run.resultBytes === 0}>
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {exportFormats.map((format) => (
            <Menu.Item key={format} onClick={() => void exportAs(format)}>
              {formatNames[format]}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Modal opened={error !== null} onClose={() => setError(null)} title="The export did not work">
        {error ? <ErrorNotice error={error} /> : null}
      </Modal>
    </>
  )
}
