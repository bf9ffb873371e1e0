// The lists that checks consult: who reviewed them, when they are due again, and what stands in them.
import { Badge, Button, Group, Loader, Table, Text, Textarea, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useClient } from '#client/client-context.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { usePlace } from '#client/location.ts'
import { useLoaded } from '#client/use-loaded.ts'
import type { ReviewedList } from '#shared/model/compliance.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { recordChanged, useComplianceState } from './compliance.store.ts'
import { FormDialog } from './FormDialog.tsx'
import { dateIn, endOf } from './places.ts'

export function ListsPanel({ siteId }: { siteId: SiteId }) {
  const { query } = usePlace()
  const revision = useComplianceState((state) => state.revision)
  const { value: lists, error } = useLoaded(`${siteId} ${revision}`, (client, options) => client.compliance.lists({ siteId }, options))
  const marked = query.get('list')
  if (error) return <ErrorNotice error={error} />
  if (!lists) return <Loader role="img" aria-label="Loading the lists" />
  const ordered = [...lists].sort((left, right) => Number(right.id === marked) - Number(left.id === marked))
  return (
    <>
      <Text size="sm" c="var(--text-dim)" mb="sm">
        A check that asks whether something is approved stays unknown until its list has been reviewed; lists of exemptions may stay empty. An entry that ends with * covers everything that begins so.
      </Text>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={230}>List</Table.Th>
            <Table.Th>What stands in it</Table.Th>
            <Table.Th w={80}>Entries</Table.Th>
            <Table.Th w={240}>Review</Table.Th>
            <Table.Th w={110} aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {ordered.map((list) => (
            <Table.Tr key={list.id} {...(list.id === marked ? { bg: 'var(--surface-sunken)' } : {})}>
              <Table.Td>{list.title}</Table.Td>
              <Table.Td>
                <Text size="xs" c="var(--text-dim)">
                  {list.purpose}
                </Text>
              </Table.Td>
              <Table.Td>{list.items.length}</Table.Td>
              <Table.Td>
                <ReviewState list={list} />
              </Table.Td>
              <Table.Td>
                <Button size="compact-xs" variant="default" aria-label={`Review the list ${list.title}`} onClick={() => openDialog(<ListDialog siteId={siteId} list={list} />)}>
                  Review…
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  )
}

function ReviewState({ list }: { list: ReviewedList }) {
  if (list.reviewedAtMs === null) return <Badge variant="light" color="gray" style={{ textTransform: 'none' }}>never reviewed</Badge>
  const isDue = (list.nextReviewAtMs ?? 0) < Date.now()
  return (
    <Text size="xs">
      {list.owner}, {new Date(list.reviewedAtMs).toLocaleDateString()};{' '}
      {isDue ? <b>overdue</b> : `again by ${new Date(list.nextReviewAtMs ?? 0).toLocaleDateString()}`}
    </Text>
  )
}

function ListDialog({ siteId, list }: { siteId: SiteId; list: ReviewedList }) {
  const client = useClient()
  const [text, setText] = useState(list.items.join('\n'))
  const [owner, setOwner] = useState(list.owner ?? '')
  const [next, setNext] = useState(dateIn(180))
  const [suggested, setSuggested] = useState<string[]>([])
  useEffect(() => {
    client.compliance.suggestItems({ siteId, id: list.id }).then(setSuggested, () => undefined)
  }, [client, siteId, list.id])
  const items = text.split('\n').map((line) => line.trim()).filter((line) => line !== '')
  const missing = suggested.filter((item) => !items.includes(item))
  return (
    <FormDialog
      title={`Review: ${list.title}`}
      confirmLabel="Save as reviewed"
      isComplete={owner.trim().length >= 2 && next !== ''}
      onConfirm={async () => {
        await client.compliance.saveList({ siteId, id: list.id, items, owner, nextReviewAtMs: endOf(next) })
        recordChanged()
      }}
    >
      <Text size="sm">{list.purpose}.</Text>
      <Textarea label="Entries, one a line" minRows={8} maxRows={16} autosize value={text} onChange={(event) => setText(event.currentTarget.value)} styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }} data-autofocus />
      {missing.length > 0 ? (
        <Group gap="xs">
          <Text size="xs" c="var(--text-dim)">
            The newest run saw {missing.length} more that are not in the list.
          </Text>
          <Button size="compact-xs" variant="default" onClick={() => setText([...items, ...missing].join('\n'))}>
            Add them, then look through them
          </Button>
        </Group>
      ) : null}
      <TextInput label="Reviewed by" value={owner} onChange={(event) => setOwner(event.currentTarget.value)} required />
      <TextInput type="date" label="Next review by" value={next} min={dateIn(1)} max={dateIn(730)} onChange={(event) => setNext(event.currentTarget.value)} required />
    </FormDialog>
  )
}
