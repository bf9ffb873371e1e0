// One job: how it stands, what can be done with it, its log, parts, events, order and result. For a job that the cluster
// has forgotten everything comes from the archive.
import { ActionIcon, Alert, Anchor, Button, CopyButton, Group, Menu, Table, Tabs, Text } from '@mantine/core'
import { IconDots, IconPlayerStop, IconRefresh, IconTable, IconX } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { closeDialog, openDialog } from '#client/dialogs.store.ts'
import { navigate } from '#client/location.ts'
import type { Job, JobDetails as Details } from '#shared/contracts/jobs.ts'
import { fromWireError, type AppError } from '#shared/errors.ts'
import type { Site } from '#shared/model/connection.ts'
import { formatBytes, formatCount, formatDuration } from '#shared/model/quantities.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { Age } from '#ui/Age.tsx'
import { useNowMs } from '#ui/clock.ts'
import { CodeView } from '#ui/CodeView.tsx'
import { ConfirmDialog } from '#ui/ConfirmDialog.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { HealthMark } from '#ui/HealthMark.tsx'
import { JobLog } from './JobLog.tsx'
import { isEnded, jobHealth, targetWords } from './jobs.store.ts'

export function JobDetails({ job, site, onClose }: { job: Job; site: Site; onClose: () => void }) {
  const client = useClient()
  const [details, setDetails] = useState<Details | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  useEffect(() => {
    if (!job.isOwn) return
    let isCurrent = true
    client.jobs.details({ siteId: job.siteId, jobId: job.jobId }).then(
      (found) => isCurrent && (setDetails(found), setError(null)),
      (thrown: unknown) => isCurrent && setError(toAppError(thrown)),
    )
    return () => {
      isCurrent = false
    }
    // Read again whenever the list says that something is new.
  }, [client, job])
  return (
    <aside className="job-details" aria-label={`Details of ${job.name}`}>
      <Group gap="xs" wrap="nowrap" align="start">
        <div style={{ minWidth: 0 }}>
          <b className="job-title">{job.name}</b>
          <div data-testid="job-state" data-state={job.state}>
            <HealthMark health={jobHealth(job)} label={job.words} />
          </div>
        </div>
        <ActionIcon ml="auto" variant="subtle" color="gray" aria-label="Close the details" onClick={onClose}>
          <IconX size={16} />
        </ActionIcon>
      </Group>
      <Actions job={job} site={site} />
      {job.error ? <ErrorNotice error={fromWireError(job.error)} title={isEnded(job) ? 'What happened' : 'Its state is not known now'} /> : null}
      {job.resultNote ? (
        <Alert color="yellow" variant="light" py={6} px="sm">
          {job.resultNote}{' '}
          {tableOf(job) ? (
            <Anchor component="button" size="sm" onClick={() => navigate('/sql', { connection: job.source?.connectionId ?? '', sql: `SELECT * FROM ${tableOf(job)} LIMIT 1000;` })}>
              Look at it
            </Anchor>
          ) : null}
        </Alert>
      ) : null}
      <Facts job={job} />
      {job.isOwn ? null : (
        <Text size="sm" c="var(--text-dim)">
          This job was not submitted by this Meridian: it is watched here and not archived. Its pods and logs are under Kubernetes.
        </Text>
      )}
      {error ? <ErrorNotice error={error} /> : null}
      {details && job.isOwn ? (
        <Tabs defaultValue="log" className="job-tabs" keepMounted={false}>
          <Tabs.List>
            <Tabs.Tab value="log">Log</Tabs.Tab>
            <Tabs.Tab value="parts">{job.target === 'ssh-script' ? 'Process' : `Pods ${details.parts.length}`}</Tabs.Tab>
            <Tabs.Tab value="events">Events {details.events.length}</Tabs.Tab>
            <Tabs.Tab value="order">Order</Tabs.Tab>
            <Tabs.Tab value="manifest">Manifest</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="log">
            <JobLog key={String(details.parts.some(({ name }) => name === 'ray-driver'))} job={job} parts={details.parts} />
          </Tabs.Panel>
          <Tabs.Panel value="parts">
            <Parts details={details} />
          </Tabs.Panel>
          <Tabs.Panel value="events">
            <Events details={details} />
          </Tabs.Panel>
          <Tabs.Panel value="order">
            <Order details={details} />
          </Tabs.Panel>
          <Tabs.Panel value="manifest">
            <CodeView label="Manifest as sent" value={details.manifest} language="yaml" />
          </Tabs.Panel>
        </Tabs>
      ) : null}
    </aside>
  )
}

/** The table of the database that a job named as its result; only plain names make a statement. */
const tableOf = ({ resultNote }: Job): string | undefined => /^Its result is the table ([A-Za-z_]\w*\.[A-Za-z_]\w*)\.$/.exec(resultNote ?? '')?.[1]

function Actions({ job, site }: { job: Job; site: Site }) {
  const client = useClient()
  const readOnly = site.isReadOnly ? `The site ${site.name} is read-only in Meridian.` : null
  const { resultRunId, source } = job
  const one = { siteId: job.siteId, jobId: job.jobId }
  if (!job.isOwn) return null
  const stop = (): void =>
    openDialog(
      <ConfirmDialog title={`Stop ${job.name}?`} confirmLabel="Stop the job" cancelLabel="Let it run" isDangerous onConfirm={() => client.jobs.stop(one)} onClose={closeDialog}>
        Its processes on {job.connectionLabel} are ended. What it has not written down by then is lost; its log so far stays here.
      </ConfirmDialog>,
    )
  const remove = (): void =>
    openDialog(
      <ConfirmDialog
        title={`Remove ${job.name}?`}
        confirmLabel="Remove the job"
        isDangerous
        onConfirm={async () => {
          await client.jobs.remove(one)
          navigate('/jobs', {}, { replace: true })
        }}
        onClose={closeDialog}
      >
        Its archive (order, events, log) is deleted, and what is left of it on {job.connectionLabel}. A result table that came back stays under SQL.
      </ConfirmDialog>,
    )
  return (
    <Group gap="xs">
      {resultRunId ? (
        <Button size="xs" leftSection={<IconTable size={14} />} onClick={() => navigate('/sql', { run: resultRunId })}>
          Open the result
        </Button>
      ) : null}
      {isEnded(job) ? null : (
        <ActionButton size="xs" variant="light" color="red" leftSection={<IconPlayerStop size={14} />} disabledReason={readOnly ?? (job.state === 'stopping' ? 'It is being stopped.' : null)} onClick={stop}>
          Stop
        </ActionButton>
      )}
      <Button size="xs" variant="default" leftSection={<IconRefresh size={14} />} onClick={() => navigate('/jobs', { again: job.jobId })}>
        Run again with changes
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label="More actions">
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {source ? <Menu.Item onClick={() => navigate('/sql', { run: source.runId })}>Open its query</Menu.Item> : null}
          <Menu.Item color="red" disabled={!isEnded(job) || readOnly !== null} onClick={remove}>
            Remove from the list
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  )
}

/** From its start to its end, or to now. */
export function JobDuration({ job }: { job: Job }) {
  const nowMs = useNowMs()
  if (job.startedAtMs === null) return <>—</>
  return <>{formatDuration(Math.max(0, (job.endedAtMs ?? (isEnded(job) ? job.startedAtMs : nowMs)) - job.startedAtMs))}</>
}

export const formatCoreHours = (hours: number | null): string => (hours === null ? '—' : hours < 0.01 ? `${(hours * 3600).toFixed(1)} core-s` : `${hours.toFixed(hours < 10 ? 2 : 0)} core-h`)

function Facts({ job }: { job: Job }) {
  const facts: [string, React.ReactNode][] = [
    ['Runs on', `${targetWords[job.target]} · ${job.connectionLabel}${job.namespace ? ` · ${job.namespace}` : ''}`],
    ['Object', job.objectName],
    ...(job.templateId ? [['Template', `${job.templateTitle ?? job.templateId} ${job.templateVersion ?? ''}`] satisfies [string, string]] : []),
    ['Submitted', <><Age atMs={job.submittedAtMs} />{job.submittedBy ? ` by ${job.submittedBy}` : ''}</>],
    ['Took', <><JobDuration job={job} /> · {formatCoreHours(job.coreHours)}</>],
    ...(job.isArchived ? [['Archive', 'The target no longer has it; everything here is kept on this computer.'] satisfies [string, string]] : []),
    ...(job.seenAtMs && !isEnded(job) ? [['Last seen', <Age atMs={job.seenAtMs} />] satisfies [string, React.ReactNode]] : []),
  ]
  return (
    <dl className="job-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function Parts({ details: { parts } }: { details: Details }) {
  if (parts.length === 0) return <Text size="sm" c="var(--text-dim)" p="sm">Nothing of it has been made yet.</Text>
  return (
    <Table verticalSpacing={4} fz="xs" stickyHeader>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Name</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th>Node</Table.Th>
          <Table.Th>Log</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {parts.map((part) => (
          <Table.Tr key={part.name}>
            <Table.Td>{part.index === null ? part.name : `#${part.index} ${part.name.split('-').at(-1)}`}</Table.Td>
            <Table.Td>
              <HealthMark health={part.state === 'failed' ? 'error' : part.state === 'waiting' ? 'warning' : 'ok'} label={part.words} />
            </Table.Td>
            <Table.Td>{part.node ?? '—'}</Table.Td>
            <Table.Td>{formatBytes(part.logBytes)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

function Events({ details: { events } }: { details: Details }) {
  if (events.length === 0) return <Text size="sm" c="var(--text-dim)" p="sm">The cluster has told of no events.</Text>
  return (
    <Table verticalSpacing={4} fz="xs" stickyHeader>
      <Table.Tbody>
        {events.map((event, index) => (
          <Table.Tr key={index}>
            <Table.Td style={{ whiteSpace: 'nowrap', verticalAlign: 'top' }}>
              <Age atMs={event.atMs} />
            </Table.Td>
            <Table.Td>
              <b style={event.isWarning ? { color: 'var(--health-warning)' } : undefined}>
                {event.isWarning ? '▲ ' : ''}
                {event.reason}
              </b>{' '}
              <span className="job-dim">{event.object}</span>
              <div>{event.message}</div>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

function Order({ details: { job, parameters } }: { details: Details }) {
  const { source } = job
  return (
    <div className="job-order-facts">
      {source ? (
        <>
          <b>Rows</b>
          <dl className="job-facts">
            <div><dt>From</dt><dd>{source.connectionLabel}/{source.database}</dd></div>
            <div><dt>Rows</dt><dd>{formatCount(source.rows)}</dd></div>
            <div><dt>Handed over</dt><dd>{source.transport === 'snapshot-table' ? 'table ' : 'file '}{source.place}</dd></div>
            <div>
              <dt>SHA-256</dt>
              <dd>
                <CopyButton value={source.resultSha256}>
                  {({ copy, copied }) => (
                    <button className="job-copy" onClick={copy} title={source.resultSha256}>
                      {copied ? 'copied' : `${source.resultSha256.slice(0, 16)}…`}
                    </button>
                  )}
                </CopyButton>
              </dd>
            </div>
          </dl>
          <pre className="job-sql" tabIndex={0}>{source.sql}</pre>
        </>
      ) : null}
      <b>Parameters</b>
      <dl className="job-facts">
        {Object.entries(parameters).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{typeof value === 'string' ? value.slice(0, 400) || '(empty)' : JSON.stringify(value)}</dd>
          </div>
        ))}
      </dl>
    </div>
  )
}
