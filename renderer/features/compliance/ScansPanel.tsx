// Results of other scanners, read from their files: kube-bench, Lynis, OpenSCAP.
import { Button, FileInput, Group, Loader, Select, Table, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useClient } from '#client/client-context.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import { useLoaded } from '#client/use-loaded.ts'
import type { ImportedScan } from '#shared/contracts/compliance.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { recordChanged, useComplianceState } from './compliance.store.ts'
import { FormDialog } from './FormDialog.tsx'
import { VerdictCounts, VerdictMark } from './marks.tsx'
import { dateIn } from './places.ts'
import { uploadFile } from './upload-file.ts'

const sources: { value: ImportedScan['source']; label: string }[] = [
  { value: 'kube-bench', label: 'kube-bench (JSON)' },
  { value: 'lynis', label: 'Lynis (report.dat)' },
  { value: 'openscap', label: 'OpenSCAP (XCCDF or ARF)' },
]

export function ScansPanel({ siteId }: { siteId: SiteId }) {
  const revision = useComplianceState((state) => state.revision)
  const { value: scans, error } = useLoaded(`${siteId} ${revision}`, (client, options) => client.compliance.scans({ siteId }, options))
  const [open, setOpen] = useState<string | null>(null)
  if (error) return <ErrorNotice error={error} />
  if (!scans) return <Loader role="img" aria-label="Loading the scans" />
  const start = <Button onClick={() => openDialog(<ImportDialog siteId={siteId} />)}>Import a scan…</Button>
  if (scans.length === 0)
    return (
      <EmptyState title="No scan imported" action={start}>
        Results of kube-bench, Lynis and OpenSCAP can be kept beside Meridian’s own checks. A file that is broken or incomplete is refused as a whole.
      </EmptyState>
    )
  return (
    <>
      <Group mb="sm">{start}</Group>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Scan</Table.Th>
            <Table.Th>Host</Table.Th>
            <Table.Th>Observed</Table.Th>
            <Table.Th>Results</Table.Th>
            <Table.Th w={90} aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {scans.map((scan) => (
            <Table.Tr key={scan.fileSha256}>
              <Table.Td>
                {scan.source} {scan.sourceVersion}
                <Text size="xs" c="var(--text-dim)">
                  {scan.fileName}
                  {scan.isPartial ? ' · incomplete' : ''}
                </Text>
              </Table.Td>
              <Table.Td>{scan.host}</Table.Td>
              <Table.Td>{new Date(scan.observedAtMs).toLocaleString()}</Table.Td>
              <Table.Td>
                <VerdictCounts counts={scan.counts} />
              </Table.Td>
              <Table.Td>
                <Button size="compact-xs" variant="default" aria-expanded={open === scan.fileSha256} onClick={() => setOpen(open === scan.fileSha256 ? null : scan.fileSha256)}>
                  {open === scan.fileSha256 ? 'Hide' : 'Show'}
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {open ? <ScanRows siteId={siteId} fileSha256={open} /> : null}
    </>
  )
}

function ScanRows({ siteId, fileSha256 }: { siteId: SiteId; fileSha256: string }) {
  const { value: rows } = useLoaded(`${siteId} ${fileSha256}`, (client, options) => client.compliance.scanRows({ siteId, fileSha256 }, options))
  if (!rows) return <Loader role="img" aria-label="Loading the results" />
  return (
    <Table mt="md" verticalSpacing={4} aria-label="Results of the scan">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={170}>Test</Table.Th>
          <Table.Th w={130}>Verdict</Table.Th>
          <Table.Th>Message</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.slice(0, 500).map((row) => (
          <Table.Tr key={row.externalId}>
            <Table.Td className="compliance-probe">{row.externalId}</Table.Td>
            <Table.Td>
              <VerdictMark verdict={row.verdict} />
            </Table.Td>
            <Table.Td>
              {row.message}
              {row.remedy ? (
                <Text size="xs" c="var(--text-dim)">
                  {row.remedy}
                </Text>
              ) : null}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
      {rows.length > 500 ? <Table.Caption>{rows.length - 500} more are kept and not shown.</Table.Caption> : null}
    </Table>
  )
}

function ImportDialog({ siteId }: { siteId: SiteId }) {
  const client = useClient()
  const site = useSession(currentSite)
  const [source, setSource] = useState<ImportedScan['source']>('kube-bench')
  const [file, setFile] = useState<File | null>(null)
  const [host, setHost] = useState('')
  const [observed, setObserved] = useState(dateIn(0))
  const labels = (site?.connections ?? []).filter(({ settings }) => settings.kind === 'ssh' || settings.kind === 'kubernetes').map(({ label }) => label)
  return (
    <FormDialog
      title="Import a scan"
      confirmLabel="Import"
      isComplete={file !== null && host.trim() !== '' && observed !== ''}
      onConfirm={async () => {
        const kept = await uploadFile(client, siteId, file!)
        await client.compliance.importScan({ siteId, source, fileName: kept.name, sha256: kept.sha256, host, observedAtMs: Math.min(Date.parse(observed), Date.now()) })
        recordChanged()
      }}
    >
      <Select label="Scanner" data={sources} value={source} allowDeselect={false} onChange={(value) => setSource((value ?? 'kube-bench') as ImportedScan['source'])} />
      <FileInput label="File" description="At most 50 MB." placeholder="Choose a file" value={file} onChange={setFile} required />
      <TextInput label="Host or cluster" description={labels.length > 0 ? `Such as ${labels.slice(0, 2).join(' or ')}.` : undefined} value={host} onChange={(event) => setHost(event.currentTarget.value)} required />
      <TextInput type="date" label="Day of the scan" description="Used when the file itself says nothing." value={observed} max={dateIn(0)} onChange={(event) => setObserved(event.currentTarget.value)} required />
    </FormDialog>
  )
}
