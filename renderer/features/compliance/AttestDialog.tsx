// What a person says about a safeguard: a claim, in words, with an owner, an end and, where there is one, a file.
import { FileInput, Select, Text, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useClient } from '#client/client-context.ts'
import type { Attestation } from '#shared/model/compliance.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { recordChanged } from './compliance.store.ts'
import { FormDialog } from './FormDialog.tsx'
import { dateIn, endOf } from './places.ts'
import { uploadFile } from './upload-file.ts'

const claims: { value: Attestation['claim']; label: string }[] = [
  { value: 'implemented', label: 'It is implemented' },
  { value: 'partly', label: 'It is partly implemented' },
  { value: 'not-implemented', label: 'It is not implemented' },
  { value: 'not-applicable', label: 'It does not apply here' },
]

export function AttestDialog(props: { siteId: SiteId; safeguardId: string; title: string; owner: string }) {
  const { siteId, safeguardId } = props
  const client = useClient()
  const [claim, setClaim] = useState<Attestation['claim']>('implemented')
  const [statement, setStatement] = useState('')
  const [owner, setOwner] = useState(props.owner)
  const [until, setUntil] = useState(dateIn(365))
  const [file, setFile] = useState<File | null>(null)
  return (
    <FormDialog
      title={`Attest ${safeguardId}`}
      confirmLabel="Attest"
      isComplete={statement.trim().length >= 5 && owner.trim().length >= 2 && until !== ''}
      onConfirm={async () => {
        const kept = file ? await uploadFile(client, siteId, file) : null
        await client.compliance.attest({ siteId, safeguardId, claim, statement, owner, expiresAtMs: endOf(until), file: kept })
        recordChanged()
      }}
    >
      <Text size="sm">{props.title}</Text>
      <Select label="Claim" data={claims} value={claim} allowDeselect={false} onChange={(value) => setClaim((value ?? 'implemented') as Attestation['claim'])} />
      <Textarea label="Statement" description="What is done, where it is written down, how you know." minRows={3} autosize value={statement} onChange={(event) => setStatement(event.currentTarget.value)} data-autofocus required />
      <TextInput label="Owner" description="Who stands for it." value={owner} onChange={(event) => setOwner(event.currentTarget.value)} required />
      <TextInput type="date" label="Holds until" value={until} min={dateIn(1)} max={dateIn(730)} onChange={(event) => setUntil(event.currentTarget.value)} required />
      <FileInput label="File" description="A document that shows it; kept here under its SHA-256." placeholder="None" value={file} onChange={setFile} clearable />
    </FormDialog>
  )
}

export function OwnerDialog(props: { siteId: SiteId; safeguardId: string; owner: string }) {
  const client = useClient()
  const [owner, setOwner] = useState(props.owner)
  const trimmed = owner.trim()
  return (
    <FormDialog
      title={`Owner of ${props.safeguardId}`}
      confirmLabel="Save"
      isComplete={trimmed === '' || trimmed.length >= 2}
      size="md"
      onConfirm={async () => {
        await client.compliance.setOwner({ siteId: props.siteId, safeguardId: props.safeguardId, owner: trimmed === '' ? null : trimmed })
        recordChanged()
      }}
    >
      <TextInput label="Owner" description="Exactly one person is accountable." value={owner} onChange={(event) => setOwner(event.currentTarget.value)} data-autofocus />
    </FormDialog>
  )
}
