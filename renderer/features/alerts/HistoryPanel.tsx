// Alerts that are over, newest first; kept on this machine.
import { Button, Group, Table, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconHistory, IconSearch } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import type { Alert } from '#shared/model/alert.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { formatDuration } from '#shared/model/quantities.ts'
import { Age } from '#ui/Age.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { SubjectLink } from './AlertGroup.tsx'
import { SeverityMark } from '#ui/SeverityMark.tsx'

const pageSize = 100

/** `revision` changes when an alert has ended: then the list is read again. */
export function HistoryPanel({ siteId, revision }: { siteId: SiteId; revision: number }) {
  const client = useClient()
  const [text, setText] = useState('')
  const [wanted] = useDebouncedValue(text, 250)
  const [alerts, setAlerts] = useState<Alert[] | null>(null)
  const [isAtEnd, setAtEnd] = useState(true)
  useEffect(() => {
    let isCurrent = true
    void attempt('The history could not be read', async () => {
      const found = await client.alerts.history({ siteId, limit: pageSize, ...(wanted ? { text: wanted } : {}) })
      if (!isCurrent) return
      setAlerts(found)
      setAtEnd(found.length < pageSize)
    })
    return () => {
      isCurrent = false
    }
  }, [client, siteId, wanted, revision])
  const more = async (): Promise<void> => {
    const beforeMs = alerts?.at(-1)?.resolvedAtMs
    if (beforeMs == null) return
    const found = await client.alerts.history({ siteId, limit: pageSize, beforeMs, ...(wanted ? { text: wanted } : {}) })
    setAlerts([...(alerts ?? []), ...found])
    setAtEnd(found.length < pageSize)
  }
  return (
    <>
      <TextInput aria-label="Search the history" placeholder="Rule, name or text" leftSection={<IconSearch size={15} />} w={280} mb="sm" value={text} onChange={(event) => setText(event.currentTarget.value)} />
      {alerts?.length === 0 ? (
        <EmptyState icon={<IconHistory size={40} />} title={wanted ? 'Nothing matches' : 'No alert has ended yet'}>
          Every alert is kept here when it is over: what it was, how long it lasted, and who took care of it.
        </EmptyState>
      ) : null}
      {alerts && alerts.length > 0 ? <HistoryTable alerts={alerts} /> : null}
      {isAtEnd ? null : (
        <Group justify="center" mt="md">
          <Button variant="subtle" onClick={() => void attempt('Older alerts could not be read', more)}>
            Show older
          </Button>
        </Group>
      )}
    </>
  )
}

function HistoryTable({ alerts }: { alerts: readonly Alert[] }) {
  return (
    <Table verticalSpacing={5} highlightOnHover stickyHeader>
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={110}>Over</Table.Th>
          <Table.Th w={110}>Severity</Table.Th>
          <Table.Th w={220}>Rule</Table.Th>
          <Table.Th w={200}>About</Table.Th>
          <Table.Th>What it was</Table.Th>
          <Table.Th w={110}>Lasted</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {alerts.map((alert) => (
          <Table.Tr key={alert.id}>
            <Table.Td>
              <Age atMs={alert.resolvedAtMs} />
            </Table.Td>
            <Table.Td>
              <SeverityMark severity={alert.severity} hasWord />
            </Table.Td>
            <Table.Td>{alert.ruleName}</Table.Td>
            <Table.Td>
              <SubjectLink alert={alert} />
            </Table.Td>
            <Table.Td>
              {alert.text}
              <div className="alert-note">
                {alert.resolution}
                {alert.acknowledgement ? ` ${alert.acknowledgement.by}: ${alert.acknowledgement.note || 'took it on'}` : ''}
              </div>
            </Table.Td>
            <Table.Td>{formatDuration((alert.resolvedAtMs ?? 0) - (alert.firedAtMs ?? alert.sinceMs))}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
