// What can be done with one object, with the reason where it cannot: by its kind, by what this identity may, and by
// whether the site takes changes now.
import {
  IconArrowsVertical, IconEdit, IconFileText, IconPlayerPause, IconPlayerPlay, IconRefresh, IconTerminal2, IconTransfer, IconTrash, IconDroplet, IconLock, IconLockOpen,
} from '@tabler/icons-react'
import type { Client } from '#client/client.ts'
import { openConsole } from '#client/console-link.ts'
import { openDialog, closeDialog } from '#client/dialogs.store.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { KubeAction, KubeObjectPage } from '#shared/model/kubernetes.ts'
import { ConfirmDialog } from '#ui/ConfirmDialog.tsx'
import type { EntityAction } from '#ui/EntityActions.tsx'
import { DeleteDialog } from './DeleteDialog.tsx'
import { DrainDialog } from './DrainDialog.tsx'
import { EditDialog } from './EditDialog.tsx'
import { ForwardDialog } from './ForwardDialog.tsx'
import { openLogs } from './logs.store.ts'
import { ScaleDialog } from './ScaleDialog.tsx'
import { tell } from './tell.ts'

interface ActionsOf {
  client: Client
  connectionId: ConnectionId
  object: KubeObjectPage
  /** Why nothing can be changed through this connection now; null when it can. */
  obstacle: string | null
}

export function objectActions({ client, connectionId, object, obstacle }: ActionsOf): EntityAction[] {
  const { ref, rights, kind } = object
  const { namespace, name } = ref
  const ask = { connectionId, ref }
  const offered = (action: KubeAction): boolean => action in rights
  const isStill = kind === 'Pod' && !object.containers.some((container) => container.state.startsWith('running'))
  const stateReason = (action: KubeAction): string | null => (isStill && (action === 'exec' || action === 'forward') ? 'No container of it runs now.' : null)
  const reason = (action: KubeAction, isWrite = true): string | null => (isWrite ? obstacle : null) ?? rights[action] ?? stateReason(action)
  const actions: EntityAction[] = []
  const add = (action: KubeAction, entry: Omit<EntityAction, 'id' | 'disabledReason'>, isWrite = true): void => {
    if (offered(action)) actions.push({ ...entry, id: `kubernetes ${action}`, disabledReason: reason(action, isWrite) })
  }
  if (namespace !== null)
    add('logs', {
      title: 'Logs',
      icon: IconFileText,
      group: 'Look',
      isPrimary: true,
      run: () => openLogs(client, { connectionId, namespace, title: `${kind} ${name}`, of: kind === 'Pod' ? { pods: [name] } : { workload: ref } }),
    }, false)
  if (namespace !== null)
    add('exec', {
      title: 'Shell',
      icon: IconTerminal2,
      group: 'Look',
      isPrimary: true,
      run: () => openConsole({ connectionId, target: { kind: 'pod', namespace, pod: name }, label: name }),
    }, false)
  add('forward', { title: 'Forward a port', icon: IconTransfer, group: 'Look', isPrimary: kind === 'Service', run: () => openDialog(<ForwardDialog connectionId={connectionId} object={object} />) }, false)
  add('scale', { title: 'Scale', icon: IconArrowsVertical, group: 'Change', isPrimary: true, run: () => openDialog(<ScaleDialog connectionId={connectionId} object={object} />) })
  add('restart', {
    title: 'Restart',
    icon: IconRefresh,
    group: 'Change',
    isPrimary: true,
    run: () =>
      openDialog(
        <ConfirmDialog title={`Restart ${name}?`} confirmLabel={`Restart ${name}`} onClose={closeDialog} onConfirm={() => client.kubernetes.restart(ask).then(tell)}>
          New pods take the place of the {object.replicas ?? 'running'} old ones, a few at a time, so that it goes on
          serving where it has more than one.
        </ConfirmDialog>,
      ),
  })
  add('trigger', {
    title: 'Run now',
    icon: IconPlayerPlay,
    group: 'Change',
    isPrimary: true,
    run: () =>
      openDialog(
        <ConfirmDialog title={`Run ${name} now?`} confirmLabel="Run it now" onClose={closeDialog} onConfirm={() => client.kubernetes.trigger(ask).then(tell)}>
          A job of its template is started, beside those of its schedule.
        </ConfirmDialog>,
      ),
  })
  if (object.isSuspended !== null) {
    const isSuspended = !object.isSuspended
    add('suspend', {
      title: isSuspended ? 'Suspend' : 'Resume',
      icon: isSuspended ? IconPlayerPause : IconPlayerPlay,
      group: 'Change',
      run: () =>
        openDialog(
          <ConfirmDialog title={`${isSuspended ? 'Suspend' : 'Resume'} ${name}?`} confirmLabel={isSuspended ? 'Suspend' : 'Resume'} onClose={closeDialog} onConfirm={() => client.kubernetes.suspend({ ...ask, isSuspended }).then(tell)}>
            {suspendWords(kind, isSuspended)}
          </ConfirmDialog>,
        ),
    })
  }
  if (object.isCordoned !== null) {
    const isCordoned = !object.isCordoned
    add('cordon', {
      title: isCordoned ? 'Cordon' : 'Uncordon',
      icon: isCordoned ? IconLock : IconLockOpen,
      group: 'Change',
      isPrimary: true,
      run: () =>
        openDialog(
          <ConfirmDialog title={`${isCordoned ? 'Cordon' : 'Uncordon'} ${name}?`} confirmLabel={isCordoned ? 'Cordon' : 'Uncordon'} onClose={closeDialog} onConfirm={() => client.kubernetes.cordon({ ...ask, isCordoned }).then(tell)}>
            {isCordoned ? 'No new pods are placed on it. Those that run go on.' : 'New pods may be placed on it again.'}
          </ConfirmDialog>,
        ),
    })
    add('drain', { title: 'Drain', icon: IconDroplet, group: 'Change', isPrimary: true, isDangerous: true, run: () => openDialog(<DrainDialog connectionId={connectionId} objectRef={ref} />) })
  }
  add('edit', { title: 'Edit YAML', icon: IconEdit, group: 'Change', run: () => openDialog(<EditDialog connectionId={connectionId} object={object} />) })
  add('delete', { title: 'Delete', icon: IconTrash, group: 'Remove', isDangerous: true, run: () => openDialog(<DeleteDialog connectionId={connectionId} object={object} />) })
  return actions
}

function suspendWords(kind: string, isSuspended: boolean): string {
  if (kind === 'CronJob') return isSuspended ? 'It starts no new jobs until it is resumed. Jobs that run go on.' : 'Its schedule counts again.'
  return isSuspended ? 'Its pods are ended, and come back when it is resumed. What they hold only in memory is lost.' : 'Its pods are started again.'
}
