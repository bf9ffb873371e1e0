// Ordering a job: template, place, parameters and rows at the left, the manifest at the right, the server's opinion before
// anything is sent. A submission keeps its id however often the button is pressed.
import { Alert, Button, Group, Loader, Select, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconArrowLeft, IconRefresh, IconRocket } from '@tabler/icons-react'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { navigate } from '#client/location.ts'
import type { JobProblem, JobTarget, JobTemplate } from '#shared/contracts/jobs.ts'
import type { AppError } from '#shared/errors.ts'
import type { Site } from '#shared/model/connection.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { DataFields } from './DataFields.tsx'
import { defaultsOf, fieldsOf, firstNamespace, newDraft, targetKey, toOrder, type Draft } from './job-form.ts'
import { ManifestPane } from './ManifestPane.tsx'
import { ParameterForm } from './ParameterForm.tsx'
import { TargetCards } from './TargetCards.tsx'

const namespaceKey = 'meridian.jobs.namespace'
const previewMs = 250

/** `fromRun`: a query whose rows the job works on. `again`: a job to run again with changes. */
export function NewJob({ site, fromRun, again }: { site: Site; fromRun: string | null; again: string | null }) {
  const client = useClient()
  const [templates, setTemplates] = useState<JobTemplate[] | null>(null)
  const [userFolder, setUserFolder] = useState('')
  const [draft, setDraft] = useState<Draft | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  useEffect(() => {
    let isCurrent = true
    const begin = async (): Promise<void> => {
      const { templates: all, userFolder: folder } = await client.jobs.templates()
      const first = all.find((one) => one.problem === null && (fromRun === null || one.data !== 'none') && (fromRun === null || one.id.startsWith('void')))
      const usable = first ?? all.find((one) => one.problem === null)
      const order = again ? await client.jobs.order({ siteId: site.id, jobId: again }) : null
      if (!isCurrent) return
      setTemplates(all)
      setUserFolder(folder)
      if (order) {
        const { siteId: _siteId, ...rest } = order
        // The names in an edited manifest are those of the old submission.
        setDraft({ ...rest, submissionId: crypto.randomUUID(), manifest: null })
      } else if (usable) {
        const data = fromRun ? { runId: fromRun, transport: usable.transports[0] ?? ('snapshot-table' as const), schema: null } : null
        setDraft({ ...newDraft(usable, crypto.randomUUID()), data })
      }
    }
    begin().catch((thrown: unknown) => isCurrent && setError(toAppError(thrown)))
    return () => {
      isCurrent = false
    }
  }, [client, site.id, fromRun, again])
  return (
    <div className="screen">
      <div className="screen-head">
        <Button size="xs" variant="subtle" leftSection={<IconArrowLeft size={15} />} onClick={() => navigate('/jobs')}>
          Jobs
        </Button>
        <h1>{again ? 'Run again with changes' : 'New job'}</h1>
      </div>
      {error ? (
        <div style={{ padding: '0 20px' }}>
          <ErrorNotice error={error} />
        </div>
      ) : null}
      {templates && draft ? <OrderForm site={site} templates={templates} userFolder={userFolder} draft={draft} onDraft={setDraft} /> : error ? null : <Loader role="img" m="xl" aria-label="Reading the templates" />}
    </div>
  )
}

function useTargets(site: Site): { targets: JobTarget[] | null; error: AppError | null; refresh: () => void } {
  const client = useClient()
  const [targets, setTargets] = useState<JobTarget[] | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  const [round, setRound] = useState(0)
  useEffect(() => {
    let isCurrent = true
    client.jobs.targets({ siteId: site.id }).then(
      (found) => isCurrent && (setTargets(found), setError(null)),
      (thrown: unknown) => isCurrent && setError(toAppError(thrown)),
    )
    return () => {
      isCurrent = false
    }
  }, [client, site.id, round])
  return { targets, error, refresh: () => setRound((before) => before + 1) }
}

function OrderForm(props: { site: Site; templates: JobTemplate[]; userFolder: string; draft: Draft; onDraft: (next: Draft | null | ((before: Draft | null) => Draft | null)) => void }) {
  const { site, templates, userFolder, draft, onDraft } = props
  const { targets, error: targetsError, refresh } = useTargets(site)
  const template = templates.find(({ id }) => id === draft.templateId)
  const change = useCallback((changes: Partial<Draft>): void => onDraft((before) => (before ? { ...before, ...changes } : before)), [onDraft])
  const usable = useMemo(() => (targets ?? []).filter((target) => template?.targets.includes(target.kind) && target.state !== 'unsupported').sort(readyFirst), [targets, template])
  const current = usable.find((target) => target.kind === draft.target && target.connectionId === draft.connectionId)
  // A place is taken at once, so that the manifest is there to be read; the cards let it be changed.
  useEffect(() => {
    if (current) return
    const first = usable.find(({ state }) => state === 'ready')
    if (first) change(placeOf(first, template?.namespace ?? null, draft.namespace))
  }, [current, usable, change, draft.namespace, template])
  const order = useMemo(() => toOrder(draft, site.id), [draft, site.id])
  const preview = usePreview(order)
  const [check, setCheck] = useState<{ problems: JobProblem[]; verdict: string; of: unknown } | null>(null)
  const [failure, setFailure] = useState<AppError | null>(null)
  const [busy, setBusy] = useState<'check' | 'submit' | null>(null)
  const client = useClient()
  const isCheckCurrent = check?.of === order
  const problems = [...preview.problems, ...(isCheckCurrent && check ? check.problems : [])]
  const byField = new Map(problems.flatMap(({ field, message }) => (field ? [[field, message] as const] : [])))
  const act = async (what: 'check' | 'submit'): Promise<void> => {
    if (!order) return
    setBusy(what)
    setFailure(null)
    try {
      if (what === 'check') setCheck({ ...(await client.jobs.check(order)), of: order })
      else navigate('/jobs', { job: (await client.jobs.submit(order)).jobId })
    } catch (thrown) {
      setFailure(toAppError(thrown))
    } finally {
      setBusy(null)
    }
  }
  const blocked = site.isReadOnly ? `The site ${site.name} is read-only in Meridian. Allow changes under Connections.` : !order ? 'Choose a place and a name first.' : preview.problems.length > 0 ? 'Something in the form is not right yet.' : null
  if (!template) return null
  return (
    <div className="job-order">
      <div className="job-form" role="region" aria-label="Order" tabIndex={0}>
        <Group grow align="start" gap="sm">
          <Select
            size="xs"
            label="Template"
            data={templates.map((one) => ({ value: one.id, label: one.source === 'user' ? `${one.title} (your own)` : one.title, disabled: one.problem !== null }))}
            value={draft.templateId}
            allowDeselect={false}
            onChange={(id) => {
              const next = templates.find((one) => one.id === id)
              if (next) change({ ...newDraft(next, draft.submissionId), data: next.data === 'none' ? null : withTransport(draft.data, next) })
            }}
          />
          <TextInput size="xs" label="Name" value={draft.name} onChange={(event) => change({ name: event.currentTarget.value })} maxLength={100} error={draft.name.trim() === '' ? 'A name is needed.' : null} />
        </Group>
        <Text size="sm" c="var(--text-dim)">
          {template.purpose}
        </Text>
        <BrokenTemplates templates={templates} userFolder={userFolder} />
        <section aria-label="Place" className="job-group">
          <Group justify="space-between">
            <b style={{ fontSize: 14 }}>Where there is room</b>
            <Button size="compact-xs" variant="subtle" leftSection={<IconRefresh size={13} />} onClick={refresh}>
              Ask again
            </Button>
          </Group>
          {targetsError ? <ErrorNotice error={targetsError} onRetry={refresh} /> : null}
          {targets === null && !targetsError ? <Loader role="img" size="sm" aria-label="Asking every place" /> : null}
          {targets !== null && usable.length === 0 ? (
            <Text size="sm" c="var(--text-dim)">
              No connection of this site can run this template. Connect a Kubernetes cluster, or a machine with Python over SSH.
            </Text>
          ) : null}
          <TargetCards targets={usable.filter(({ state }) => state === 'ready')} draft={draft} onChoose={(target) => change(placeOf(target, template.namespace, draft.namespace))} />
          <Unusable targets={usable.filter(({ state }) => state !== 'ready')} />
          {current && current.kind !== 'ssh-script' ? (
            <Select
              size="xs"
              w={280}
              label="Namespace"
              data={current.namespaces}
              value={draft.namespace}
              searchable
              allowDeselect={false}
              onChange={(namespace) => {
                if (namespace) rememberNamespace(namespace)
                change({ namespace })
              }}
            />
          ) : null}
        </section>
        <DataFields template={template} draft={draft} onChange={(data) => change({ data })} />
        <ParameterForm fields={fieldsOf(template)} values={draft.parameters} problems={byField} onChange={(name, value) => change({ parameters: { ...draft.parameters, [name]: value } })} />
        <Button size="compact-xs" variant="subtle" w="fit-content" onClick={() => change({ parameters: defaultsOf(template) })}>
          All fields to their defaults
        </Button>
      </div>
      <div className="job-right">
        <ManifestPane
          made={preview.manifest}
          edited={draft.manifest}
          problems={problems.filter(({ field }) => field === null)}
          verdict={isCheckCurrent && check ? check.verdict : null}
          onEdit={(manifest) => change({ manifest })}
        />
        {failure ? <ErrorNotice error={failure} onClose={() => setFailure(null)} /> : null}
        <Group justify="flex-end" gap="sm">
          <ActionButton variant="default" disabledReason={order ? null : 'Choose a place and a name first.'} loading={busy === 'check'} onClick={() => void act('check')}>
            Check with the server
          </ActionButton>
          <ActionButton leftSection={<IconRocket size={16} />} disabledReason={blocked} loading={busy === 'submit'} onClick={() => void act('submit')}>
            Submit the job
          </ActionButton>
        </Group>
      </div>
    </div>
  )
}

const readyFirst = (left: JobTarget, right: JobTarget): number => Number(right.state === 'ready') - Number(left.state === 'ready') || targetKey(left).localeCompare(targetKey(right))

/** The namespace chosen before, else the template's own, else the one used last. */
function placeOf(target: JobTarget, own: string | null, before: string | null): Partial<Draft> {
  const wanted = [before, own, readNamespace()].find((name) => name !== null && target.namespaces.includes(name)) ?? null
  return { target: target.kind, connectionId: target.connectionId, namespace: target.kind === 'ssh-script' ? null : firstNamespace(target.namespaces, wanted), manifest: null }
}

function readNamespace(): string | null {
  try {
    return localStorage.getItem(namespaceKey)
  } catch {
    return null
  }
}
function rememberNamespace(namespace: string): void {
  try {
    localStorage.setItem(namespaceKey, namespace)
  } catch {
    // Without it the next form begins with another namespace.
  }
}

const withTransport = (data: Draft['data'], { transports }: JobTemplate): Draft['data'] =>
  data && !transports.includes(data.transport) ? { ...data, transport: transports[0] ?? 'snapshot-table' } : data

/** The template's manifest for the order, a moment after the last change; an edited one is only checked. */
function usePreview(order: ReturnType<typeof toOrder>): { manifest: string; problems: JobProblem[] } {
  const client = useClient()
  const [wanted] = useDebouncedValue(order, previewMs)
  const [preview, setPreview] = useState<{ manifest: string; problems: JobProblem[] }>({ manifest: '', problems: [] })
  useEffect(() => {
    if (!wanted) return
    let isCurrent = true
    const ask = async (): Promise<void> => {
      const made = await client.jobs.preview({ ...wanted, manifest: null })
      const { problems } = wanted.manifest === null ? made : await client.jobs.preview(wanted)
      if (isCurrent) setPreview({ manifest: made.manifest, problems })
    }
    ask().catch((thrown: unknown) => {
      if (isCurrent) setPreview((before) => ({ ...before, problems: [{ message: toAppError(thrown).message, field: null, line: null }] }))
    })
    return () => {
      isCurrent = false
    }
  }, [client, wanted])
  return preview
}

/** Places that could run it, were they there: named with the reason, out of the way. */
function Unusable({ targets }: { targets: JobTarget[] }) {
  if (targets.length === 0) return null
  return (
    <details className="job-unusable">
      <summary>{targets.length === 1 ? 'One place does not answer' : `${targets.length} places do not answer`}</summary>
      {targets.map((target) => (
        <div key={targetKey(target)}>
          <b>{target.label}</b>: {target.note}
        </div>
      ))}
    </details>
  )
}

function BrokenTemplates({ templates, userFolder }: { templates: JobTemplate[]; userFolder: string }) {
  const broken = templates.filter(({ problem }) => problem !== null)
  if (broken.length === 0) return null
  return (
    <Alert color="yellow" variant="light" title="Templates of yours that cannot be used" py="xs">
      {broken.map(({ id, problem }) => (
        <div key={id}>
          <b>{id}</b>: {problem}
        </div>
      ))}
      <Text size="xs" mt={4}>
        They lie in {userFolder}.
      </Text>
    </Alert>
  )
}
