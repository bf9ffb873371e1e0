// A manifest from the clipboard or the keyboard: checked by the server, then applied (server-side apply).
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { CodeView } from '#ui/CodeView.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { useObstacle } from './use-obstacle.ts'

export function ManifestDialog({ connectionId, namespace: first }: { connectionId: ConnectionId; namespace: string }) {
  const client = useClient()
  const obstacle = useObstacle(connectionId)
  const [text, setText] = useState('')
  const [namespace, setNamespace] = useState(first)
  const [checked, setChecked] = useState<{ text: string; lines: string[] } | null>(null)
  const [done, setDone] = useState<string[] | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const run = async (isDryRun: boolean): Promise<void> => {
    setBusy(true)
    setError(null)
    const ask = { connectionId, yaml: text, namespace }
    try {
      const { lines } = await (isDryRun ? client.kubernetes.checkManifest(ask) : client.kubernetes.applyManifest(ask))
      if (isDryRun) setChecked({ text, lines })
      else setDone(lines)
    } catch (thrown) {
      setError(toAppError(thrown))
    }
    setBusy(false)
  }
  const isChecked = checked?.text === text
  return (
    <Modal opened onClose={closeDialog} title="Apply a manifest" size="60rem" closeOnClickOutside={text === ''}>
      <Stack>
        <div style={{ height: '46vh', border: '1px solid var(--line)', borderRadius: 8, overflow: 'hidden' }}>
          <CodeView label="Manifest" value={text} language="yaml" onChange={setText} />
        </div>
        <TextInput label="Namespace, where the manifest names none" size="xs" w={280} value={namespace} onChange={(event) => setNamespace(event.currentTarget.value)} />
        {error ? <ErrorNotice error={error} /> : null}
        {(done ?? (isChecked ? checked.lines : [])).map((line) => (
          <Text key={line} size="sm">
            {line}
          </Text>
        ))}
        <Group justify="flex-end">
          <Button variant="default" onClick={closeDialog}>
            {done ? 'Close' : 'Cancel'}
          </Button>
          {done ? null : isChecked ? (
            <ActionButton loading={isBusy} disabledReason={obstacle} onClick={() => void run(false)}>
              Apply
            </ActionButton>
          ) : (
            <Button loading={isBusy} disabled={text.trim() === '' || namespace === ''} onClick={() => void run(true)}>
              Check with the server
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}
