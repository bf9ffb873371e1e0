// The uploads to a host: how far each is, and how it ended.
import { ActionIcon, Button, Progress } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import type { ConnectionId } from '#shared/model/connection.ts'
import { formatBytes } from '#shared/model/quantities.ts'
import { cancelUpload, forgetUploads, useUploads, type Upload } from './transfers.store.ts'

export function Transfers({ connectionId }: { connectionId: ConnectionId }) {
  const uploads = useUploads((state) => state.uploads)
  const mine = uploads.filter((one) => one.connectionId === connectionId)
  if (mine.length === 0) return null
  return (
    <section className="files-transfers" aria-label="Uploads">
      <header>
        <strong>Uploads</strong>
        <Button size="compact-xs" variant="subtle" color="gray" onClick={forgetUploads}>
          Clear finished
        </Button>
      </header>
      {mine.map((one) => (
        <div key={one.id} className="files-transfer">
          <span className="files-transfer-name">{one.name}</span>
          <Progress value={one.sizeBytes === 0 ? 100 : (100 * one.sentBytes) / one.sizeBytes} color={one.state === 'failed' ? 'red' : one.state === 'done' ? 'green' : 'meridian'} aria-label={`Progress of ${one.name}`} w={180} />
          <span role="status">{wordsOf(one)}</span>
          {one.state === 'sending' ? (
            <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Cancel the upload of ${one.name}`} onClick={() => cancelUpload(one.id)}>
              <IconX size={14} />
            </ActionIcon>
          ) : null}
        </div>
      ))}
    </section>
  )
}

function wordsOf({ state, sentBytes, sizeBytes, error }: Upload): string {
  switch (state) {
    case 'sending':
      return `${formatBytes(sentBytes)} of ${formatBytes(sizeBytes)}`
    case 'done':
      return `${formatBytes(sizeBytes)} sent`
    case 'cancelled':
      return 'given up; nothing was left on the host'
    case 'failed':
      return [error?.message, error?.remedy].filter(Boolean).join(' ')
  }
}
