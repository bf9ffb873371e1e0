// The connection test: six steps, what each found, and what to do about the one that failed.
import { Button, Group, Loader, Stack, Text, ThemeIcon } from '@mantine/core'
import { IconCheck, IconMinus, IconX } from '@tabler/icons-react'
import { useEffect, useState, type ReactNode } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { fromWireError, type AppError } from '#shared/errors.ts'
import type { TestStep } from '#shared/contracts/sites.ts'
import { testStepNames } from '#shared/contracts/sites.ts'
import type { ConnectionDraft, ConnectionId } from '#shared/model/connection.ts'
import { formatDuration } from '#shared/model/quantities.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'

const titles: Record<TestStep['step'], string> = {
  dns: 'Name',
  tcp: 'Reachable',
  tls: 'Encryption',
  authentication: 'Log-in',
  permission: 'Permissions',
  version: 'Version',
}

const marks: Record<TestStep['state'], ReactNode> = {
  running: <Loader size={18} aria-label="running" />,
  passed: <ThemeIcon size={20} radius="xl" color="green" aria-label="passed"><IconCheck size={13} /></ThemeIcon>,
  failed: <ThemeIcon size={20} radius="xl" color="red" aria-label="failed"><IconX size={13} /></ThemeIcon>,
  skipped: <ThemeIcon size={20} radius="xl" color="gray" aria-label="not tried"><IconMinus size={13} /></ThemeIcon>,
}

interface ConnectionTestProps {
  connectionId?: ConnectionId | undefined
  draft?: ConnectionDraft | undefined
  /** Offered when the server's certificate is not trusted: pins what it showed. */
  onPin?: (fingerprint256: string) => void
}

export function ConnectionTest({ connectionId, draft, onPin }: ConnectionTestProps) {
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
      for await (const step of await client.sites.testConnection(input, { signal })) setSteps((known) => new Map(known).set(step.step, step))
    }
    run()
      .catch((thrown: unknown) => !signal.aborted && setError(toAppError(thrown)))
      .finally(() => !signal.aborted && setBusy(false))
    return () => controller.abort()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a draft is tested as it was when the test was opened
  }, [client, connectionId, attempt])

  const shown = testStepNames.flatMap((name) => steps.get(name) ?? [])
  const failed = shown.find((step) => step.state === 'failed')
  const failure = failed?.error ? fromWireError(failed.error) : null
  const fingerprint = failure?.detail?.kind === 'tls' ? failure.detail.fingerprint256 : undefined
  return (
    <Stack gap="sm" role="group" aria-label="Connection test">
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
        {fingerprint && onPin ? (
          <Button size="xs" onClick={() => onPin(fingerprint)}>
            Trust exactly this certificate
          </Button>
        ) : null}
        <Button size="xs" variant="default" loading={isBusy} onClick={() => setAttempt(attempt + 1)}>
          Test again
        </Button>
      </Group>
    </Stack>
  )
}
