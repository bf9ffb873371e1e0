// Which query's rows a job works on, and how they get to it.
import { Select, SimpleGrid, Text, Title } from '@mantine/core'
import { useEffect, useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import type { DataTransport, JobTemplate } from '#shared/contracts/jobs.ts'
import type { Run } from '#shared/contracts/sql.ts'
import { formatCount } from '#shared/model/quantities.ts'
import type { Draft } from './job-form.ts'

const transportWords: Record<DataTransport, string> = {
  'snapshot-table': 'A snapshot table beside the data',
  'csv-file': 'A CSV file with the script (up to 675 KiB in a cluster)',
  'parquet-file': 'A Parquet file with the script (up to 675 KiB in a cluster)',
}

export function DataFields({ template, draft, onChange }: { template: JobTemplate; draft: Draft; onChange: (data: Draft['data']) => void }) {
  const client = useClient()
  const [runs, setRuns] = useState<Run[]>([])
  const [schemas, setSchemas] = useState<string[]>([])
  const [problem, setProblem] = useState<string | null>(null)
  const { data } = draft
  const run = runs.find(({ runId }) => runId === data?.runId)
  useEffect(() => {
    void client.sql.history({ limit: 200 }).then((all) => setRuns(all.filter((one) => one.resultBytes > 0 && one.columns.length > 0)), () => setRuns([]))
  }, [client])
  const connectionId = run?.connectionId
  useEffect(() => {
    if (!connectionId) return
    let isCurrent = true
    client.jobs.writableSchemas({ connectionId }).then(
      (found) => {
        if (!isCurrent) return
        setSchemas(found)
        setProblem(found.length === 0 ? 'This database role may not make tables anywhere: hand the rows over as a file.' : null)
      },
      (thrown: unknown) => isCurrent && setProblem(toAppError(thrown).message),
    )
    return () => {
      isCurrent = false
    }
  }, [client, connectionId])
  // The first schema that may be written in is taken as soon as it is known.
  const [first] = schemas
  useEffect(() => {
    if (data && data.transport === 'snapshot-table' && data.schema === null && first) onChange({ ...data, schema: first })
  }, [data, first, onChange])
  if (template.data === 'none') return null
  const choose = (runId: string | null): void => onChange(runId ? { runId, transport: data?.transport ?? template.transports[0] ?? 'snapshot-table', schema: null } : null)
  return (
    <section aria-label="Rows" className="job-group">
      <Title order={3} size="h6">
        Rows
      </Title>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="sm" verticalSpacing="xs">
        <Select
          size="xs"
          label="Rows of a query"
          description={template.data === 'required' ? 'The job works on them.' : 'Without any it takes its own sample.'}
          placeholder="None"
          clearable={template.data !== 'required'}
          clearButtonProps={{ 'aria-label': 'No query' }}
          searchable
          data={runs.map((one) => ({ value: one.runId, label: labelOf(one) }))}
          value={data?.runId ?? null}
          onChange={choose}
        />
        {data ? (
          <Select
            size="xs"
            label="How they get there"
            description={data.transport === 'snapshot-table' ? 'The statement is run once more, into a table of its own.' : 'They travel with the script.'}
            data={template.transports.map((transport) => ({ value: transport, label: transportWords[transport] }))}
            allowDeselect={false}
            value={data.transport}
            onChange={(transport) => transport && onChange({ ...data, transport: transport as DataTransport })}
          />
        ) : null}
        {data?.transport === 'snapshot-table' ? (
          <Select size="xs" label="Schema of the snapshot" description="Where this connection’s role may make a table." data={schemas} value={data.schema} onChange={(schema) => onChange({ ...data, schema })} error={problem} />
        ) : null}
      </SimpleGrid>
      {run ? (
        <Text size="xs" c="var(--text-dim)" mt={6}>
          {formatCount(run.rows)} rows of {run.connectionLabel}/{run.database}: {run.columns.slice(0, 8).map(({ name }) => name).join(', ')}
          {run.columns.length > 8 ? ', …' : ''}
        </Text>
      ) : null}
    </section>
  )
}

const labelOf = (run: Run): string => `${run.name ?? run.sql.replace(/\s+/g, ' ').trim().slice(0, 60)} · ${formatCount(run.rows)} rows`
