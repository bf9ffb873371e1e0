// Who uses the cards, and ending one of them.
import { ActionIcon, Checkbox, Table, Text, Tooltip } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useState } from 'react'
import { useClient } from '#client/client-context.ts'
import { closeDialog, openDialog } from '#client/dialogs.store.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import type { GpuProcess, GpuReading } from '#shared/contracts/gpu.ts'
import type { Connection } from '#shared/model/connection.ts'
import { formatBytes, formatDuration } from '#shared/model/quantities.ts'
import { ConfirmDialog } from '#ui/ConfirmDialog.tsx'

export function GpuProcesses({ host, reading, isStale }: { host: Connection; reading: GpuReading; isStale: boolean }) {
  const isReadOnly = useSession((state) => currentSite(state)?.isReadOnly ?? false)
  const obstacle = isReadOnly ? 'The site is read-only in Meridian.' : isStale ? 'The host does not answer now.' : null
  const indexOf = new Map(reading.gpus.map(({ uuid, index }) => [uuid, index]))
  if (reading.processes.length === 0)
    return (
      <Text size="sm" c="var(--text-dim)">
        No process uses the GPU.
      </Text>
    )
  return (
    <Table className="gpu-processes" verticalSpacing={4} aria-label="GPU processes">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>GPU</Table.Th>
          <Table.Th>PID</Table.Th>
          <Table.Th>User</Table.Th>
          <Table.Th>Program</Table.Th>
          <Table.Th ta="right">Memory</Table.Th>
          <Table.Th ta="right">Running</Table.Th>
          <Table.Th aria-label="Actions" />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {reading.processes.map((one) => (
          <Table.Tr key={`${one.gpuUuid} ${one.pid}`}>
            <Table.Td>{indexOf.get(one.gpuUuid) ?? '?'}</Table.Td>
            <Table.Td>{one.pid}</Table.Td>
            <Table.Td>{one.user ?? '—'}</Table.Td>
            <Table.Td className="gpu-program" title={one.commandLine ?? one.name}>
              {one.name}
            </Table.Td>
            <Table.Td ta="right">{one.usedMebibytes === null ? '—' : formatBytes(one.usedMebibytes * 2 ** 20)}</Table.Td>
            <Table.Td ta="right">{one.runningSeconds === null ? '—' : formatDuration(one.runningSeconds * 1000)}</Table.Td>
            <Table.Td ta="right">
              <Tooltip label={obstacle ?? 'End this process…'}>
                <ActionIcon
                  size="sm"
                  variant="subtle"
                  color="gray"
                  aria-label={`End process ${one.pid}`}
                  aria-disabled={obstacle ? true : undefined}
                  data-disabled={obstacle ? true : undefined}
                  onClick={() => obstacle === null && openDialog(<EndDialog host={host} process={one} />)}
                >
                  <IconX size={14} />
                </ActionIcon>
              </Tooltip>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

function EndDialog({ host, process }: { host: Connection; process: GpuProcess }) {
  const client = useClient()
  const [isForced, setForced] = useState(false)
  const { pid, name } = process
  return (
    <ConfirmDialog
      title={`End process ${pid} on ${host.label}?`}
      confirmLabel={isForced ? 'Kill it' : 'End it'}
      typedName={String(pid)}
      onClose={closeDialog}
      onConfirm={(confirmation) => client.gpu.endProcess({ connectionId: host.id, pid, name, isForced, confirmation })}
    >
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        <code>{process.commandLine ?? name}</code>
      </Text>
      <Text size="sm" mt="xs">
        It is asked to end (TERM). What it has not saved is lost.
      </Text>
      <Checkbox mt="sm" label="Kill it at once (KILL): for a process that does not listen" checked={isForced} onChange={(event) => setForced(event.currentTarget.checked)} />
    </ConfirmDialog>
  )
}
