// Which port of a pod or a service shall be reached at which port of this computer.
import { Button, Code, Group, Modal, NumberInput, Select, Stack, Text } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import type { Forward } from '#shared/contracts/kubernetes.ts'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { KubeObjectPage } from '#shared/model/kubernetes.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { CopyAddress } from './ForwardsPanel.tsx'
import { goToKube } from './place.ts'

export function ForwardDialog({ connectionId, object }: { connectionId: ConnectionId; object: KubeObjectPage }) {
  const client = useClient()
  const { ref, ports, kind } = object
  const [remotePort, setRemotePort] = useState<number | string>(ports[0]?.port ?? '')
  const [localPort, setLocalPort] = useState<number | string>('')
  const [forward, setForward] = useState<Forward | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      setForward(await client.kubernetes.startForward({ connectionId, ref, remotePort: Number(remotePort), localPort: Number(localPort || 0) }))
    } catch (thrown) {
      setError(toAppError(thrown))
    }
    setBusy(false)
  }
  if (forward) {
    const address = `http://127.0.0.1:${forward.localPort}`
    return (
      <Modal opened onClose={closeDialog} title="The port is forwarded">
        <Stack>
          <Group gap={6}>
            <Code fz="md">{address}</Code>
            <CopyAddress text={address} />
          </Group>
          <Text size="sm">
            Programs on this computer reach port {forward.remotePort} of {kind} {ref.name} there, until you stop it or
            Meridian ends. Open it in your browser; a database takes the port without http://.
          </Text>
          <Group justify="flex-end">
            <Button
              variant="default"
              onClick={() => {
                closeDialog()
                goToKube({ connectionId, kind: 'forwards' })
              }}
            >
              All forwarded ports
            </Button>
            <Button onClick={closeDialog}>Done</Button>
          </Group>
        </Stack>
      </Modal>
    )
  }
  return (
    <Modal opened onClose={closeDialog} title={`Forward a port of ${ref.name}`}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {ports.length > 0 ? (
            <Select
              label={`Port of the ${kind === 'Service' ? 'service' : 'pod'}`}
              data={ports.map(({ name, port }) => ({ value: String(port), label: name ? `${port} (${name})` : String(port) }))}
              value={String(remotePort)}
              allowDeselect={false}
              onChange={(value) => value && setRemotePort(Number(value))}
            />
          ) : (
            <NumberInput label="Port of the pod" value={remotePort} onChange={setRemotePort} min={1} max={65_535} data-autofocus />
          )}
          <NumberInput label="Port of this computer" placeholder="any free one" value={localPort} onChange={setLocalPort} min={1} max={65_535} />
          {error ? <ErrorNotice error={error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={closeDialog}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy} disabled={remotePort === ''}>
              Forward
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
