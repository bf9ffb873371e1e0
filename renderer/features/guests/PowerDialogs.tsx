// Asks before a guest is shut down, rebooted or suspended to disk (a click), and before its plug is pulled (its name).
import { Text } from '@mantine/core'
import { useClient } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import type { InterruptAction, PowerAction } from '#shared/contracts/guests.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { ConfirmDialog } from '#ui/ConfirmDialog.tsx'
import { verbWords } from './guest-commands.ts'
import { guestRefOf } from './guest-ref.ts'

const explanations: Partial<Record<PowerAction | InterruptAction, string>> = {
  shutdown: 'The operating system is asked to shut down, as by its power button. Nothing is lost; it may take its time, or refuse.',
  reboot: 'The operating system is asked to shut down, then the guest is started anew. Pending configuration changes come into force.',
  hibernate: 'The memory is written to disk and the guest is stopped. Starting it again goes on where it was.',
  stop: 'As pulling the plug: what is not written to disk is lost. Shut down instead if the guest still answers.',
  reset: 'As pressing the reset button: what is not written to disk is lost.',
}

export function ConfirmPower({ guest, action }: { guest: Entity; action: PowerAction }) {
  const client = useClient()
  const { title } = verbWords[action]
  return (
    <ConfirmDialog
      title={`${title} ${guest.name}?`}
      confirmLabel={title}
      onConfirm={() => client.guests.power({ ...guestRefOf(guest)!, action })}
      onClose={closeDialog}
    >
      {explanations[action]}
    </ConfirmDialog>
  )
}

export function InterruptDialog({ guest, action }: { guest: Entity; action: InterruptAction }) {
  const client = useClient()
  const { title } = verbWords[action]
  return (
    <ConfirmDialog
      title={`${title} ${guest.name} at once?`}
      confirmLabel={title}
      typedName={guest.name}
      isDangerous
      onConfirm={(confirmation) => client.guests.interrupt({ ...guestRefOf(guest)!, action, confirmation })}
      onClose={closeDialog}
    >
      <Text size="sm">{explanations[action]}</Text>
    </ConfirmDialog>
  )
}
