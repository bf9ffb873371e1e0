// Port forwards of the site: what listens where, through which host, whether it runs, and what has flowed.
import { ActionIcon, Badge, Button, Group, Stack, Table, Text, Tooltip } from '@mantine/core'
import { IconArrowsExchange, IconEdit, IconPlayerPlay, IconPlayerStop, IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { attempt } from '#client/attempt.ts'
import { useClient, useFollow } from '#client/client-context.ts'
import { closeDialog, openDialog } from '#client/dialogs.store.ts'
import { withHostKey } from '#client/host-key.store.ts'
import { navigate } from '#client/location.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import { sshConnectionsOf } from '#client/ssh-hosts.ts'
import type { Forward, ForwardPlan } from '#shared/contracts/forwards.ts'
import type { Connection } from '#shared/model/connection.ts'
import { formatBytes } from '#shared/model/quantities.ts'
import { ConfirmDialog } from '#ui/ConfirmDialog.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ForwardDialog } from './ForwardDialog.tsx'

const states: Record<Forward['state'], { color: string; word: string }> = {
  stopped: { color: 'gray', word: 'stopped' },
  starting: { color: 'meridian', word: 'starting' },
  running: { color: 'green', word: 'running' },
  waiting: { color: 'yellow', word: 'waiting for its host' },
  failed: { color: 'red', word: 'failed' },
}

export default function ForwardsScreen() {
  const site = useSession(currentSite)
  const hosts = sshConnectionsOf(site)
  const [forwards, setForwards] = useState<Forward[] | null>(null)
  useFollow(site?.id ?? null, (client, options) => client.forwards.watch({ siteId: site!.id }, options), setForwards)
  const add = (): void => openDialog(<ForwardDialog hosts={hosts} forward={null} />)
  if (hosts.length === 0)
    return (
      <EmptyState icon={<IconArrowsExchange size={40} />} title="No SSH host yet" action={<Button onClick={() => navigate('/connections')}>Add a connection</Button>}>
        Port forwards go through SSH hosts. Add an SSH connection to the site first.
      </EmptyState>
    )
  return (
    <div className="screen">
      <div className="screen-head">
        <h1>Port forwards</h1>
        <Button ml="auto" leftSection={<IconPlus size={16} aria-hidden />} onClick={add}>
          New forward
        </Button>
      </div>
      <div className="screen-body" tabIndex={0} role="region" aria-label="Port forwards">
        {forwards?.length === 0 ? (
          <EmptyState icon={<IconArrowsExchange size={40} />} title="Nothing is forwarded" action={<Button onClick={add}>New forward</Button>}>
            Reach a port behind a host as if it were here (local), let a host reach a port of this computer (remote), or
            send a browser through a host (SOCKS).
          </EmptyState>
        ) : null}
        {forwards && forwards.length > 0 ? <ForwardTable forwards={forwards} hosts={hosts} /> : null}
      </div>
    </div>
  )
}

const place = (address: string, port: number): string => `${address.includes(':') ? `[${address}]` : address}:${port}`

function ways(plan: ForwardPlan, host: string): { kind: string; listens: string; leads: string } {
  switch (plan.kind) {
    case 'local':
      return { kind: 'Local', listens: place(plan.bindAddress, plan.bindPort), leads: `${place(plan.targetHost, plan.targetPort)} from ${host}` }
    case 'remote':
      return { kind: 'Remote', listens: `${place(plan.bindAddress, plan.bindPort)} on ${host}`, leads: `${place(plan.targetHost, plan.targetPort)} from here` }
    case 'dynamic':
      return { kind: 'SOCKS', listens: place(plan.bindAddress, plan.bindPort), leads: `anywhere ${host} reaches` }
  }
}

const isOpenToOthers = ({ bindAddress }: ForwardPlan): boolean => !/^127\.|^::1$/.test(bindAddress)

function ForwardTable({ forwards, hosts }: { forwards: Forward[]; hosts: Connection[] }) {
  return (
    <Table verticalSpacing={8} highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Forward</Table.Th>
          <Table.Th>Listens on</Table.Th>
          <Table.Th>Leads to</Table.Th>
          <Table.Th w={200}>State</Table.Th>
          <Table.Th ta="right">Connections</Table.Th>
          <Table.Th ta="right">Sent / received</Table.Th>
          <Table.Th w={120} aria-label="Actions" />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {forwards.map((forward) => (
          <ForwardRow key={forward.forwardId} forward={forward} hosts={hosts} />
        ))}
      </Table.Tbody>
    </Table>
  )
}

function ForwardRow({ forward, hosts }: { forward: Forward; hosts: Connection[] }) {
  const client = useClient()
  const { forwardId, plan, state, error } = forward
  const host = hosts.find(({ id }) => id === forward.connectionId)?.label ?? 'a host that is gone'
  const { kind, listens, leads } = ways(plan, host)
  const name = forward.label || `${kind} ${plan.bindPort}`
  const isOn = state === 'running' || state === 'waiting' || state === 'starting'
  const toggle = (): void =>
    void attempt(
      `${name} could not be ${isOn ? 'stopped' : 'started'}`,
      isOn ? client.forwards.stop({ forwardId }) : withHostKey(client, () => client.forwards.start({ forwardId })),
    )
  return (
    <Table.Tr>
      <Table.Td>
        <Stack gap={0}>
          <strong>{name}</strong>
          <Text size="xs" c="var(--text-dim)">
            {kind} through {host}
            {forward.isAutomatic ? ', starts by itself' : ''}
          </Text>
        </Stack>
      </Table.Td>
      <Table.Td>
        <code>{listens}</code>
        {isOpenToOthers(plan) ? (
          <Badge ml={6} size="sm" variant="light" color="yellow" style={{ textTransform: 'none' }}>
            open to other computers
          </Badge>
        ) : null}
      </Table.Td>
      <Table.Td>
        <code>{leads}</code>
      </Table.Td>
      <Table.Td>
        <Badge variant="light" color={states[state].color} style={{ textTransform: 'none' }}>
          {states[state].word}
        </Badge>
        {error ? (
          <Text size="xs" c="var(--text-dim)">
            {error.message} {error.remedy}
          </Text>
        ) : null}
      </Table.Td>
      <Table.Td ta="right" style={{ whiteSpace: 'nowrap' }}>
        {forward.openConnections} open, {forward.totalConnections} in all
      </Table.Td>
      <Table.Td ta="right">
        {formatBytes(forward.sentBytes)} / {formatBytes(forward.receivedBytes)}
      </Table.Td>
      <Table.Td>
        <Group gap={4} wrap="nowrap" justify="flex-end">
          <Tooltip label={isOn ? 'Stop' : 'Start'}>
            <ActionIcon variant="default" aria-label={`${isOn ? 'Stop' : 'Start'} ${name}`} onClick={toggle}>
              {isOn ? <IconPlayerStop size={15} /> : <IconPlayerPlay size={15} />}
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Edit">
            <ActionIcon variant="default" aria-label={`Edit ${name}`} onClick={() => openDialog(<ForwardDialog hosts={hosts} forward={forward} />)}>
              <IconEdit size={15} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Remove">
            <ActionIcon
              variant="default"
              aria-label={`Remove ${name}`}
              onClick={() =>
                openDialog(
                  <ConfirmDialog title={`Remove ${name}?`} confirmLabel="Remove" onClose={closeDialog} onConfirm={() => client.forwards.remove({ forwardId })}>
                    {isOn ? 'It is stopped first; connections through it end.' : 'It is not running.'}
                  </ConfirmDialog>,
                )
              }
            >
              <IconTrash size={15} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Table.Td>
    </Table.Tr>
  )
}
