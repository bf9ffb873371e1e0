// The connection test: six steps, what each found, and what to do about the one that failed.
import { Button, Group, Loader, Stack, Text, ThemeIcon } from '@mantine/core'
import { IconCheck, IconMinus, IconX } from '@tabler/icons-react'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { fromWireError, type AppError } from '#shared/errors.ts'
import type { TestStep } from '#shared/contracts/sites.ts'
import { testStepNames } from '#shared/contracts/sites.ts'
import type { ConnectionDraft, ConnectionId } from '#shared/model/connection.ts'
import { formatDuration } from '#shared/model/quantities.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import type { FormValues } from './connection-form.ts'

const titles: Record<TestStep['step'], string> = {
  dns: 'Name',
  tcp: 'Reachable',
  tls: 'Encryption',
  authentication: 'Log-in',
  permission: 'Permissions',
  version: 'Version',
}

const marks: Record<TestStep['state'], ReactNode> = {
  running: <Loader role="img" size={18} aria-label="running" />,
  passed: <ThemeIcon size={20} radius="xl" color="green" role="img" aria-label="passed"><IconCheck size={13} /></ThemeIcon>,
  failed: <ThemeIcon size={20} radius="xl" color="red" role="img" aria-label="failed"><IconX size={13} /></ThemeIcon>,
  skipped: <ThemeIcon size={20} radius="xl" color="gray" role="img" aria-label="not tried"><IconMinus size={13} /></ThemeIcon>,
}

/** What the user may choose to trust after this failure. A changed host key or fingerprint is never offered. */
function trustOf({ detail }: AppError) {
  if (detail?.kind === 'tls' && detail.fingerprint256 && detail.reason !== 'fingerprint-changed')
    return { label: 'Trust exactly this certificate', changes: { trust: 'pinned' as const, sha256: detail.fingerprint256 } }
  if (detail?.kind === 'ssh' && detail.fingerprint256 && detail.stage === 'host-key')
    return { label: 'Trust exactly this host key', changes: { hostKeySha256: detail.fingerprint256 } }
  return null
}

interface ConnectionTestProps {
  connectionId?: ConnectionId | undefined
  draft?: ConnectionDraft | undefined
  /** Offered when the server's certificate or host key is not known: trusts exactly what it showed. */
  onTrust?: (changes: Pick<FormValues, 'trust' | 'sha256'> | Pick<FormValues, 'hostKeySha256'>) => void
}

export function ConnectionTest({ connectionId, draft, onTrust }: ConnectionTestProps) {
  const client = useClient()
  const [steps, setSteps] = useState<ReadonlyMap<string, TestStep>>(new Map())
  const [error, setError] = useState<AppError | null>(null)
  const [attempt, setAttempt] = useState(0)
  const [isBusy, setBusy] = useState(true)

  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    setSteps(new Map())
    setError(null)
    setBusy(true)
    const run = async (): Promise<void> => {
      const input = { ...(connectionId ? { connectionId } : {}), ...(draft ? { draft } : {}) }
      for await (const step of await client.sites.testConnection(input, { signal })) {
        if (signal.aborted) return
        setSteps((known) => new Map(known).set(step.step, step))
      }
    }
    run()
      .catch((thrown: unknown) => !signal.aborted && setError(toAppError(thrown)))
      .finally(() => !signal.aborted && setBusy(false))
    return () => controller.abort()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a draft is tested as it was when the test was opened
  }, [client, connectionId, attempt])

  const host = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // Without braces the effect would give back what newer browsers return here: a promise.
    host.current?.scrollIntoView({ block: 'nearest' })
  }, [steps, error])

  const shown = testStepNames.flatMap((name) => steps.get(name) ?? [])
  const failed = shown.find((step) => step.state === 'failed')
  const failure = failed?.error ? fromWireError(failed.error) : null
  const offer = failure ? trustOf(failure) : null
  return (
    <Stack gap="sm" role="group" aria-label="Connection test" className="connection-test" ref={host}>
      {shown.map((step) => (
        <Group key={step.step} wrap="nowrap" align="flex-start" gap="sm" data-testid={`step-${step.step}`} data-state={step.state}>
          {marks[step.state]}
          <Text size="sm" fw={600} w={96}>
            {titles[step.step]}
          </Text>
          <Text size="sm" style={{ flex: 1, overflowWrap: 'anywhere' }}>
            {step.finding}
          </Text>
          <Text size="xs" c="var(--text-dim)">
            {step.state === 'running' ? '' : formatDuration(step.elapsedMs)}
          </Text>
        </Group>
      ))}
      {failure ? <ErrorNotice error={failure} /> : null}
      {error ? <ErrorNotice error={error} /> : null}
      {!isBusy && !failed && !error && shown.length > 0 ? (
        <Text size="sm" c="var(--health-ok)" role="status">
          Everything works.
        </Text>
      ) : null}
      <Group>
        {offer && onTrust ? (
          <Button size="xs" onClick={() => onTrust(offer.changes)}>
            {offer.label}
          </Button>
        ) : null}
        <Button size="xs" variant="default" loading={isBusy} onClick={() => setAttempt(attempt + 1)}>
          Test again
        </Button>
      </Group>
    </Stack>
  )
}
