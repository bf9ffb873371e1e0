// The configuration of a guest: shown, edited as text, and applied only after its differences have been looked at. What
// waits for the next start stands beside it and can be taken back.
import { Alert, Button, Group, Loader, Modal, Text } from '@mantine/core'
import { IconClockPause } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { attempt } from '#client/attempt.ts'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { useLoaded } from '#client/use-loaded.ts'
import type { GuestConfig } from '#shared/contracts/guests.ts'
import type { AppError } from '#shared/errors.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { CodeDiff, CodeView } from '#ui/CodeView.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { changesBetween, countChanges, parseConfigText, toConfigText, type ConfigChanges } from './config-text.ts'
import { guestObstacle, type ObstacleContext } from './guest-obstacles.ts'
import { guestRefOf } from './guest-ref.ts'

export function ConfigPanel({ guest, context }: { guest: Entity; context: ObstacleContext }) {
  const loaded = useLoaded(`config ${guest.id}`, (client, options) => client.guests.readConfig(guestRefOf(guest)!, options))
  const { value, error, reload } = loaded
  const [newest, setNewest] = useState<GuestConfig | null>(null)
  /** Each answer of the server begins the editing anew. */
  const [round, setRound] = useState(0)
  const take = (config: GuestConfig | null): void => {
    setNewest(config)
    setRound((last) => last + 1)
  }
  if (error && !value) return <ErrorNotice error={error} title="The configuration could not be read" onRetry={reload} />
  if (!value) return <Loader role="img" size="sm" aria-label="Reading the configuration" />
  const config = newest ?? value
  return (
    <ConfigEditor
      key={`${round} ${config.digest}`}
      guest={guest}
      config={config}
      obstacle={guestObstacle(guest, 'configure', context)}
      onChanged={take}
      onReload={() => {
        take(null)
        reload()
      }}
    />
  )
}

interface ConfigEditorProps {
  guest: Entity
  config: GuestConfig
  obstacle: string | null
  onChanged(config: GuestConfig): void
  onReload(): void
}

function ConfigEditor({ guest, config, obstacle, onChanged, onReload }: ConfigEditorProps) {
  const original = useMemo(() => toConfigText(config.values), [config])
  const [text, setText] = useState(original)
  const [isReviewing, setReviewing] = useState(false)
  const read = useMemo(() => readChanges(config, text), [config, text])
  const count = read.changes ? countChanges(read.changes) : 0
  return (
    <>
      <PendingNotice guest={guest} config={config} obstacle={obstacle} onChanged={onChanged} />
      <Group gap="xs" mb={8}>
        <Text size="sm" c="var(--text-dim)" style={{ flex: 1 }}>
          {obstacle ?? 'Edit the options, then look at the differences. Nothing is changed before you apply them.'}
        </Text>
        <Button size="xs" variant="default" onClick={onReload}>
          Load anew
        </Button>
        {text !== original ? (
          <Button size="xs" variant="default" onClick={() => setText(original)}>
            Take back
          </Button>
        ) : null}
        <ActionButton size="xs" disabledReason={obstacle ?? read.error?.message ?? (count === 0 ? 'Nothing is changed yet.' : null)} onClick={() => setReviewing(true)}>
          {count === 0 ? 'Review the changes' : `Review ${count} ${count === 1 ? 'change' : 'changes'}`}
        </ActionButton>
      </Group>
      {read.error ? <ErrorNotice error={read.error} /> : null}
      <div className="config-editor">
        <CodeView label={`Configuration of ${guest.name}`} value={text} language="yaml" {...(obstacle ? {} : { onChange: setText })} />
      </div>
      {isReviewing && read.changes ? (
        <ReviewDialog guest={guest} config={config} before={original} after={text} changes={read.changes} onClose={() => setReviewing(false)} onChanged={onChanged} />
      ) : null}
    </>
  )
}

function readChanges(config: GuestConfig, text: string): { changes: ConfigChanges | null; error: AppError | null } {
  try {
    return { changes: changesBetween(config.values, parseConfigText(text)), error: null }
  } catch (thrown) {
    return { changes: null, error: toAppError(thrown) }
  }
}

interface ReviewDialogProps {
  guest: Entity
  config: GuestConfig
  before: string
  after: string
  changes: ConfigChanges
  onClose(): void
  onChanged(config: GuestConfig): void
}

function ReviewDialog({ guest, config, before, after, changes, onClose, onChanged }: ReviewDialogProps) {
  const client = useClient()
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const apply = async (): Promise<void> => {
    setBusy(true)
    setError(null)
    try {
      onChanged(await client.guests.changeConfig({ ...guestRefOf(guest)!, digest: config.digest, ...changes }))
      onClose()
    } catch (thrown) {
      setError(toAppError(thrown))
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={onClose} title={`Changes to ${guest.name}`} size="80%">
      <div style={{ height: 380, border: '1px solid var(--line)', borderRadius: 8, overflow: 'hidden' }}>
        <CodeDiff label={`Configuration of ${guest.name}`} before={before} after={after} language="yaml" />
      </div>
      <Text size="sm" c="var(--text-dim)" my="sm">
        Sets {Object.keys(changes.set).join(', ') || 'nothing'}
        {changes.remove.length > 0 ? `; takes away ${changes.remove.join(', ')}` : ''}. What a running guest cannot take over waits for its next start.
      </Text>
      {error ? <ErrorNotice error={error} /> : null}
      <Group justify="flex-end" mt="sm">
        <Button variant="default" onClick={onClose}>
          Back to editing
        </Button>
        <Button loading={isBusy} onClick={() => void apply()}>
          Apply
        </Button>
      </Group>
    </Modal>
  )
}

function PendingNotice({ guest, config, obstacle, onChanged }: Omit<ConfigEditorProps, 'onReload'>) {
  const client = useClient()
  if (config.pending.length === 0) return null
  const revert = (keys: string[]): void =>
    void attempt(
      'The change could not be taken back',
      client.guests.changeConfig({ ...guestRefOf(guest)!, digest: config.digest, revert: keys }).then(onChanged),
    )
  return (
    <Alert variant="light" color="yellow" icon={<IconClockPause size={18} aria-hidden />} title="Waits for the next start" mb="sm">
      <table className="bulk-table" aria-label="Pending changes">
        <tbody>
          {config.pending.map(({ key, now, next }) => (
            <tr key={key}>
              <td>
                <b>{key}</b>
              </td>
              <td>
                {now ?? 'not set'} → {next ?? 'not set'}
              </td>
              <td style={{ textAlign: 'right' }}>
                <ActionButton size="compact-xs" variant="default" disabledReason={obstacle} aria-label={`Take back ${key}`} onClick={() => revert([key])}>
                  Take back
                </ActionButton>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Alert>
  )
}
