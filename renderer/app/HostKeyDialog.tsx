// Draws the question about a host key: confirm the first one, or learn that it has changed, which nothing here gets past.
import { Alert, Button, Group, Modal, Stack, Table, Text } from '@mantine/core'
import { IconAlertTriangle, IconShieldQuestion } from '@tabler/icons-react'
import { useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useHostKey, type HostKeyQuestion } from '#client/host-key.store.ts'
import { navigate } from '#client/location.ts'
import type { AppError } from '#shared/errors.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'

export function HostKeyDialog() {
  const question = useHostKey((state) => state.question)
  if (!question) return null
  const Dialog = question.seen.isChanged ? ChangedKey : FirstKey
  return <Dialog key={question.seen.connectionId} question={question} />
}

function FirstKey({ question: { seen, confirm, close } }: { question: HostKeyQuestion }) {
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const accept = async (): Promise<void> => {
    setBusy(true)
    try {
      await confirm()
    } catch (thrown) {
      setError(toAppError(thrown))
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={close} title={`First connection to ${seen.label}`} size="lg" closeOnClickOutside={false}>
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
          <Button variant="default" onClick={close} data-autofocus>
            Do not connect
          </Button>
          <Button onClick={() => void accept()} loading={isBusy}>
            The key is right: connect
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/** No way past it from here: only removing the old key on purpose lets the new one in. */
function ChangedKey({ question: { seen, close } }: { question: HostKeyQuestion }) {
  return (
    <Modal opened onClose={close} title={`${seen.label}: the host key has changed`} size="lg">
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
              close()
              navigate('/connections')
            }}
          >
            Go to Connections
          </Button>
          <Button onClick={close} data-autofocus>
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
