// A dialog with fields that begins something: it stays open with the refusal when it is refused, and closes when it has
// begun. The forms of this feature are built on it.
import { Button, Group, Modal, Stack } from '@mantine/core'
import { useState, type FormEvent, type ReactNode } from 'react'
import { toAppError } from '#client/client.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import type { AppError } from '#shared/errors.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'

interface ActionDialogProps {
  title: string
  submitLabel: string
  /** Why it cannot begin yet: a field is missing. */
  disabledReason?: string | null
  size?: string
  onSubmit(): Promise<unknown>
  children: ReactNode
}

export function ActionDialog({ title, submitLabel, disabledReason = null, size = 'md', onSubmit, children }: ActionDialogProps) {
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (disabledReason || isBusy) return
    setBusy(true)
    setError(null)
    try {
      await onSubmit()
      closeDialog()
    } catch (thrown) {
      setError(toAppError(thrown))
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={closeDialog} title={title} size={size}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="sm">
          {children}
          {error ? <ErrorNotice error={error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={closeDialog}>
              Cancel
            </Button>
            <ActionButton type="submit" loading={isBusy} disabledReason={disabledReason}>
              {submitLabel}
            </ActionButton>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
