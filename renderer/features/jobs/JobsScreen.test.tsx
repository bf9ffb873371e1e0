// What a person sees of jobs: states in words, what may be done and why not, and a form made from a template's schema.
import { screen, waitFor, within } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Job, JobOrder, JobTarget, JobTemplate } from '#shared/contracts/jobs.ts'
import { AppError } from '#shared/errors.ts'
import { eventFeed } from '../../testing/event-feed.ts'
import { connectionId, sampleSiteRecord, siteId } from '../../testing/sample-session.ts'
import { freshPage, show } from '../../testing/show.tsx'
import { DialogHost } from '../../app/DialogHost.tsx'
import JobsScreen from './JobsScreen.tsx'
import { useJobs } from './jobs.store.ts'

const jobOf = (name: string, extra: Partial<Job> = {}): Job => ({
  jobId: name, siteId, name, target: 'kubernetes-job', connectionId, connectionLabel: 'rke2', namespace: 'desi-voids', objectName: `${name}-1f3a9c02`, isOwn: true,
  templateId: 'void', templateVersion: '1.0.0', templateTitle: 'Void statistics', submittedBy: 'ada', submittedAtMs: Date.now(), startedAtMs: Date.now(), endedAtMs: null,
  state: 'running', words: 'running, 12 of 40 indexes done', progress: { done: 12, total: 40 }, cores: 1, coreHours: 0.5, source: null, resultRunId: null, resultNote: null,
  seenAtMs: Date.now(), isArchived: false, error: null, ...extra,
})
const template: JobTemplate = {
  id: 'void', version: '1.0.0', title: 'Void statistics', purpose: 'Counts.', source: 'shipped', targets: ['kubernetes-job'], data: 'none', transports: [], namespace: 'desi-voids',
  parameters: { type: 'object', required: ['bins'], properties: { bins: { type: 'integer', title: 'Bins', description: 'How many.', default: 4, 'x-group': 'Science' }, quiet: { type: 'integer', title: 'Quiet', default: 1, 'x-advanced': true, 'x-group': 'Science' } } },
  files: ['main.py'], problem: null,
}
const target: JobTarget = {
  kind: 'kubernetes-job', connectionId, label: 'rke2', state: 'ready', note: null, cores: { free: 10, total: 40 }, memoryBytes: { free: 2 ** 34, total: 2 ** 36 }, gpus: null,
  largest: { cores: 4, memoryBytes: 2 ** 33 }, namespaces: ['kube-system', 'desi-voids'], atMs: Date.now(),
}

function listOf(...jobs: Job[]) {
  return { watch: eventFeed<Job[]>(jobs).watch }
}

beforeEach(() => {
  useJobs.setState(useJobs.getInitialState(), true)
  freshPage({ sites: [sampleSiteRecord()], siteId }, '/jobs')
})

describe('the list', () => {
  it('says how each job stands, and filters by words and by state', async () => {
    const { user } = show(<JobsScreen />, { jobs: listOf(jobOf('grid'), jobOf('greedy', { state: 'failed', words: 'failed: OOM-killed: it used more memory than its limit of 96Mi', progress: null })) as never })
    expect(await screen.findByText('running, 12 of 40 indexes done')).toBeInTheDocument()
    expect(screen.getByText(/OOM-killed/)).toBeInTheDocument()
    await user.click(screen.getByRole('radio', { name: 'Ended' }))
    expect(screen.queryByText('running, 12 of 40 indexes done')).not.toBeInTheDocument()
    await user.type(screen.getByRole('textbox', { name: 'Filter' }), 'nothing like it')
    expect(screen.getByRole('heading', { name: 'Nothing passes the filter' })).toBeInTheDocument()
  })

  it('tells what to do when there is none', async () => {
    show(<JobsScreen />, { jobs: listOf() as never })
    expect(await screen.findByRole('heading', { name: 'No jobs yet' })).toBeInTheDocument()
  })
})

describe('one job', () => {
  const details = (job: Job) => () => Promise.resolve({ job, parameters: {}, manifest: 'kind: Job', parts: [], events: [] })
  const log = () => Promise.resolve((async function* () { yield { text: 'begun\n', isCut: false } })())

  it('is stopped only after a question', async () => {
    const job = jobOf('grid')
    const stop = vi.fn().mockResolvedValue(job)
    freshPage({ sites: [sampleSiteRecord()], siteId }, '/jobs?job=grid')
    const { user } = show(
      <>
        <JobsScreen />
        <DialogHost />
      </>,
      { jobs: { ...listOf(job), details: details(job), log, stop } as never },
    )
    await user.click(await screen.findByRole('button', { name: 'Stop' }))
    expect(stop).not.toHaveBeenCalled()
    await user.click(await screen.findByRole('button', { name: 'Stop the job' }))
    expect(stop).toHaveBeenCalledWith({ siteId, jobId: 'grid' })
  })

  it('on a read-only site is not stopped, and says why', async () => {
    const job = jobOf('grid')
    freshPage({ sites: [sampleSiteRecord({ isReadOnly: true })], siteId }, '/jobs?job=grid')
    show(<JobsScreen />, { jobs: { ...listOf(job), details: details(job), log } as never })
    expect(await screen.findByRole('button', { name: 'Stop' })).toHaveAttribute('aria-disabled', 'true')
  })

  it('shows why its state is not known', async () => {
    const job = jobOf('grid', { error: { code: 'unreachable', message: 'Kubernetes does not answer.', retryable: true } })
    freshPage({ sites: [sampleSiteRecord()], siteId }, '/jobs?job=grid')
    show(<JobsScreen />, { jobs: { ...listOf(job), details: details(job), log } as never })
    expect(await screen.findByText('Its state is not known now')).toBeInTheDocument()
    expect(screen.getByText('Kubernetes does not answer.')).toBeInTheDocument()
  })
})

describe('a new job', () => {
  const procedures = (submit: (order: JobOrder) => Promise<Job>, problems: JobOrderProblems = () => []) => ({
    jobs: {
      templates: () => Promise.resolve({ templates: [template, { ...template, id: 'mine', title: 'mine', source: 'user' as const, problem: 'it has no manifest' }], userFolder: '/data/templates' }),
      targets: () => Promise.resolve([target]),
      preview: (order: JobOrder) => Promise.resolve({ manifest: `bins: ${String(order.parameters['bins'])}`, problems: problems(order) }),
      submit,
    } as never,
  })
  type JobOrderProblems = (order: JobOrder) => { message: string; field: string | null; line: number | null }[]

  it('is a form of the template’s own fields; one press is one submission, and the next try is the same one', async () => {
    freshPage({ sites: [sampleSiteRecord()], siteId }, '/jobs?new=1')
    const submit = vi.fn<(order: JobOrder) => Promise<Job>>().mockRejectedValueOnce(new AppError('forbidden', 'Not allowed here.')).mockResolvedValue(jobOf('one'))
    const { user } = show(<JobsScreen />, procedures(submit))
    expect(await screen.findByRole('radio', { name: /Kubernetes Job/ })).toHaveTextContent('10 of 40 free')
    expect(screen.getByRole('textbox', { name: 'Bins' })).toHaveValue('4')
    expect(screen.queryByRole('textbox', { name: 'Quiet' })).not.toBeInTheDocument()
    expect(screen.getByText('it has no manifest', { exact: false })).toBeInTheDocument()
    const press = async (): Promise<void> => user.click(screen.getByRole('button', { name: 'Submit the job' }))
    await waitFor(() => expect(screen.getByRole('button', { name: 'Submit the job' })).not.toHaveAttribute('aria-disabled'))
    await press()
    expect(await screen.findByText('Not allowed here.')).toBeInTheDocument()
    await press()
    await waitFor(() => expect(window.location.hash).toBe('#/jobs?job=one'))
    const [first, second] = submit.mock.calls.map(([order]) => order)
    expect(first).toMatchObject({ templateId: 'void', target: 'kubernetes-job', namespace: 'desi-voids', parameters: { bins: 4, quiet: 1 }, manifest: null })
    expect(second?.submissionId).toBe(first?.submissionId)
  })

  it('shows what is wrong at its field and does not send it', async () => {
    freshPage({ sites: [sampleSiteRecord()], siteId }, '/jobs?new=1')
    const { user } = show(<JobsScreen />, procedures(vi.fn(), (order) => (order.parameters['bins'] === undefined ? [{ message: 'A value is needed.', field: 'bins', line: null }] : [])))
    const bins = await screen.findByRole('textbox', { name: 'Bins' })
    await user.clear(bins)
    const group = screen.getByRole('region', { name: 'Science' })
    expect(await within(group).findByText('A value is needed.')).toBeInTheDocument()
    expect(screen.getByRole('button', { name: 'Submit the job' })).toHaveAttribute('aria-disabled', 'true')
  })
})
