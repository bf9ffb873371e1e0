// Jobs: one list over all places where they run, one job beside it, and the form that orders a new one.
import './jobs.css'
import { Button, Group, Loader, Progress, SegmentedControl, TextInput } from '@mantine/core'
import { IconPlus, IconRocket, IconSearch } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { useScreenCommands } from '#client/commands.store.ts'
import { navigate, usePlace } from '#client/location.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import type { Job } from '#shared/contracts/jobs.ts'
import type { Site } from '#shared/model/connection.ts'
import { Age } from '#ui/Age.tsx'
import { DataTable, type Column, type Sort } from '#ui/DataTable.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { HealthMark } from '#ui/HealthMark.tsx'
import { formatCoreHours, JobDetails, JobDuration } from './JobDetails.tsx'
import { isEnded, jobHealth, targetWords, useFollowedJobs } from './jobs.store.ts'
import { NewJob } from './NewJob.tsx'

export default function JobsScreen() {
  const site = useSession(currentSite)
  const { query } = usePlace()
  if (!site) return null
  const fromRun = query.get('fromRun')
  const again = query.get('again')
  if (query.has('new') || fromRun || again) return <NewJob key={`${fromRun}${again}`} site={site} fromRun={fromRun} again={again} />
  return <JobList site={site} selectedId={query.get('job')} />
}

const which = ['all', 'active', 'ended', 'mine'] as const
type Which = (typeof which)[number]
const whichWords: Record<Which, string> = { all: 'All', active: 'Active', ended: 'Ended', mine: 'Submitted here' }

const columns: Column<Job>[] = [
  { key: 'name', title: 'Job', widthPx: 180, value: (job) => job.name },
  { key: 'state', title: 'State', widthPx: 250, value: (job) => job.words, order: (job) => `${isEnded(job) ? 1 : 0}${job.words}`, render: (job) => <StateCell job={job} /> },
  { key: 'target', title: 'Runs on', widthPx: 190, value: (job) => `${targetWords[job.target]} · ${job.connectionLabel}${job.namespace ? ` · ${job.namespace}` : ''}` },
  { key: 'submitted', title: 'Submitted', widthPx: 100, value: (job) => new Date(job.submittedAtMs).toISOString(), order: (job) => job.submittedAtMs, render: (job) => <Age atMs={job.submittedAtMs} /> },
  { key: 'took', title: 'Took', widthPx: 90, align: 'right', value: (job) => (job.startedAtMs === null ? null : (job.endedAtMs ?? Date.now()) - job.startedAtMs), render: (job) => <JobDuration job={job} /> },
  { key: 'cost', title: 'Cost', widthPx: 90, align: 'right', value: (job) => job.coreHours, render: (job) => <>{formatCoreHours(job.coreHours)}</> },
  { key: 'who', title: 'Who', widthPx: 90, value: (job) => job.submittedBy || null },
]

function StateCell({ job }: { job: Job }) {
  const { progress } = job
  const isMoving = progress !== null && !isEnded(job)
  return (
    <div className="job-state" title={job.words}>
      <HealthMark health={jobHealth(job)} label={job.words} />
      {isMoving ? <Progress size={4} w={64} value={(100 * progress.done) / progress.total} aria-label={`${progress.done} of ${progress.total} done`} /> : null}
    </div>
  )
}

const keyOf = (job: Job): string => job.jobId

function JobList({ site, selectedId }: { site: Site; selectedId: string | null }) {
  const jobs = useFollowedJobs(site.id)
  const isCompact = useSession((state) => state.settings?.density === 'compact')
  const [text, setText] = useState('')
  const [only, setOnly] = useState<Which>('all')
  const [sort, setSort] = useState<Sort>({ key: 'submitted', isDescending: true })
  const all = useMemo(() => (jobs.state === 'ready' ? jobs.value : []), [jobs])
  const rows = useMemo(() => all.filter((job) => passes(job, only, text)), [all, only, text])
  const selected = all.find((job) => job.jobId === selectedId)
  const order = (): void => navigate('/jobs', { new: '1' })
  useScreenCommands(() => [{ id: 'jobs-new', title: 'New job', group: 'Jobs', shortcut: 'mod+shift+J', keywords: ['submit', 'launch', 'run'], run: order }], '')
  return (
    <div className="screen">
      <div className="screen-head">
        <h1>Jobs</h1>
        <TextInput aria-label="Filter" placeholder="Name, state, place or person" leftSection={<IconSearch size={15} />} size="xs" w={240} value={text} onChange={(event) => setText(event.currentTarget.value)} />
        <SegmentedControl aria-label="Which" size="xs" data={which.map((value) => ({ value, label: whichWords[value] }))} value={only} onChange={(value) => setOnly(value as Which)} />
        <span className="kbd-hint" role="status">
          {rows.length === all.length ? `${all.length}` : `${rows.length} of ${all.length}`}
        </span>
        <Group ml="auto">
          <Button size="xs" leftSection={<IconPlus size={15} />} onClick={order}>
            New job
          </Button>
        </Group>
      </div>
      <div className="job-body">
        {jobs.state === 'failed' ? <ErrorNotice error={jobs.error} /> : null}
        {jobs.state === 'loading' ? <Loader role="img" m="xl" aria-label="Reading the jobs" /> : null}
        {jobs.state === 'ready' && rows.length > 0 ? (
          <DataTable<Job> label="Jobs" columns={columns} rows={rows} rowKey={keyOf} sort={sort} onSort={setSort} rowHeightPx={isCompact ? 28 : 36} selectedKey={selectedId} onSelect={(job) => navigate('/jobs', { job: job.jobId }, { replace: true })} />
        ) : null}
        {jobs.state === 'ready' && rows.length === 0 ? (
          <EmptyState
            icon={<IconRocket size={40} />}
            title={all.length === 0 ? 'No jobs yet' : 'Nothing passes the filter'}
            action={all.length === 0 ? <Button onClick={order}>New job</Button> : undefined}
          >
            {all.length === 0 ? 'Run a script on the cluster, on Ray or on the GPU machine: from a template, or on the rows of a query under SQL.' : `Loosen the words or show all ${all.length} jobs.`}
          </EmptyState>
        ) : null}
        {selected ? <JobDetails key={selected.jobId} job={selected} site={site} onClose={() => navigate('/jobs', {}, { replace: true })} /> : null}
      </div>
    </div>
  )
}

function passes(job: Job, only: Which, text: string): boolean {
  if (only === 'active' && isEnded(job)) return false
  if (only === 'ended' && !isEnded(job)) return false
  if (only === 'mine' && !job.isOwn) return false
  const haystack = `${job.name} ${job.words} ${job.connectionLabel} ${job.namespace ?? ''} ${job.submittedBy} ${job.objectName} ${job.templateTitle ?? ''}`.toLowerCase()
  return text.toLowerCase().split(/\s+/).filter(Boolean).every((word) => haystack.includes(word))
}
