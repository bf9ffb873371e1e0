// A small text file of a host, to read and to change. Saving is refused when somebody else has changed it meanwhile.
import { Badge, Button, Group, Loader, Modal, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import type { RemoteText } from '#shared/contracts/files.ts'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { formatBytes } from '#shared/model/quantities.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { CodeView, type CodeLanguage } from '#ui/CodeView.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'

const languageOf = (path: string): CodeLanguage =>
  /\.ya?ml$/i.test(path) ? 'yaml' : /\.json$/i.test(path) ? 'json' : 'text'

export function FileEditor({ connectionId, path, onSaved }: { connectionId: ConnectionId; path: string; onSaved(): void }) {
  const client = useClient()
  const isReadOnly = useSession((state) => currentSite(state)?.isReadOnly ?? false)
  const [known, setKnown] = useState<RemoteText | null>(null)
  const [draft, setDraft] = useState('')
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const [round, setRound] = useState(0)
  const isChanged = known !== null && draft !== known.text
  useEffect(() => {
    const controller = new AbortController()
    setError(null)
    client.files.readText({ connectionId, path }, { signal: controller.signal }).then(
      (text) => {
        if (controller.signal.aborted) return
        setKnown(text)
        setDraft(text.text)
      },
      (thrown: unknown) => !controller.signal.aborted && setError(toAppError(thrown)),
    )
    return () => controller.abort()
  }, [client, connectionId, path, round])
  const save = async (): Promise<void> => {
    if (!known) return
    setBusy(true)
    setError(null)
    try {
      const { modifiedMs, sizeBytes } = known
      setKnown(await client.files.writeText({ connectionId, path, text: draft, expected: { modifiedMs, sizeBytes } }))
      onSaved()
    } catch (thrown) {
      setError(toAppError(thrown))
    } finally {
      setBusy(false)
    }
  }
  const close = (): void => {
    if (!isChanged || window.confirm('Leave without saving the changes?')) closeDialog()
  }
  return (
    <Modal opened onClose={close} title={path} size="90%" closeOnClickOutside={!isChanged}>
      <Stack gap="sm">
        {error ? <ErrorNotice error={error} /> : null}
        {known ? (
          <div className="files-editor">
            <CodeView
              key={`${round} ${known.modifiedMs}`}
              label={`Text of ${path}`}
              value={known.text}
              language={languageOf(path)}
              {...(isReadOnly ? {} : { onChange: setDraft })}
            />
          </div>
        ) : error ? null : (
          <Loader role="img" aria-label="Reading the file" />
        )}
        <Group justify="space-between">
          <Group gap="xs">
            {known ? (
              <Text size="xs" c="var(--text-dim)">
                {formatBytes(known.sizeBytes)}, changed {new Date(known.modifiedMs).toLocaleString()}
              </Text>
            ) : null}
            {isChanged ? (
              <Badge variant="light" color="yellow" style={{ textTransform: 'none' }}>
                not saved
              </Badge>
            ) : null}
          </Group>
          <Group gap="xs">
            {error?.code === 'conflict' ? (
              <Button variant="default" onClick={() => setRound(round + 1)}>
                Read it again
              </Button>
            ) : null}
            <Button variant="default" onClick={close}>
              Close
            </Button>
            <ActionButton
              loading={isBusy}
              disabledReason={isReadOnly ? 'The site is read-only in Meridian.' : isChanged ? null : 'Nothing was changed.'}
              onClick={() => void save()}
            >
              Save
            </ActionButton>
          </Group>
        </Group>
      </Stack>
    </Modal>
  )
}
