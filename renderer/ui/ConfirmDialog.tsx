// Asks before something is done: with a button, or, for what cannot be undone, with the target's name typed. It stays
// open while the action runs and shows why it failed.
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useState, type FormEvent, type ReactNode } from 'react'
import { AppError, isAppError } from '#shared/errors.ts'
import { ErrorNotice } from './ErrorNotice.tsx'

interface ConfirmDialogProps {
  title: string
  /** What will happen, and what will not. */
  children: ReactNode
  /** The verb: `Stop proj-pg01`. */
  confirmLabel: string
  /** Must be typed as it is; absent = a click is enough. */
  typedName?: string
  isDangerous?: boolean
  cancelLabel?: string
  /** Gets what was typed. A rejection is shown and the dialog stays. */
  onConfirm(typed: string): Promise<unknown>
  onClose(): void
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { typedName, onConfirm, onClose } = props
  const [typed, setTyped] = useState('')
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const canConfirm = typedName === undefined || typed === typedName
  const confirm = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (!canConfirm || isBusy) return
    setBusy(true)
    setError(null)
    try {
      await onConfirm(typed)
      onClose()
    } catch (thrown) {
      setError(isAppError(thrown) ? thrown : new AppError('internal', 'The action could not be started.', { cause: thrown }))
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={onClose} title={props.title}>
      <form onSubmit={(event) => void confirm(event)}>
        <Stack>
          <div style={{ fontSize: 14 }}>{props.children}</div>
          {typedName === undefined ? null : (
            <TextInput
              label={`Type “${typedName}” to confirm`}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              data-autofocus
              autoComplete="off"
            />
          )}
          {error ? <ErrorNotice error={error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {props.cancelLabel ?? 'Cancel'}
            </Button>
            <Button type="submit" {...(props.isDangerous || typedName !== undefined ? { color: 'red' } : {})} loading={isBusy} disabled={!canConfirm}>
              {props.confirmLabel}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
