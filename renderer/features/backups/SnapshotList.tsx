// The backups of one group, newest first, with their actions. Read from what is kept, so it works offline too.
import { ActionIcon, Group, Menu, Text } from '@mantine/core'
import { IconCut, IconDots, IconLock, IconLockOpen, IconNotes, IconShieldCheck, IconTrash, IconX } from '@tabler/icons-react'
import { useEffect, useState, type ReactNode } from 'react'
import { attempt } from '#client/attempt.ts'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { navigate } from '#client/location.ts'
import type { BackupState, GroupName, GroupView, SnapshotView } from '#shared/contracts/backups.ts'
import type { AppError } from '#shared/errors.ts'
import type { Site } from '#shared/model/connection.ts'
import { formatBytes } from '#shared/model/quantities.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { groupTitle, momentText, obstacle } from './backup-words.ts'
import { VerificationMark } from './GroupsTab.tsx'
import { ForgetDialog, NotesDialog, PruneDialog, timeText } from './SnapshotDialogs.tsx'
import { VerifyDialog } from './VerifyDialog.tsx'

interface ListProps {
  site: Site
  state: BackupState
  group: GroupView
  onClose(): void
}

export function SnapshotList({ site, state, group: view, onClose }: ListProps) {
  const client = useClient()
  const [snapshots, setSnapshots] = useState<SnapshotView[] | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  const { connectionId, store, namespace, type, backupId } = view
  useEffect(() => {
    const leaving = new AbortController()
    client.backups.snapshots({ siteId: site.id, group: { connectionId, store, namespace, type, backupId } }, { signal: leaving.signal }).then(
      (list) => setSnapshots(list),
      (thrown: unknown) => leaving.signal.aborted || setError(toAppError(thrown)),
    )
    return () => leaving.abort()
    // Read again with every new picture: a task may have changed one of them.
  }, [client, site.id, connectionId, store, namespace, type, backupId, state.atMs])
  const group: GroupName = { connectionId, store, namespace, type, backupId }
  const source = state.sources.find((it) => it.connectionId === connectionId)
  const datastore = state.datastores.find((it) => it.connectionId === connectionId && it.store === store)
  const may = (...need: string[]): string | null => obstacle(site, source, { rights: datastore?.rights ?? null, need })
  const named = { connectionId, store, namespaces: datastore?.namespaces ?? [] }
  const verify = (backupTime?: number): void =>
    openDialog(<VerifyDialog site={site} store={named} group={group} {...(backupTime === undefined ? {} : { backupTime })} />)
  return (
    <aside className="backups-aside backups-aside-wide" aria-label={`Backups of ${groupTitle(group)}`}>
      <div className="aside-head">
        <Text fw={650}>{groupTitle(group)}</Text>
        {view.ofEntityId ? (
          <button className="plain-link" onClick={() => navigate('/backups', { tab: 'coverage', entity: view.ofEntityId! })}>
            {view.ofName}
          </button>
        ) : null}
        <ActionIcon ml="auto" variant="subtle" color="gray" aria-label="Close the backups" onClick={onClose}>
          <IconX size={16} />
        </ActionIcon>
      </div>
      <Group gap="xs" px="md" pb="xs">
        <ActionButton size="xs" variant="default" leftSection={<IconShieldCheck size={15} aria-hidden />} disabledReason={may('Datastore.Verify', 'Datastore.Backup')} onClick={() => verify()}>
          Verify group…
        </ActionButton>
        <ActionButton size="xs" variant="default" leftSection={<IconCut size={15} aria-hidden />} disabledReason={may('Datastore.Modify', 'Datastore.Prune')} onClick={() => openDialog(<PruneDialog site={site} group={group} />)}>
          Prune…
        </ActionButton>
      </Group>
      {error ? <ErrorNotice error={error} /> : null}
      <ul className="snapshots" aria-label="Backups" tabIndex={0}>
        {(snapshots ?? []).map((snapshot) => (
          <li key={snapshot.backupTime} className="snapshot">
            <div className="snapshot-line">
              <strong>{timeText(snapshot.backupTime)}</strong>
              {snapshot.isRunning ? <span className="kbd-hint">running</span> : <VerificationMark state={snapshot.verification} />}
              {snapshot.isProtected ? <IconLock size={14} aria-label="Protected" role="img" /> : null}
              <SnapshotMenu
                site={site}
                group={group}
                snapshot={snapshot}
                verify={verify}
                mayVerify={may('Datastore.Verify', 'Datastore.Backup')}
                mayChange={may('Datastore.Modify', 'Datastore.Backup')}
                mayForget={snapshot.isProtected ? 'It is protected: take the protection off first.' : may('Datastore.Modify', 'Datastore.Prune')}
              />
            </div>
            <div className="kbd-hint" title={snapshot.files.map((file) => file.name).join('\n')}>
              {formatBytes(snapshot.sizeBytes)} · {encryptionWords[snapshot.encryption]} · {snapshot.owner}
              {snapshot.verifiedAtMs === null ? '' : ` · verified ${momentText(snapshot.verifiedAtMs)}`}
            </div>
            {snapshot.comment ? <div className="snapshot-notes">{snapshot.comment}</div> : null}
          </li>
        ))}
      </ul>
    </aside>
  )
}

const encryptionWords: Record<SnapshotView['encryption'], string> = {
  none: 'not encrypted',
  'sign-only': 'signed',
  encrypt: 'encrypted',
  mixed: 'partly encrypted',
  unknown: 'encryption not known',
}

interface MenuProps {
  site: Site
  group: GroupName
  snapshot: SnapshotView
  verify(backupTime: number): void
  mayVerify: string | null
  mayChange: string | null
  mayForget: string | null
}

function SnapshotMenu({ site, group, snapshot, verify, mayVerify, mayChange, mayForget }: MenuProps) {
  const client = useClient()
  const { backupTime, isProtected } = snapshot
  const item = (title: string, icon: ReactNode, reason: string | null, run: () => void, isDangerous = false): ReactNode => (
    <Menu.Item leftSection={icon} color={isDangerous ? 'red' : undefined} aria-disabled={reason ? true : undefined} data-disabled={reason ? true : undefined} title={reason ?? undefined} onClick={reason ? undefined : run}>
      {title}
    </Menu.Item>
  )
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon ml="auto" size="sm" variant="subtle" color="gray" aria-label={`Actions for the backup of ${timeText(backupTime)}`}>
          <IconDots size={15} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {item('Verify…', <IconShieldCheck size={15} aria-hidden />, mayVerify, () => verify(backupTime))}
        {item(isProtected ? 'Take protection off' : 'Protect', isProtected ? <IconLockOpen size={15} aria-hidden /> : <IconLock size={15} aria-hidden />, mayChange, () =>
          void attempt('The protection could not be changed', client.backups.protect({ siteId: site.id, group, backupTime, isProtected: !isProtected })),
        )}
        {item('Edit notes…', <IconNotes size={15} aria-hidden />, mayChange, () => openDialog(<NotesDialog site={site} group={group} backupTime={backupTime} />))}
        <Menu.Divider />
        {item('Forget…', <IconTrash size={15} aria-hidden />, mayForget, () => openDialog(<ForgetDialog site={site} group={group} backupTime={backupTime} />), true)}
      </Menu.Dropdown>
    </Menu>
  )
}
