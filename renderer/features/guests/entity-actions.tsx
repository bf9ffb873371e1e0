// What can be done with guests, nodes and storages of Proxmox VE, offered on the map, in the tables and in the palette.
import {
  IconArchive, IconArrowsExchange, IconCamera, IconChartLine, IconCopy, IconHistory, IconMoon, IconPlayerPause,
  IconPlayerPlay, IconPlayerSkipForward, IconPlayerStop, IconPower, IconRefresh, IconRotateClockwise, IconSettings, type Icon,
} from '@tabler/icons-react'
import { openDialog } from '#client/dialogs.store.ts'
import type { ActionContext, EntityActionProvider } from '#client/entity-actions.store.ts'
import { navigate } from '#client/location.ts'
import type { InterruptAction, PowerAction } from '#shared/contracts/guests.ts'
import type { Entity } from '#shared/model/inventory.ts'
import type { EntityAction } from '#ui/EntityActions.tsx'
import { BackupDialog } from './BackupDialog.tsx'
import { BulkDialog, type BulkVerb } from './BulkDialog.tsx'
import { CloneDialog } from './CloneDialog.tsx'
import { runPower, verbWords } from './guest-commands.ts'
import { guestObstacle, type GuestVerb } from './guest-obstacles.ts'
import { guestRefOf, isContainer, isTemplate, runStateOf } from './guest-ref.ts'
import { MigrateDialog } from './MigrateDialog.tsx'
import { ConfirmPower, InterruptDialog } from './PowerDialogs.tsx'
import { TakeSnapshotDialog } from './SnapshotDialogs.tsx'

export const guestActions: EntityActionProvider = (selection, context) => {
  const [first] = selection
  if (!first) return []
  if (selection.length > 1) return selection.every((entity) => guestRefOf(entity)) ? bulkActions(selection, context) : []
  if (guestRefOf(first)) return singleActions(first, context)
  return first.kind === 'node' || first.kind === 'storage' ? [pageAction(first)] : []
}

/** The address of the page of one machine. */
export const machinePath = (kind: Entity['kind']): string => (kind === 'guest' ? '/guest' : kind === 'node' ? '/node' : '/storage')

const pageAction = (entity: Entity): EntityAction => ({
  id: 'machine-open',
  title: entity.kind === 'guest' ? 'Open' : 'Performance',
  icon: IconChartLine,
  group: 'Details',
  isPrimary: true,
  run: () => navigate(machinePath(entity.kind), { entity: entity.id }),
})

function singleActions(guest: Entity, context: ActionContext): EntityAction[] {
  const { client } = context
  const isUp = ['running', 'paused'].includes(runStateOf(guest))
  const action = (verb: GuestVerb, title: string, icon: Icon, group: string, run: () => void, more: Partial<EntityAction> = {}): EntityAction => ({
    id: `guest-${verb}`,
    title,
    icon,
    group,
    run,
    disabledReason: guestObstacle(guest, verb, context),
    ...more,
  })
  const power = (verb: PowerAction, icon: Icon, more: Partial<EntityAction> = {}): EntityAction =>
    action(verb, verbWords[verb].title, icon, 'Power', () => runPower(client, guest, verb), more)
  const asked = (verb: PowerAction, icon: Icon, more: Partial<EntityAction> = {}): EntityAction =>
    action(verb, `${verbWords[verb].title}…`, icon, 'Power', () => openDialog(<ConfirmPower guest={guest} action={verb} />), more)
  const interrupt = (verb: InterruptAction, icon: Icon): EntityAction =>
    action(verb, `${verbWords[verb].title}…`, icon, 'Power', () => openDialog(<InterruptDialog guest={guest} action={verb} />), { isDangerous: true })
  const page = (tab: string) => () => navigate('/guest', { entity: guest.id, tab })
  const isVm = !isContainer(guest)
  return [
    pageAction(guest),
    ...(isTemplate(guest)
      ? []
      : [
          power('start', IconPlayerPlay, { isPrimary: !isUp }),
          asked('shutdown', IconPower, { isPrimary: isUp }),
          asked('reboot', IconRefresh),
          power('suspend', IconPlayerPause),
          ...(isVm ? [asked('hibernate', IconMoon)] : []),
          power('resume', IconPlayerSkipForward),
          interrupt('stop', IconPlayerStop),
          ...(isVm ? [interrupt('reset', IconRotateClockwise)] : []),
          action('snapshot', 'Take a snapshot…', IconCamera, 'Snapshots', () => openDialog(<TakeSnapshotDialog guest={guest} />)),
          { id: 'guest-snapshots', title: 'Snapshots', icon: IconHistory, group: 'Snapshots', run: page('snapshots') },
        ]),
    action('migrate', 'Migrate…', IconArrowsExchange, 'Move and copy', () => openDialog(<MigrateDialog guest={guest} />)),
    action('clone', 'Clone…', IconCopy, 'Move and copy', () => openDialog(<CloneDialog guest={guest} />)),
    action('backup', 'Back up now…', IconArchive, 'Protection', () => openDialog(<BackupDialog guest={guest} />)),
    { id: 'guest-config', title: 'Configuration', icon: IconSettings, group: 'Configuration', run: page('configuration') },
  ]
}

const bulkVerbs: ReadonlyArray<{ verb: BulkVerb; title: string; icon: Icon; group: string; isPrimary?: boolean; isDangerous?: boolean }> = [
  { verb: 'start', title: 'Start', icon: IconPlayerPlay, group: 'Power', isPrimary: true },
  { verb: 'shutdown', title: 'Shut down', icon: IconPower, group: 'Power', isPrimary: true },
  { verb: 'reboot', title: 'Reboot', icon: IconRefresh, group: 'Power' },
  { verb: 'suspend', title: 'Pause', icon: IconPlayerPause, group: 'Power' },
  { verb: 'resume', title: 'Resume', icon: IconPlayerSkipForward, group: 'Power' },
  { verb: 'stop', title: 'Stop', icon: IconPlayerStop, group: 'Power', isDangerous: true },
  { verb: 'snapshot', title: 'Take snapshots', icon: IconCamera, group: 'Snapshots' },
  { verb: 'backup', title: 'Back up now', icon: IconArchive, group: 'Protection' },
  { verb: 'migrate', title: 'Migrate', icon: IconArrowsExchange, group: 'Move' },
]

/** Greyed only when it fits none of them; the dialog says which it leaves out, and why. */
function bulkActions(guests: readonly Entity[], context: ActionContext): EntityAction[] {
  return bulkVerbs.map(({ verb, title, ...rest }) => {
    const obstacles = guests.map((guest) => guestObstacle(guest, verb, context))
    return {
      id: `guests-${verb}`,
      title: `${title}…`,
      ...rest,
      disabledReason: obstacles.every((obstacle) => obstacle !== null) ? obstacles[0]! : null,
      run: () => openDialog(<BulkDialog guests={guests} verb={verb} />),
    }
  })
}
