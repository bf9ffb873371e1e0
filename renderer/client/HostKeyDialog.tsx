// The host key of an SSH server at the moment it matters: shown and confirmed at first use, refused when it has changed.
// `withHostKey` runs work that may meet either; whoever opens SSH from a screen goes through it.
import { Alert, Button, Group, Modal, Stack, Table, Text } from '@mantine/core'
import { IconAlertTriangle, IconShieldQuestion } from '@tabler/icons-react'
import { useState } from 'react'
import { cancelled, isAppError, type AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { toAppError, type Client } from './client.ts'
import { closeDialog, openDialog } from './dialogs.store.ts'
import { navigate } from './location.ts'
import { useSession } from './session.store.ts'

interface KeySeen {
  connectionId: ConnectionId
  label: string
  address: string
  fingerprint256: string
  expected256: string
  keyType: string
  isChanged: boolean
}

/**
 * Runs `work`; an unknown host key is shown, and after its confirmation `work` runs again. A chain of jump hosts may
 * ask once for each. Rejects as `work` does, or `cancelled` when the key is not confirmed.
 */
export async function withHostKey<T>(client: Client, work: () => Promise<T>): Promise<T> {
  for (let hops = 0; ; hops += 1) {
    try {
      return await work()
    } catch (thrown) {
      const seen = isAppError(thrown) ? keyOf(thrown) : null
      if (!seen || hops > 8) throw thrown
      if (seen.isChanged) {
        openDialog(<ChangedKey seen={seen} />)
        throw thrown
      }
      await new Promise<void>((resolve, reject) =>
        openDialog(<FirstKey client={client} seen={seen} onConfirmed={resolve} onRefused={() => reject(cancelled('The host key was not confirmed.'))} />),
      )
    }
  }
}

function keyOf(error: AppError): KeySeen | null {
  const { detail, target } = error
  if (detail?.kind !== 'ssh' || !detail.fingerprint256 || !target?.connectionId) return null
  if (detail.stage !== 'host-key' && detail.stage !== 'host-key-changed') return null
  const connectionId = target.connectionId as ConnectionId
  const known = useSession.getState().sites?.flatMap((site) => site.connections).find((one) => one.id === connectionId)
  return {
    connectionId,
    label: known?.label ?? 'this host',
    address: target.endpoint ?? '',
    fingerprint256: detail.fingerprint256,
    expected256: detail.expected256 ?? '',
    keyType: detail.keyType ?? '',
    isChanged: detail.stage === 'host-key-changed',
  }
}

function FirstKey(props: { client: Client; seen: KeySeen; onConfirmed(): void; onRefused(): void }) {
  const { client, seen } = props
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const refuse = (): void => {
    closeDialog()
    props.onRefused()
  }
  const confirm = async (): Promise<void> => {
    setBusy(true)
    try {
      await client.sites.confirmHostKey({ connectionId: seen.connectionId, fingerprint256: seen.fingerprint256 })
      closeDialog()
      props.onConfirmed()
    } catch (thrown) {
      setError(toAppError(thrown))
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={refuse} title={`First connection to ${seen.label}`} size="lg" closeOnClickOutside={false}>
      <Stack>
        <Group wrap="nowrap" align="flex-start">
          <IconShieldQuestion size={30} color="var(--health-warning)" aria-hidden style={{ flex: 'none' }} />
          <Text size="sm">
            Meridian has not met this server yet. Nothing was sent to it so far. Compare its host key with the one on the
            server itself, then confirm it; from then on any other key is refused.
          </Text>
        </Group>
        <KeyTable rows={[['Server', seen.address], ['Key type', seen.keyType], ['Fingerprint', seen.fingerprint256]]} />
        <Text size="xs" c="var(--text-dim)">
          On the server: <code>ssh-keygen -lf /etc/ssh/{keyFile(seen.keyType)}</code>
        </Text>
        {error ? <ErrorNotice error={error} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={refuse} data-autofocus>
            Do not connect
          </Button>
          <Button onClick={() => void confirm()} loading={isBusy}>
            The key is right: connect
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/** No way past it from here: only removing the old key on purpose lets the new one in. */
function ChangedKey({ seen }: { seen: KeySeen }) {
  return (
    <Modal opened onClose={closeDialog} title={`${seen.label}: the host key has changed`} size="lg">
      <Stack>
        <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden />} title="Not connected; no credential was sent">
          Somebody may be between you and the server, or it was installed anew. Ask who runs the server before you do
          anything else.
        </Alert>
        <KeyTable rows={[['Server', seen.address], ['Confirmed key', seen.expected256], ['Key shown now', seen.fingerprint256], ['Key type', seen.keyType]]} />
        <Text size="sm">
          Only if the new key is right: remove the old one under Connections → {seen.label} → Edit → Host key, then
          connect and compare again.
        </Text>
        <Group justify="flex-end">
          <Button
            variant="default"
            onClick={() => {
              closeDialog()
              navigate('/connections')
            }}
          >
            Go to Connections
          </Button>
          <Button onClick={closeDialog} data-autofocus>
            Close
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function KeyTable({ rows }: { rows: Array<[string, string]> }) {
  return (
    <Table withRowBorders={false} verticalSpacing={3}>
      <Table.Tbody>
        {rows.filter(([, value]) => value !== '').map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" w={130}>
              {name}
            </Table.Th>
            <Table.Td style={{ fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13, overflowWrap: 'anywhere' }}>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

const keyFile = (keyType: string): string =>
  keyType.includes('ed25519') ? 'ssh_host_ed25519_key.pub' : keyType.includes('ecdsa') ? 'ssh_host_ecdsa_key.pub' : 'ssh_host_rsa_key.pub'
