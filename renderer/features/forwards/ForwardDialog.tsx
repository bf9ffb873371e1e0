// Adding or changing a port forward. Listening is for this computer alone unless said otherwise.
import { Alert, Button, Checkbox, Group, Modal, NumberInput, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import type { Forward, ForwardPlan } from '#shared/contracts/forwards.ts'
import type { AppError } from '#shared/errors.ts'
import type { Connection, ConnectionId } from '#shared/model/connection.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'

const words: Record<ForwardPlan['kind'], string> = {
  local: 'A port here leads through the host to somewhere it can reach, as ssh -L.',
  remote: 'A port on the host leads back to somewhere this computer can reach, as ssh -R.',
  dynamic: 'A SOCKS5 proxy here; the host connects wherever the program asks, as ssh -D.',
}

export function ForwardDialog({ hosts, forward }: { hosts: Connection[]; forward: Forward | null }) {
  const client = useClient()
  const known = forward?.plan
  const [connectionId, setConnectionId] = useState<string | null>(forward?.connectionId ?? hosts[0]?.id ?? null)
  const [label, setLabel] = useState(forward?.label ?? '')
  const [kind, setKind] = useState<ForwardPlan['kind']>(known?.kind ?? 'local')
  const [bindAddress, setBindAddress] = useState(known?.bindAddress ?? '127.0.0.1')
  const [bindPort, setBindPort] = useState<number | string>(known?.bindPort ?? 8080)
  const [targetHost, setTargetHost] = useState(known && known.kind !== 'dynamic' ? known.targetHost : '127.0.0.1')
  const [targetPort, setTargetPort] = useState<number | string>(known && known.kind !== 'dynamic' ? known.targetPort : 8080)
  const [isAutomatic, setAutomatic] = useState(forward?.isAutomatic ?? false)
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const isOpenToOthers = !/^127\.|^::1$/.test(bindAddress)
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (!connectionId) return
    const here = { bindAddress: bindAddress.trim(), bindPort: Number(bindPort) }
    const plan: ForwardPlan = kind === 'dynamic' ? { kind, ...here } : { kind, ...here, targetHost: targetHost.trim(), targetPort: Number(targetPort) }
    const draft = { connectionId: connectionId as ConnectionId, label: label.trim(), plan, isAutomatic }
    setBusy(true)
    try {
      await (forward ? client.forwards.update({ ...draft, forwardId: forward.forwardId }) : client.forwards.add(draft))
      closeDialog()
    } catch (thrown) {
      setError(toAppError(thrown))
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={closeDialog} title={forward ? 'Edit the port forward' : 'New port forward'} size="lg">
      <form onSubmit={(event) => void save(event)}>
        <Stack>
          <SegmentedControl
            aria-label="Kind of forward"
            data={[
              { value: 'local', label: 'Local' },
              { value: 'remote', label: 'Remote' },
              { value: 'dynamic', label: 'SOCKS' },
            ]}
            value={kind}
            onChange={(value) => setKind(value as ForwardPlan['kind'])}
          />
          <Text size="sm" c="var(--text-dim)">
            {words[kind]}
          </Text>
          <Group grow>
            <Select label="Through" allowDeselect={false} data={hosts.map((one) => ({ value: one.id, label: one.label }))} value={connectionId} onChange={setConnectionId} />
            <TextInput label="Name" placeholder="Grafana" value={label} onChange={(event) => setLabel(event.currentTarget.value)} maxLength={100} />
          </Group>
          <Group align="flex-end">
            <TextInput
              label={kind === 'remote' ? 'Listen on the host at' : 'Listen here at'}
              value={bindAddress}
              onChange={(event) => setBindAddress(event.currentTarget.value)}
              style={{ flex: 1 }}
              spellCheck={false}
            />
            <NumberInput label="Port" value={bindPort} onChange={setBindPort} min={1} max={65_535} w={120} hideControls />
          </Group>
          {isOpenToOthers ? (
            <Alert color="yellow" variant="light" title="Open to other computers">
              Everybody who reaches this address gets through, without a password. 127.0.0.1 keeps it to {kind === 'remote' ? 'the host' : 'this computer'} alone.
            </Alert>
          ) : null}
          {kind === 'dynamic' ? null : (
            <Group align="flex-end">
              <TextInput label={kind === 'local' ? 'Target, as the host sees it' : 'Target, as this computer sees it'} value={targetHost} onChange={(event) => setTargetHost(event.currentTarget.value)} style={{ flex: 1 }} spellCheck={false} />
              <NumberInput label="Target port" value={targetPort} onChange={setTargetPort} min={1} max={65_535} w={120} hideControls />
            </Group>
          )}
          <Checkbox label="Start it whenever Meridian starts" checked={isAutomatic} onChange={(event) => setAutomatic(event.currentTarget.checked)} />
          {error ? <ErrorNotice error={error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={closeDialog}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy}>
              {forward ? 'Save' : 'Add'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
