// What is asked before alerts are taken on or kept quiet: by whom, why, and until when.
import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { toAppError } from '#client/client.ts'
import type { AppError } from '#shared/errors.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'

const hourMs = 3_600_000
const terms = [
  { value: '0', label: 'until it is over' },
  { value: '1', label: 'for 1 hour' },
  { value: '4', label: 'for 4 hours' },
  { value: '24', label: 'for a day' },
  { value: '168', label: 'for a week' },
]

interface TakeOnDialogProps {
  title: string
  submitLabel: string
  /** Acknowledging asks who it is, and may last until it is over. */
  asksWho: boolean
  onSubmit(answer: { by: string; note: string; untilMs: number | null }): Promise<unknown>
  onClose(): void
}

/** Who acknowledged last in this window, so that it is typed once. */
let lastName = ''

export function TakeOnDialog({ title, submitLabel, asksWho, onSubmit, onClose }: TakeOnDialogProps) {
  const [by, setBy] = useState(lastName)
  const [note, setNote] = useState('')
  const [term, setTerm] = useState(asksWho ? '0' : '1')
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (asksWho && by.trim() === '') return
    setBusy(true)
    lastName = by.trim() || lastName
    try {
      await onSubmit({ by: by.trim(), note: note.trim(), untilMs: term === '0' ? null : Date.now() + Number(term) * hourMs })
      onClose()
    } catch (thrown) {
      setError(toAppError(thrown))
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={onClose} title={title}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="sm">
          {asksWho ? <TextInput label="Your name" required data-autofocus value={by} maxLength={100} onChange={(event) => setBy(event.currentTarget.value)} /> : null}
          <TextInput label="Note" placeholder={asksWho ? 'What you are doing about it' : 'Why it is quiet'} maxLength={500} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
          <Select label="How long" data={asksWho ? terms : terms.slice(1)} value={term} allowDeselect={false} onChange={(value) => setTerm(value ?? '1')} />
          {error ? <ErrorNotice error={error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy}>
              {submitLabel}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
