// All accepted risks of the site: which are in force, which are over, and the way to end one.
import { Button, Loader, Table, Text } from '@mantine/core'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import { useLoaded } from '#client/use-loaded.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { recordChanged, useComplianceState, type Catalogue } from './compliance.store.ts'

export function ExceptionsPanel({ siteId, catalogue }: { siteId: SiteId; catalogue: Catalogue }) {
  const client = useClient()
  const revision = useComplianceState((state) => state.revision)
  const { value: exceptions, error } = useLoaded(`${siteId} ${revision}`, (own, options) => own.compliance.exceptions({ siteId }, options))
  if (error) return <ErrorNotice error={error} />
  if (!exceptions) return <Loader role="img" aria-label="Loading the accepted risks" />
  if (exceptions.length === 0) return <EmptyState title="No risk is accepted">Open a finding that fails to accept its risk, with a reason, an approver and an end.</EmptyState>
  const titles = new Map(catalogue.checks.map(({ id, title }) => [id, title]))
  return (
    <Table verticalSpacing={6}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={260}>Check</Table.Th>
          <Table.Th>Reason and scope</Table.Th>
          <Table.Th w={210}>People</Table.Th>
          <Table.Th w={130}>Until</Table.Th>
          <Table.Th w={90} aria-label="Actions" />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {exceptions.map((one) => {
          const isOver = one.revokedAtMs !== null || one.expiresAtMs < Date.now()
          return (
            <Table.Tr key={one.id}>
              <Table.Td>
                {one.checkId}
                <Text size="xs" c="var(--text-dim)">
                  {titles.get(one.checkId)}
                </Text>
              </Table.Td>
              <Table.Td>
                {one.reason}
                <Text size="xs" c="var(--text-dim)">
                  {one.objects.join(', ') || 'all objects'}
                </Text>
              </Table.Td>
              <Table.Td>
                <Text size="xs">
                  asked by {one.requestedBy}, approved by {one.approvedBy}
                </Text>
              </Table.Td>
              <Table.Td>{one.revokedAtMs !== null ? 'ended' : isOver ? 'lapsed' : new Date(one.expiresAtMs).toLocaleDateString()}</Table.Td>
              <Table.Td>
                {isOver ? null : (
                  <Button size="compact-xs" variant="default" onClick={() => void attempt('The exception could not be ended', client.compliance.revokeException({ siteId, id: one.id }).then(recordChanged))}>
                    End now
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          )
        })}
      </Table.Tbody>
    </Table>
  )
}
