// The ports that are forwarded now: where they listen, where they lead, what passed, and how to end them.
import { ActionIcon, Button, Code, CopyButton, Group, Table, Text, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy, IconTransfer } from '@tabler/icons-react'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import type { Forward } from '#shared/contracts/kubernetes.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Health } from '#shared/model/inventory.ts'
import { refText } from '#shared/model/kubernetes.ts'
import { formatBytes } from '#shared/model/quantities.ts'
import { Age } from '#ui/Age.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { HealthMark } from '#ui/HealthMark.tsx'
import { useForwards } from './forwards.store.ts'
import { goToKube, goToObject } from './place.ts'

const states: Record<Forward['state'], [Health, string]> = { listening: ['ok', 'Listening'], active: ['ok', 'In use'], waiting: ['warning', 'Waiting for a pod'] }

export function ForwardsPanel({ connectionId }: { connectionId: ConnectionId }) {
  const client = useClient()
  const all = useForwards((state) => state.forwards)
  const forwards = all.filter((one) => one.connectionId === connectionId)
  return (
    <>
      <div className="screen-head">
        <h1>Forwarded ports</h1>
        <span className="kbd-hint">Only programs on this computer can reach them. They end with Meridian.</span>
      </div>
      <div className="screen-body" tabIndex={0} role="region" aria-label="Forwarded ports">
        {forwards.length === 0 ? (
          <EmptyState
            icon={<IconTransfer size={40} />}
            title="No port is forwarded"
            action={
              <Button variant="default" onClick={() => goToKube({ connectionId, kind: 'services' })}>
                Look at the services
              </Button>
            }
          >
            Open a service or a pod and choose Forward a port: it is then reached at an address of this computer, such as
            a Ray dashboard or a notebook.
          </EmptyState>
        ) : (
          <Table verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>On this computer</Table.Th>
                <Table.Th>Leads to</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th>Connections</Table.Th>
                <Table.Th>Passed</Table.Th>
                <Table.Th>Since</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {forwards.map((one) => (
                <Table.Tr key={one.id}>
                  <Table.Td>
                    <Group gap={4} wrap="nowrap">
                      <Code>{`http://127.0.0.1:${one.localPort}`}</Code>
                      <CopyAddress text={`http://127.0.0.1:${one.localPort}`} />
                    </Group>
                  </Table.Td>
                  <Table.Td>
                    <Button variant="subtle" size="compact-xs" onClick={() => goToObject(connectionId, one.ref)}>
                      {one.kind} {refText(one.ref)}, port {one.remotePort}
                    </Button>
                    {one.pod && one.kind !== 'Pod' ? (
                      <Text size="xs" c="var(--text-dim)" pl={8}>
                        by {one.pod}
                      </Text>
                    ) : null}
                  </Table.Td>
                  <Table.Td>
                    <HealthMark health={states[one.state][0]} label={states[one.state][1]} />
                    {one.problem ? (
                      <Text size="xs" c="var(--text-dim)">
                        {one.problem}
                      </Text>
                    ) : null}
                  </Table.Td>
                  <Table.Td>
                    {one.connections} now, {one.totalConnections} so far
                  </Table.Td>
                  <Table.Td>
                    ↓ {formatBytes(one.receivedBytes)} ↑ {formatBytes(one.sentBytes)}
                  </Table.Td>
                  <Table.Td>
                    <Age atMs={one.startedAtMs} />
                  </Table.Td>
                  <Table.Td>
                    <Button size="compact-xs" variant="default" onClick={() => void attempt('The port is still forwarded', client.kubernetes.stopForward({ forwardId: one.id }))}>
                      Stop
                    </Button>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
      </div>
    </>
  )
}

export function CopyAddress({ text }: { text: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : 'Copy'}>
          <ActionIcon size={22} variant="subtle" color="gray" aria-label={`Copy ${text}`} onClick={copy}>
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  )
}
