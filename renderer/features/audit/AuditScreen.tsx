// Every write that went through Meridian, newest first: filter, read on, export.
import { ActionIcon, Badge, Button, Group, Loader, SegmentedControl, Table, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconDownload, IconRefresh, IconReportAnalytics, IconSearch } from '@tabler/icons-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { attempt as tryTo } from '#client/attempt.ts'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { usePlace } from '#client/location.ts'
import { useSession } from '#client/session.store.ts'
import type { Remote } from '#client/remote.ts'
import type { AuditRecord } from '#shared/contracts/audit.ts'
import { formatDuration } from '#shared/model/quantities.ts'
import { Age } from '#ui/Age.tsx'
import { downloadUrl } from '#ui/download.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'

const pageSize = 100
const outcomes = ['all', 'done', 'failed', 'cancelled', 'unknown'] as const
const badge: Record<AuditRecord['outcome'], { color: string; word: string }> = {
  running: { color: 'meridian', word: 'running' },
  done: { color: 'green', word: 'done' },
  failed: { color: 'red', word: 'failed' },
  cancelled: { color: 'gray', word: 'cancelled' },
  unknown: { color: 'yellow', word: 'outcome unknown' },
}

export default function AuditScreen() {
  const client = useClient()
  const [text, setText] = useState(usePlace().query.get('text') ?? '')
  const [wanted] = useDebouncedValue(text, 250)
  const [outcome, setOutcome] = useState<(typeof outcomes)[number]>('all')
  const [page, setPage] = useState<Remote<AuditRecord[]>>({ state: 'loading' })
  const readable = useReadable()
  const [isAtEnd, setAtEnd] = useState(false)
  const [attempt, setAttempt] = useState(0)

  /** Which list is on screen: an older page that comes late belongs to one that is gone. */
  const generation = useRef(0)
  const load = async (beforeId?: number): Promise<AuditRecord[]> =>
    client.audit.list({
      limit: pageSize,
      ...(beforeId === undefined ? {} : { beforeId }),
      ...(wanted ? { text: wanted } : {}),
      ...(outcome === 'all' ? {} : { outcome }),
    })
  useEffect(() => {
    const mine = (generation.current += 1)
    load().then(
      (records) => {
        if (generation.current !== mine) return
        setPage({ state: 'ready', value: records })
        setAtEnd(records.length < pageSize)
      },
      (thrown: unknown) => generation.current === mine && setPage({ state: 'failed', error: toAppError(thrown) }),
    )
    return () => {
      generation.current += 1
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `load` is made of exactly these
  }, [client, wanted, outcome, attempt])

  const more = async (): Promise<void> => {
    if (page.state !== 'ready') return
    const mine = generation.current
    const next = await load(page.value.at(-1)?.id)
    if (generation.current !== mine) return
    setPage({ state: 'ready', value: [...page.value, ...next] })
    setAtEnd(next.length < pageSize)
  }
  return (
    <div className="screen">
      <div className="screen-head">
        <h1>Audit log</h1>
        <TextInput
          aria-label="Search the audit log"
          placeholder="Action, subject or message"
          leftSection={<IconSearch size={15} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          w={260}
        />
        <SegmentedControl aria-label="Outcome" size="xs" data={[...outcomes]} value={outcome} onChange={(value) => setOutcome(value as typeof outcome)} />
        <Group ml="auto" gap="xs">
          <ActionIcon variant="default" size={36} aria-label="Read the log again" onClick={() => setAttempt(attempt + 1)}>
            <IconRefresh size={16} />
          </ActionIcon>
          <Button
            variant="default"
            leftSection={<IconDownload size={16} />}
            onClick={() => void tryTo('The audit log could not be exported', client.audit.exportCsv().then((ticket) => downloadUrl(ticket.url)))}
          >
            Export CSV
          </Button>
        </Group>
      </div>
      <div className="screen-body" tabIndex={0} role="region" aria-label="Audit records">
        {page.state === 'failed' ? <ErrorNotice error={page.error} onRetry={() => setAttempt(attempt + 1)} /> : null}
        {page.state === 'loading' ? <Loader role="img" aria-label="Loading" /> : null}
        {page.state === 'ready' && page.value.length === 0 ? (
          <EmptyState icon={<IconReportAnalytics size={40} />} title={wanted || outcome !== 'all' ? 'Nothing matches' : 'Nothing here yet'}>
            {wanted || outcome !== 'all'
              ? 'No record has these words and this outcome.'
              : 'Every change made through Meridian is written down here before it happens, with how it ended.'}
          </EmptyState>
        ) : null}
        {page.state === 'ready' && page.value.length > 0 ? (
          <>
            <AuditTable records={page.value} readable={readable} />
            {isAtEnd ? null : (
              <Group justify="center" mt="md">
                <Button variant="subtle" onClick={() => void tryTo('Older records could not be read', more)}>
                  Show older
                </Button>
              </Group>
            )}
          </>
        ) : null}
      </div>
    </div>
  )
}

/** The log keeps ids, which outlive names; people read the names of what is still there. */
function useReadable(): (subject: string) => string {
  const sites = useSession((state) => state.sites)
  return useMemo(() => {
    const names = (sites ?? []).flatMap((site) => [
      [`siteId=${site.id}`, site.name] as const,
      ...site.connections.map((connection) => [`connectionId=${connection.id}`, connection.label] as const),
    ])
    return (subject) => names.reduce((text, [id, name]) => text.replace(id, name), subject)
  }, [sites])
}

function AuditTable({ records, readable }: { records: AuditRecord[]; readable: (subject: string) => string }) {
  return (
    <Table stickyHeader highlightOnHover verticalSpacing={6}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={110}>When</Table.Th>
          <Table.Th w={220}>Action</Table.Th>
          <Table.Th>Subject</Table.Th>
          <Table.Th w={140}>Outcome</Table.Th>
          <Table.Th w={90}>Took</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {records.map((record) => (
          <Table.Tr key={record.id}>
            <Table.Td>
              <Age atMs={record.atMs} />
            </Table.Td>
            <Table.Td title={record.procedure}>{record.title}</Table.Td>
            <Table.Td>
              <Text size="xs" ff="monospace" lineClamp={2} title={record.subject} style={{ overflowWrap: 'anywhere' }}>
                {readable(record.subject)}
              </Text>
              {record.message ? (
                <Text size="xs" c="var(--text-dim)">
                  {record.message}
                </Text>
              ) : null}
            </Table.Td>
            <Table.Td>
              <Badge variant="light" color={badge[record.outcome].color} style={{ textTransform: 'none' }}>
                {badge[record.outcome].word}
              </Badge>
            </Table.Td>
            <Table.Td>{formatDuration(record.elapsedMs)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
