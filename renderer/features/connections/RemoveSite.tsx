// Removing a site wants its name typed: its credentials and its last known picture go with it.
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import type { AppError } from '#shared/errors.ts'
import type { Site } from '#shared/model/connection.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'

/** What goes with the site, in words. */
function partsOf({ connections }: Site): string {
  if (connections.length === 0) return 'The site is removed'
  const what = connections.length === 1 ? 'Its connection, the credential' : `Its ${connections.length} connections, their credentials`
  return `${what} and what was last seen of it are removed`
}

export function RemoveSite({ site, onClose }: { site: Site; onClose: () => void }) {
  const client = useClient()
  const [confirmation, setConfirmation] = useState('')
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const remove = async (): Promise<void> => {
    setBusy(true)
    try {
      await client.sites.remove({ siteId: site.id, confirmation })
      onClose()
    } catch (thrown) {
      setError(toAppError(thrown))
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={onClose} title={`Remove ${site.name}?`}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void remove()
        }}
      >
        <Stack>
          <Text size="sm">
            {partsOf(site)} from this machine. Nothing in the lab itself is touched. Query results stay.
          </Text>
          <TextInput label={`Type “${site.name}” to confirm`} value={confirmation} onChange={(event) => setConfirmation(event.currentTarget.value)} data-autofocus autoComplete="off" />
          {error ? <ErrorNotice error={error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Keep it
            </Button>
            <Button type="submit" color="red" loading={isBusy} disabled={confirmation !== site.name}>
              Remove the site
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
