// Adding or editing one connection: fields by kind, trust, credential, and the step-by-step test before saving.
import './connection-editor.css'
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { navigate } from '#client/location.ts'
import { useSession } from '#client/session.store.ts'
import type { AppError } from '#shared/errors.ts'
import type { Connection, ConnectionDraft, ConnectionKind, Site } from '#shared/model/connection.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { checkForm, draftOf, emptyForm, formOf, jumpChoices, kindNames, usesTls, type FieldErrors, type FormValues } from './connection-form.ts'
import { AddressFields, AuthFields } from './ConnectionFields.tsx'
import { ConnectionTest } from './ConnectionTest.tsx'
import { TrustFields } from './TrustFields.tsx'

export interface FieldProps {
  form: FormValues
  errors: FieldErrors
  /** Names of the secrets the vault already holds for it. */
  stored: Connection['storedSecrets']
  /** SSH connections that may be the way to this one. */
  jumps: readonly Connection[]
  change(changes: Partial<FormValues>): void
}

export function ConnectionEditor(props: { site: Site; connection: Connection | null; kind: ConnectionKind; onClose: () => void }) {
  const { site, connection, kind, onClose } = props
  const client = useClient()
  const hasVault = useSession((state) => state.vault?.state !== 'uninitialised')
  const [form, setForm] = useState<FormValues>(() => (connection ? formOf(connection) : emptyForm(kind)))
  const [hasTried, setTried] = useState(false)
  const [testing, setTesting] = useState<{ draft: ConnectionDraft; run: number } | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const problems = checkForm(form)
  const missing = Object.keys(problems).length
  const isComplete = Object.keys(problems).length === 0
  const change = (changes: Partial<FormValues>): void => setForm((current) => ({ ...current, ...changes }))
  const fields: FieldProps = { form, errors: hasTried ? problems : {}, stored: connection?.storedSecrets ?? [], jumps: jumpChoices(site.connections, connection), change }

  const test = (): void => {
    setTried(true)
    if (isComplete) setTesting({ draft: draftOf(form), run: (testing?.run ?? 0) + 1 })
  }
  const save = async (): Promise<void> => {
    setTried(true)
    if (!isComplete) return
    setBusy(true)
    setError(null)
    try {
      const draft = draftOf(form)
      await (connection ? client.sites.updateConnection({ connectionId: connection.id, draft }) : client.sites.addConnection({ siteId: site.id, draft }))
      onClose()
    } catch (thrown) {
      setError(toAppError(thrown))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={onClose} size="xl" title={connection ? `Edit ${connection.label}` : `Connect ${kindNames[kind]} to ${site.name}`}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <Stack>
          {hasVault ? null : (
            <Alert color="yellow" variant="light" title="There is no vault yet">
              <Text size="sm">Credentials are kept encrypted. Make the vault first; it takes one passphrase.</Text>
              <Button mt="xs" size="xs" onClick={() => navigate('/settings', { section: 'vault' })}>
                Make the vault
              </Button>
            </Alert>
          )}
          <AddressFields {...fields} />
          <AuthFields {...fields} />
          {usesTls(form) ? <TrustFields {...fields} /> : null}
          {testing ? (
            <ConnectionTest
              key={testing.run}
              draft={testing.draft}
              connectionId={connection?.id}
              onTrust={(changes) => {
                change(changes)
                setTesting(null)
              }}
            />
          ) : null}
          {error ? <ErrorNotice error={error} /> : null}
          {hasTried && !isComplete ? (
            <Text size="sm" c="var(--health-error)" role="alert">
              {missing === 1 ? 'One field still needs' : `${missing} fields still need`} something; {missing === 1 ? 'it is' : 'they are'} marked above.
            </Text>
          ) : null}
          <Group justify="flex-end" className="editor-actions">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button variant="default" onClick={test}>
              Test
            </Button>
            <Button type="submit" loading={isBusy}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
