// Editing an object as YAML: write, let the server check it (dry run), look at the difference, apply. A conflict with
// somebody else's change is told, and theirs is never overwritten.
import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { KubeObjectPage } from '#shared/model/kubernetes.ts'
import { CodeDiff, CodeView } from '#ui/CodeView.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { tell } from './tell.ts'

export function EditDialog({ connectionId, object }: { connectionId: ConnectionId; object: KubeObjectPage }) {
  const client = useClient()
  // The version that was read when editing began: what came since must not be lost.
  const [{ ref, kind, yaml: original, resourceVersion }] = useState(object)
  const [text, setText] = useState(original)
  const [check, setCheck] = useState<{ before: string; after: string } | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true)
    setError(null)
    try {
      await work()
    } catch (thrown) {
      setError(toAppError(thrown))
    }
    setBusy(false)
  }
  const tryIt = (): Promise<void> => attempt(async () => setCheck(await client.kubernetes.checkChange({ connectionId, ref, yaml: text })))
  const apply = (): Promise<void> =>
    attempt(async () => {
      await client.kubernetes.applyChange({ connectionId, ref, yaml: text, resourceVersion })
      tell({ message: `${kind} ${ref.name} is changed.` })
      closeDialog()
    })
  const isSame = check !== null && check.before === check.after
  return (
    <Modal opened onClose={closeDialog} title={`${check ? 'What the server would make of it' : 'Edit'}: ${kind} ${ref.name}`} size="80rem" closeOnClickOutside={text === original}>
      <Stack>
        <div style={{ height: '60vh', border: '1px solid var(--line)', borderRadius: 8, overflow: 'hidden' }}>
          {check ? <CodeDiff label="Difference" before={check.before} after={check.after} language="yaml" /> : <CodeView label="YAML" value={text} language="yaml" onChange={setText} />}
        </div>
        {error ? <ErrorNotice error={error} /> : null}
        {error?.code === 'conflict' ? (
          <Text size="sm">Somebody has changed it since you began. Close this, look at the new state, and edit that.</Text>
        ) : null}
        {isSame ? <Text size="sm">The server would change nothing.</Text> : null}
        <Group justify="flex-end">
          {check ? (
            <Button variant="default" onClick={() => setCheck(null)}>
              Back to the text
            </Button>
          ) : (
            <Button variant="default" onClick={closeDialog}>
              Cancel
            </Button>
          )}
          {check ? (
            <Button loading={isBusy} disabled={isSame} onClick={() => void apply()}>
              Apply
            </Button>
          ) : (
            <Button loading={isBusy} disabled={text === original} onClick={() => void tryIt()}>
              Check with the server
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}
