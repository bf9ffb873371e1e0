// Draining a node: what will happen to each of its pods, the question, then how far it is.
import { Badge, Button, Checkbox, Group, Loader, Modal, NumberInput, Progress, Stack, Table, Text, TextInput } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient, useFollow } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import type { DrainPlan, DrainState } from '#shared/contracts/kubernetes.ts'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { ObjectRef } from '#shared/model/kubernetes.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'

const fates = { evict: ['meridian', 'leaves'], stay: ['gray', 'stays'], refuse: ['red', 'would be lost'] } as const

export function DrainDialog({ connectionId, objectRef }: { connectionId: ConnectionId; objectRef: ObjectRef }) {
  const client = useClient()
  const { name } = objectRef
  const [plan, setPlan] = useState<DrainPlan | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  const [accepts, setAccepts] = useState(false)
  const [typed, setTyped] = useState('')
  const [minutes, setMinutes] = useState<number | string>(10)
  const [progress, setProgress] = useState<DrainState | null>(null)
  const [isDone, setDone] = useState(false)
  const running = useRef<AbortController | null>(null)
  useEffect(() => {
    client.kubernetes.planDrain({ connectionId, ref: objectRef }).then(setPlan, (thrown: unknown) => setError(toAppError(thrown)))
    // eslint-disable-next-line react-hooks/exhaustive-deps -- asked once, when the dialog opens
  }, [])
  useFollow('drains', (one, options) => one.kubernetes.watchDrains(undefined, options), ({ drains }) =>
    setProgress(drains.find((drain) => drain.connectionId === connectionId && drain.node === name) ?? null),
  )
  const [isRunning, setRunning] = useState(false)
  const start = async (): Promise<void> => {
    const controller = new AbortController()
    running.current = controller
    setError(null)
    setRunning(true)
    try {
      await client.kubernetes.drain({ connectionId, ref: objectRef, confirmation: typed, acceptsLosses: accepts, timeoutSeconds: Number(minutes) * 60 }, { signal: controller.signal })
      setDone(true)
    } catch (thrown) {
      const failure = toAppError(thrown)
      if (failure.code !== 'cancelled') setError(failure)
    }
    setRunning(false)
  }
  const leaving = plan?.pods.filter((pod) => pod.fate !== 'stay').length ?? 0
  const mayStart = plan !== null && typed === name && (accepts || plan.losses.length === 0) && Number(minutes) > 0
  return (
    <Modal opened onClose={closeDialog} title={`Drain ${name}`} size="xl" closeOnClickOutside={!isRunning}>
      <Stack>
        {plan === null && !error ? <Loader role="img" aria-label="Reading its pods" /> : null}
        {plan ? (
          <>
            <Text size="sm">
              {leaving} of its {plan.pods.length} pods leave and start elsewhere; then it takes no new ones until it is
              uncordoned. Disruption budgets are respected: a pod that may not go yet is waited for.
            </Text>
            <div style={{ maxHeight: 260, overflow: 'auto' }} tabIndex={0} role="region" aria-label="What happens to its pods">
              <Table verticalSpacing={3} stickyHeader>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Pod</Table.Th>
                    <Table.Th>Controlled by</Table.Th>
                    <Table.Th>Fate</Table.Th>
                    <Table.Th>Why</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {plan.pods.map((pod) => (
                    <Table.Tr key={`${pod.namespace}/${pod.name}`}>
                      <Table.Td>
                        {pod.namespace}/{pod.name}
                      </Table.Td>
                      <Table.Td>{pod.owner}</Table.Td>
                      <Table.Td>
                        <Badge variant="light" color={fates[pod.fate][0]} style={{ textTransform: 'none', minWidth: 'max-content' }}>
                          {fates[pod.fate][1]}
                        </Badge>
                      </Table.Td>
                      <Table.Td>{pod.note}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </div>
            {plan.losses.length > 0 ? (
              <Checkbox
                color="red"
                checked={accepts}
                onChange={(event) => setAccepts(event.currentTarget.checked)}
                label={`I agree that ${plan.losses.length === 1 ? 'this is' : 'these are'} lost: ${plan.losses.slice(0, 4).join(' ')}${plan.losses.length > 4 ? ` And ${plan.losses.length - 4} more.` : ''}`}
              />
            ) : null}
            {isRunning || isDone ? null : (
              <Group align="flex-end">
                <TextInput label={`Type “${name}” to confirm`} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} autoComplete="off" data-autofocus />
                <NumberInput label="Minutes at most" value={minutes} onChange={setMinutes} min={1} max={1440} w={140} />
              </Group>
            )}
          </>
        ) : null}
        {progress && (isRunning || isDone || progress.state === 'cancelled') ? (
          <div>
            <Progress value={progress.total === 0 ? 100 : (100 * progress.gone) / progress.total} aria-label="Pods that have left" animated={isRunning} />
            <Text size="sm" mt={6} role="status">
              {progress.state === 'running' ? `${progress.gone} of ${progress.total} pods have left.` : progress.message}
            </Text>
            {progress.waiting
              .filter((item) => item.note !== '')
              .slice(0, 6)
              .map((item) => (
                <Text key={item.pod} size="xs" c="var(--text-dim)">
                  {item.pod}: {item.note}
                </Text>
              ))}
          </div>
        ) : null}
        {error ? <ErrorNotice error={error} /> : null}
        <Group justify="flex-end">
          {isRunning ? (
            <Button variant="default" onClick={() => running.current?.abort()}>
              Stop draining
            </Button>
          ) : (
            <Button variant="default" onClick={closeDialog}>
              {isDone ? 'Close' : 'Cancel'}
            </Button>
          )}
          {isDone ? null : (
            <Button color="red" loading={isRunning} disabled={!mayStart} onClick={() => void start()}>
              Drain {name}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}
