// How many pods a workload shall have.
import { Button, Group, Modal, NumberInput, Stack, Text } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { KubeObjectPage } from '#shared/model/kubernetes.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { tell } from './tell.ts'

export function ScaleDialog({ connectionId, object }: { connectionId: ConnectionId; object: KubeObjectPage }) {
  const client = useClient()
  const [replicas, setReplicas] = useState<number | string>(object.replicas ?? 1)
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<AppError | null>(null)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    try {
      tell(await client.kubernetes.scale({ connectionId, ref: object.ref, replicas: Number(replicas) }))
      closeDialog()
    } catch (thrown) {
      setError(toAppError(thrown))
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={closeDialog} title={`Scale ${object.ref.name}`}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          <NumberInput label="Pods" value={replicas} onChange={setReplicas} min={0} max={10_000} allowDecimal={false} allowNegative={false} data-autofocus />
          <Text size="sm" c="var(--text-dim)">
            {Number(replicas) === 0 ? 'All of its pods end. It stays, and can be scaled up again.' : `It has ${object.replicas ?? 0} now.`}
            {object.owners.length > 0 ? ` ${object.owners[0]!.kind} ${object.owners[0]!.name} controls it and may set the number back.` : ''}
          </Text>
          {error ? <ErrorNotice error={error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={closeDialog}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy} disabled={replicas === ''}>
              Scale to {replicas}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
