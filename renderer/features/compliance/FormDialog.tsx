// A dialog with a form: it stays open while it works, and shows why it failed.
import { Button, Group, Modal, Stack } from '@mantine/core'
import { useState, type FormEvent, type ReactNode } from 'react'
import { toAppError } from '#client/client.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import type { AppError } from '#shared/errors.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'

interface FormDialogProps {
  title: string
  confirmLabel: string
  isComplete: boolean
  size?: string
  children: ReactNode
  onConfirm(): Promise<unknown>
}

export function FormDialog({ title, confirmLabel, isComplete, size, children, onConfirm }: FormDialogProps) {
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (!isComplete || isBusy) return
    setBusy(true)
    setError(null)
    try {
      await onConfirm()
      closeDialog()
    } catch (thrown) {
      setError(toAppError(thrown))
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={closeDialog} title={title} size={size ?? 'lg'}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {children}
          {error ? <ErrorNotice error={error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={closeDialog}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy} disabled={!isComplete}>
              {confirmLabel}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
