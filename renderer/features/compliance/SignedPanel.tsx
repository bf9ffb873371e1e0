// Signed assessments: the chain, whether it is intact, and their reports; and the signing of the newest run.
import { Alert, Button, Group, Loader, Menu, Table, Text, Textarea, TextInput } from '@mantine/core'
import { IconChevronDown, IconLink, IconLinkOff } from '@tabler/icons-react'
import { useState } from 'react'
import { attempt } from '#client/attempt.ts'
import type { Client } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import { useLoaded } from '#client/use-loaded.ts'
import type { ComplianceOverview } from '#shared/contracts/compliance.ts'
import { assessedOf, scoreSentence } from '#shared/model/compliance.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { downloadUrl } from '#ui/download.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { recordChanged, useComplianceState } from './compliance.store.ts'
import { FormDialog } from './FormDialog.tsx'

type ChainState = Awaited<ReturnType<Client['compliance']['verifyChain']>>

export function SignedPanel({ siteId, overview }: { siteId: SiteId; overview: ComplianceOverview }) {
  const client = useClient()
  const revision = useComplianceState((state) => state.revision)
  const { value: signOffs, error } = useLoaded(`${siteId} ${revision}`, (own, options) => own.compliance.signOffs({ siteId }, options))
  const [chain, setChain] = useState<ChainState | null>(null)
  if (error) return <ErrorNotice error={error} />
  if (!signOffs) return <Loader role="img" aria-label="Loading the signed assessments" />
  const { run } = overview
  const isSigned = run !== null && signOffs.some(({ runId }) => runId === run.runId)
  return (
    <>
      <Group mb="sm">
        <Button disabled={run === null || isSigned} onClick={() => run && openDialog(<SignOffDialog siteId={siteId} runId={run.runId} overview={overview} />)}>
          Sign off the newest run…
        </Button>
        <Button variant="default" onClick={() => void attempt('The chain could not be verified', client.compliance.verifyChain({ siteId }).then(setChain))}>
          Verify the chain
        </Button>
        {isSigned ? (
          <Text size="sm" c="var(--text-dim)">
            The newest run is signed.
          </Text>
        ) : null}
      </Group>
      {chain ? (
        <Alert role="status" color={chain.isIntact ? 'green' : 'red'} variant="light" icon={chain.isIntact ? <IconLink size={18} /> : <IconLinkOff size={18} />} title={chain.isIntact ? 'The chain is intact' : `The chain is broken at record ${chain.brokenAt ?? ''}`} mb="sm">
          {chain.says}
        </Alert>
      ) : null}
      {signOffs.length === 0 ? (
        <EmptyState title="Nothing signed yet">A signature freezes an assessment with its results, exceptions and attestations, and chains it to the one before.</EmptyState>
      ) : (
        <Table verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={50}>No.</Table.Th>
              <Table.Th w={170}>Signed</Table.Th>
              <Table.Th w={160}>By</Table.Th>
              <Table.Th>Statement</Table.Th>
              <Table.Th w={110}>IG1 met</Table.Th>
              <Table.Th w={190}>Hash</Table.Th>
              <Table.Th w={130}>Report</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {[...signOffs].reverse().map((one) => (
              <Table.Tr key={one.sequence}>
                <Table.Td>{one.sequence}</Table.Td>
                <Table.Td>{new Date(one.atMs).toLocaleString()}</Table.Td>
                <Table.Td>{one.signedBy}</Table.Td>
                <Table.Td>{one.statement}</Table.Td>
                <Table.Td>
                  {one.scores[1].met} of {assessedOf(one.scores[1])}
                </Table.Td>
                <Table.Td className="compliance-probe" title={one.hash}>
                  {one.hash.slice(0, 20)}…
                </Table.Td>
                <Table.Td>
                  <ExportMenu siteId={siteId} runId={one.runId} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </>
  )
}

export function ExportMenu({ siteId, runId, label = 'Export' }: { siteId: SiteId; runId: string; label?: string }) {
  const client = useClient()
  const save = (format: 'html' | 'pdf' | 'csv'): void =>
    void attempt('The report could not be made', client.compliance.exportReport({ siteId, runId, format }).then((ticket) => downloadUrl(ticket.url)))
  return (
    <Menu>
      <Menu.Target>
        <Button size={label === 'Export' ? 'compact-sm' : 'sm'} variant="default" rightSection={<IconChevronDown size={14} />}>
          {label}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => save('pdf')}>Report as PDF</Menu.Item>
        <Menu.Item onClick={() => save('html')}>Report as HTML</Menu.Item>
        <Menu.Item onClick={() => save('csv')}>Safeguards as CSV</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

function SignOffDialog({ siteId, runId, overview }: { siteId: SiteId; runId: string; overview: ComplianceOverview }) {
  const client = useClient()
  const siteName = useSession(currentSite)?.name ?? ''
  const [signedBy, setSignedBy] = useState('')
  const [statement, setStatement] = useState('')
  const [confirmation, setConfirmation] = useState('')
  return (
    <FormDialog
      title="Sign off the assessment"
      confirmLabel="Sign off"
      isComplete={signedBy.trim().length >= 2 && statement.trim().length >= 5 && confirmation === siteName}
      onConfirm={async () => {
        await client.compliance.signOff({ siteId, runId, signedBy, statement, confirmation })
        recordChanged()
      }}
    >
      <Text size="sm">IG1: {scoreSentence(overview.scores[1])}. Everything as it stands now is frozen and cannot be changed or removed afterwards.</Text>
      <TextInput label="Signed by" value={signedBy} onChange={(event) => setSignedBy(event.currentTarget.value)} data-autofocus required />
      <Textarea label="Statement" description="What was looked at, and what you conclude." minRows={2} autosize value={statement} onChange={(event) => setStatement(event.currentTarget.value)} required />
      <TextInput label={`Type “${siteName}” to confirm`} value={confirmation} onChange={(event) => setConfirmation(event.currentTarget.value)} autoComplete="off" required />
    </FormDialog>
  )
}
