// Accepting a risk: for which objects, why, by whom, and until when. It ends by itself; whoever asks cannot approve.
import { MultiSelect, Text, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useClient } from '#client/client-context.ts'
import type { CheckResult } from '#shared/model/compliance.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { recordChanged } from './compliance.store.ts'
import { FormDialog } from './FormDialog.tsx'
import { dateIn, endOf } from './places.ts'

export function AcceptRiskDialog({ siteId, result, title }: { siteId: SiteId; result: CheckResult; title: string }) {
  const client = useClient()
  const names = [...new Set(result.objects.filter(({ verdict }) => verdict === 'fail' || verdict === 'warn').map(({ name }) => name))]
  const [objects, setObjects] = useState<string[]>([])
  const [reason, setReason] = useState('')
  const [requestedBy, setRequestedBy] = useState('')
  const [approvedBy, setApprovedBy] = useState('')
  const [until, setUntil] = useState(dateIn(90))
  const isSame = approvedBy.trim() !== '' && approvedBy.trim().toLowerCase() === requestedBy.trim().toLowerCase()
  return (
    <FormDialog
      title={`Accept the risk of ${result.checkId}`}
      confirmLabel="Accept the risk"
      isComplete={reason.trim().length >= 5 && requestedBy.trim().length >= 2 && approvedBy.trim().length >= 2 && !isSame && until !== ''}
      onConfirm={async () => {
        await client.compliance.acceptRisk({ siteId, checkId: result.checkId, targetId: result.targetId, objects, reason, requestedBy, approvedBy, expiresAtMs: endOf(until) })
        recordChanged()
      }}
    >
      <Text size="sm">
        {title}, on {result.targetLabel}. The check goes on running; the failure shows again when the exception ends.
      </Text>
      {names.length > 0 ? <MultiSelect label="Objects" description="None chosen covers all of this check on this system." data={names} value={objects} onChange={setObjects} searchable clearable /> : null}
      <Textarea label="Reason" description="Why it cannot be put right now, and what keeps the risk small." minRows={3} autosize value={reason} onChange={(event) => setReason(event.currentTarget.value)} data-autofocus required />
      <TextInput label="Requested by" value={requestedBy} onChange={(event) => setRequestedBy(event.currentTarget.value)} required />
      <TextInput label="Approved by" value={approvedBy} error={isSame ? 'Must be another person' : null} onChange={(event) => setApprovedBy(event.currentTarget.value)} required />
      <TextInput type="date" label="Until" value={until} min={dateIn(1)} max={dateIn(730)} onChange={(event) => setUntil(event.currentTarget.value)} required />
    </FormDialog>
  )
}
