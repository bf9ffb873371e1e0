// Starts a verification of a datastore, a namespace, a group or one backup. The task drawer shows how it goes.
import { Select, Switch, Text } from '@mantine/core'
import { useState } from 'react'
import { useClient } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import type { DatastoreView, GroupName } from '#shared/contracts/backups.ts'
import type { Site } from '#shared/model/connection.ts'
import { ConfirmDialog } from '#ui/ConfirmDialog.tsx'
import { groupTitle, momentText } from './backup-words.ts'
import { showTasks } from './show-tasks.ts'

const everything = '*'

export function VerifyDialog(props: { site: Site; store: Pick<DatastoreView, 'connectionId' | 'store' | 'namespaces'>; group?: GroupName; backupTime?: number }) {
  const { site, store, group, backupTime } = props
  const client = useClient()
  const [namespace, setNamespace] = useState(everything)
  const [isAgain, setAgain] = useState(backupTime !== undefined)
  const what = group ? `${groupTitle(group)}${backupTime === undefined ? '' : ` of ${momentText(backupTime * 1000)}`}` : store.store
  return (
    <ConfirmDialog
      title={`Verify ${what}`}
      confirmLabel="Verify"
      onConfirm={() =>
        showTasks(
          client.backups.verify({
            siteId: site.id,
            connectionId: store.connectionId,
            store: store.store,
            isAgain,
            ...(group ? { group } : namespace === everything ? {} : { namespace }),
            ...(backupTime === undefined ? {} : { backupTime }),
          }),
        )
      }
      onClose={closeDialog}
    >
      <Text size="sm" mb="sm">
        The server reads every chunk of the backups and compares it with its checksum. Nothing is changed; it keeps the
        disks busy while it runs.
      </Text>
      {group ? null : (
        <Select
          label="What"
          allowDeselect={false}
          mb="sm"
          data={[{ value: everything, label: 'The whole datastore' }, ...store.namespaces.map(({ name }) => ({ value: name, label: name === '' ? 'The root namespace' : `Namespace ${name}` }))]}
          value={namespace}
          onChange={(value) => setNamespace(value ?? everything)}
        />
      )}
      <Switch label="Also what was verified before" checked={isAgain} onChange={(event) => setAgain(event.currentTarget.checked)} />
    </ConfirmDialog>
  )
}
