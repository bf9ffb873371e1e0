// Sites and their connections: add, edit, test, duplicate, remove, import and export. Secrets are typed here, go
// to the core once, and are never shown again.
import { ActionIcon, Badge, Button, Card, FileButton, Group, Menu, Modal, Stack, Switch, Text, TextInput, Title } from '@mantine/core'
import { IconCopy, IconDots, IconDownload, IconPencil, IconPlugConnected, IconPlus, IconTestPipe, IconTrash, IconUpload } from '@tabler/icons-react'
import { useEffect, useState, type ReactNode } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { navigate, usePlace } from '#client/location.ts'
import { chooseSite, useSession } from '#client/session.store.ts'
import type { AppError } from '#shared/errors.ts'
import type { Connection, ConnectionKind, Site } from '#shared/model/connection.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { downloadText } from '#ui/download.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { kindNames } from './connection-form.ts'
import { ConnectionEditor } from './ConnectionEditor.tsx'
import { ConnectionTest } from './ConnectionTest.tsx'
import { RemoveSite } from './RemoveSite.tsx'

type Dialog =
  | { open: 'edit'; site: Site; connection: Connection | null; kind: ConnectionKind }
  | { open: 'test'; connection: Connection }
  | { open: 'remove'; site: Site }
  | null

export default function ConnectionsScreen() {
  const client = useClient()
  const sites = useSession((state) => state.sites)
  const { query } = usePlace()
  const wantsNewSite = query.get('new') === 'site'
  const wanted = query.get('edit')
  const [dialog, setDialog] = useState<Dialog>(null)
  const [error, setError] = useState<AppError | null>(null)
  // A link of another screen may ask for one connection's editor; it is asked once.
  useEffect(() => {
    if (!wanted || !sites) return
    navigate('/connections', {}, { replace: true })
    const site = sites.find((item) => item.connections.some((connection) => connection.id === wanted))
    const connection = site?.connections.find((item) => item.id === wanted)
    if (site && connection && !site.isDemo) setDialog({ open: 'edit', site, connection, kind: connection.settings.kind })
  }, [wanted, sites])
  const attempt = (work: Promise<unknown>): void => void work.then(() => setError(null), (thrown: unknown) => setError(toAppError(thrown)))
  const importSite = async (file: File | null): Promise<void> => {
    if (file) attempt(file.text().then((text) => client.sites.importSite({ text })).then((site) => chooseSite(client, site.id)))
  }
  return (
    <div className="screen">
      <div className="screen-head">
        <h1>Connections</h1>
        <Group ml="auto" gap="xs">
          <FileButton accept="application/json,.json" onChange={(file) => void importSite(file)}>
            {(props) => (
              <Button {...props} variant="default" leftSection={<IconUpload size={16} />}>
                Import a site
              </Button>
            )}
          </FileButton>
          <Button leftSection={<IconPlus size={16} />} onClick={() => navigate('/connections', { new: 'site' })}>
            New site
          </Button>
        </Group>
      </div>
      <div className="screen-body">
        <Stack>
          {error ? <ErrorNotice error={error} onClose={() => setError(null)} /> : null}
          {sites?.length === 0 ? (
            <EmptyState icon={<IconPlugConnected size={40} />} title="No site yet" action={<Button onClick={() => navigate('/connections', { new: 'site' })}>Make a site</Button>}>
              A site is one lab: its hypervisors, clusters, databases and backup servers. Make one, then connect its systems.
            </EmptyState>
          ) : null}
          {sites?.map((site) => (
            <SiteCard key={site.id} site={site} attempt={attempt} setDialog={setDialog} />
          ))}
        </Stack>
      </div>
      {wantsNewSite ? <NewSite onClose={() => navigate('/connections')} /> : null}
      {dialog?.open === 'edit' ? <ConnectionEditor {...dialog} onClose={() => setDialog(null)} /> : null}
      {dialog?.open === 'test' ? (
        <Modal opened onClose={() => setDialog(null)} title={`Test ${dialog.connection.label}`} size="lg">
          <ConnectionTest connectionId={dialog.connection.id} />
        </Modal>
      ) : null}
      {dialog?.open === 'remove' ? <RemoveSite site={dialog.site} onClose={() => setDialog(null)} /> : null}
    </div>
  )
}

interface CardProps {
  site: Site
  attempt(work: Promise<unknown>): void
  setDialog(dialog: Dialog): void
}

function SiteCard({ site, attempt, setDialog }: CardProps) {
  const client = useClient()
  const [isRenaming, setRenaming] = useState(false)
  const exportSite = (): void =>
    attempt(client.sites.exportSite({ siteId: site.id }).then(({ filename, text }) => downloadText(text, filename, 'application/json')))
  return (
    <Card withBorder padding="lg" bg="var(--surface-raised)" component="section" aria-label={`Site ${site.name}`}>
      <Group justify="space-between" mb="sm">
        <Group gap="sm">
          <Title order={2} size="h4">
            {site.name}
          </Title>
          {site.isDemo ? <Badge variant="light" color="yellow" c="var(--accent-star)" style={{ textTransform: 'none' }}>Demo lab</Badge> : null}
          <Switch
            size="xs"
            label="Read-only"
            checked={site.isReadOnly}
            onChange={(event) => attempt(client.sites.update({ siteId: site.id, isReadOnly: event.currentTarget.checked }))}
          />
        </Group>
        <Group gap="xs">
          <AddConnection site={site} setDialog={setDialog} />
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="default" size="lg" aria-label={`More for ${site.name}`}>
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconPencil size={15} />} onClick={() => setRenaming(true)}>
                Rename
              </Menu.Item>
              <Menu.Item leftSection={<IconCopy size={15} />} onClick={() => attempt(client.sites.duplicate({ siteId: site.id }))}>
                Duplicate
              </Menu.Item>
              <Menu.Item leftSection={<IconDownload size={15} />} onClick={exportSite}>
                Export without secrets
              </Menu.Item>
              <Menu.Divider />
              <Menu.Item color="red" leftSection={<IconTrash size={15} />} onClick={() => setDialog({ open: 'remove', site })}>
                Remove…
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
      </Group>
      {site.connections.length === 0 ? <Text size="sm" c="var(--text-dim)">Nothing is connected yet. Start with Proxmox VE: it shows the hardware and the guests.</Text> : null}
      <Stack gap={4}>
        {site.connections.map((connection) => (
          <ConnectionRow key={connection.id} site={site} connection={connection} attempt={attempt} setDialog={setDialog} />
        ))}
      </Stack>
      {isRenaming ? <RenameSite site={site} onClose={() => setRenaming(false)} /> : null}
    </Card>
  )
}

function AddConnection({ site, setDialog }: { site: Site; setDialog: CardProps['setDialog'] }) {
  const reason = site.isDemo ? 'The demo lab brings its own connections. Make a site of your own to add more.' : null
  if (reason) return <ActionButton variant="default" leftSection={<IconPlus size={16} />} disabledReason={reason}>Add a connection</ActionButton>
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" leftSection={<IconPlus size={16} />}>
          Add a connection
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(Object.keys(kindNames) as ConnectionKind[]).map((kind) => (
          <Menu.Item key={kind} onClick={() => setDialog({ open: 'edit', site, connection: null, kind })}>
            {kindNames[kind]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function addressOf(connection: Connection): string {
  const { settings } = connection
  switch (settings.kind) {
    case 'proxmox':
    case 'pbs':
      return settings.url
    case 'kubernetes':
      return `${settings.server} · ${settings.context}`
    case 'postgres':
      return `${settings.user}@${settings.host}:${settings.port}/${settings.database}`
    case 'ssh':
      return `${settings.user}@${settings.host}:${settings.port}`
    case 's3':
      return `${settings.url} · ${settings.bucket}${settings.prefix ? `/${settings.prefix}` : ''}`
  }
}

function ConnectionRow({ site, connection, attempt, setDialog }: CardProps & { connection: Connection }) {
  const client = useClient()
  const item = (label: string, icon: ReactNode, run: () => void, isRed = false): ReactNode => (
    <Menu.Item leftSection={icon} onClick={run} disabled={site.isDemo} {...(isRed ? { color: 'red' } : {})}>
      {label}
    </Menu.Item>
  )
  const edit = (): void => setDialog({ open: 'edit', site, connection, kind: connection.settings.kind })
  return (
    <Group gap="sm" wrap="nowrap" py={6} style={{ borderTop: '1px solid var(--line)' }}>
      <Text size="sm" fw={600} w={230} truncate title={connection.label} style={{ flexShrink: 0 }}>
        {connection.label}
      </Text>
      <Text size="sm" c="var(--text-dim)" w={170} style={{ flexShrink: 0 }}>
        {kindNames[connection.settings.kind]}
      </Text>
      <Text size="sm" ff="monospace" truncate style={{ flex: 1 }} title={addressOf(connection)}>
        {addressOf(connection)}
      </Text>
      {connection.storedSecrets.length === 0 && needsSecret(connection) ? <Badge color="yellow" variant="light" style={{ textTransform: 'none' }}>Needs its credential</Badge> : null}
      <Button size="xs" variant="default" leftSection={<IconTestPipe size={14} />} onClick={() => setDialog({ open: 'test', connection })} aria-label={`Test ${connection.label}`}>
        Test
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`More for ${connection.label}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {site.isDemo ? <Menu.Label>The demo lab keeps these itself</Menu.Label> : null}
          {item('Edit', <IconPencil size={15} />, edit)}
          {item('Duplicate', <IconCopy size={15} />, () => attempt(client.sites.duplicateConnection({ connectionId: connection.id })))}
          {item('Remove', <IconTrash size={15} />, () => attempt(client.sites.removeConnection({ connectionId: connection.id })), true)}
        </Menu.Dropdown>
      </Menu>
    </Group>
  )
}

const needsSecret = ({ settings }: Connection): boolean => !(settings.kind === 'ssh' && settings.auth === 'agent')

function NewSite({ onClose }: { onClose: () => void }) {
  const client = useClient()
  return (
    <NameDialog
      title="New site"
      action="Make the site"
      initial=""
      onClose={onClose}
      onSubmit={async (name) => {
        const site = await client.sites.create({ name })
        chooseSite(client, site.id)
      }}
    />
  )
}

function RenameSite({ site, onClose }: { site: Site; onClose: () => void }) {
  const client = useClient()
  return <NameDialog title="Rename the site" action="Rename" initial={site.name} onClose={onClose} onSubmit={async (name) => void (await client.sites.update({ siteId: site.id, name }))} />
}

interface NameDialogProps {
  title: string
  action: string
  initial: string
  onClose(): void
  onSubmit(name: string): Promise<void>
}

function NameDialog(props: NameDialogProps) {
  const [name, setName] = useState(props.initial)
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const submit = async (): Promise<void> => {
    setBusy(true)
    try {
      await props.onSubmit(name.trim())
      props.onClose()
    } catch (thrown) {
      setError(toAppError(thrown))
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={props.onClose} title={props.title}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <Stack>
          <TextInput label="Name" placeholder="Radio lab" value={name} onChange={(event) => setName(event.currentTarget.value)} data-autofocus maxLength={100} />
          {error ? <ErrorNotice error={error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={props.onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy} disabled={name.trim() === ''}>
              {props.action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
