// Making the vault, changing its passphrase, locking it. What is typed here goes to the core once and is dropped.
import { Alert, Button, Group, PasswordInput, Stack, Text } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { attempt } from '#client/attempt.ts'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { useSession } from '#client/session.store.ts'
import type { AppError } from '#shared/errors.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'

export function VaultPanel() {
  const client = useClient()
  const vault = useSession((state) => state.vault)
  if (!vault) return null
  return (
    <Stack maw={520}>
      <Text size="sm">
        {vault.protection === 'os-keychain'
          ? `Credentials are encrypted with a key that ${vault.backend ?? 'the operating system'} keeps.`
          : 'Credentials are encrypted with a passphrase (Argon2id, AES-256-GCM). It is stored nowhere: if it is lost, the credentials must be entered again.'}
      </Text>
      {vault.note ? <Alert variant="light">{vault.note}</Alert> : null}
      {vault.state === 'unlocked' ? <Text size="sm">The vault is open. It locks by itself when nobody is there (Data, Lock when idle).</Text> : null}
      {vault.state === 'uninitialised' ? <PassphraseForm isNew /> : null}
      {vault.state === 'unlocked' ? (
        <>
          <Group>
            <Button variant="default" onClick={() => void attempt('Meridian could not be locked', client.vault.lock())}>
              Lock now
            </Button>
          </Group>
          {vault.protection === 'passphrase' ? <PassphraseForm isNew={false} /> : null}
        </>
      ) : null}
    </Stack>
  )
}

function PassphraseForm({ isNew }: { isNew: boolean }) {
  const client = useClient()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [again, setAgain] = useState('')
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const [isDone, setDone] = useState(false)
  const mismatch = again !== '' && again !== next ? 'The two are not the same.' : null
  const tooShort = next !== '' && next.length < 8 ? 'At least 8 characters.' : null

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    setDone(false)
    try {
      if (isNew) await client.vault.create({ passphrase: next })
      else await client.vault.changePassphrase({ current, next })
      setDone(true)
    } catch (thrown) {
      setError(toAppError(thrown))
    } finally {
      setCurrent('')
      setNext('')
      setAgain('')
      setBusy(false)
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        {isNew ? null : (
          <PasswordInput label="Current passphrase" value={current} onChange={(event) => setCurrent(event.currentTarget.value)} autoComplete="off" />
        )}
        <PasswordInput label="New passphrase" value={next} error={tooShort} onChange={(event) => setNext(event.currentTarget.value)} autoComplete="off" />
        <PasswordInput label="New passphrase, once more" value={again} error={mismatch} onChange={(event) => setAgain(event.currentTarget.value)} autoComplete="off" />
        {error ? <ErrorNotice error={error} /> : null}
        {isDone ? (
          <Text size="sm" role="status">
            The new passphrase holds from now on.
          </Text>
        ) : null}
        <Group>
          <Button type="submit" loading={isBusy} disabled={next.length < 8 || next !== again || (!isNew && current === '')}>
            {isNew ? 'Create the vault' : 'Change the passphrase'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
