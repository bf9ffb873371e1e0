// Buttons and a menu of what can be done with a selection: the few main actions in sight, the rest by group.
import { Button, Group, Menu } from '@mantine/core'
import { IconDots, type Icon } from '@tabler/icons-react'
import { Fragment } from 'react'
import { ActionButton } from './ActionButton.tsx'

export interface EntityAction {
  id: string
  title: string
  icon: Icon
  /** Heading in the menu: `Power`, `Console`, `Snapshots`. */
  group: string
  /** Shown as a button of its own; the others are in the menu. */
  isPrimary?: boolean
  /** Drawn in red; its dialog wants the name typed. */
  isDangerous?: boolean
  /** A sentence when it cannot be done now: greyed, with the reason. */
  disabledReason?: string | null
  run(): void
}

/** `isInline` = in a line with other things, without room above. */
export function EntityActions({ actions, isInline = false }: { actions: readonly EntityAction[]; isInline?: boolean }) {
  if (actions.length === 0) return null
  const primary = actions.filter((action) => action.isPrimary)
  const groups = Map.groupBy(actions.filter((action) => !action.isPrimary), (action) => action.group)
  return (
    <Group gap={6} mt={isInline ? 0 : 'sm'} role="group" aria-label="Actions">
      {primary.map((action) => (
        <ActionButton
          key={action.id}
          size="xs"
          variant="default"
          leftSection={<action.icon size={15} aria-hidden />}
          disabledReason={action.disabledReason ?? null}
          onClick={action.run}
        >
          {action.title}
        </ActionButton>
      ))}
      {groups.size > 0 ? (
        <Menu position="bottom-end" width={250}>
          <Menu.Target>
            <Button size="xs" variant="default" leftSection={<IconDots size={15} aria-hidden />}>
              More
            </Button>
          </Menu.Target>
          <Menu.Dropdown mah={560} style={{ overflowY: 'auto' }}>
            {[...groups].map(([title, items]) => (
              <Fragment key={title}>
                <Menu.Label>{title}</Menu.Label>
                {items.map((action) => (
                  <ActionItem key={action.id} action={action} />
                ))}
              </Fragment>
            ))}
          </Menu.Dropdown>
        </Menu>
      ) : null}
    </Group>
  )
}

/** A greyed item still says why, to the pointer and to assistive technology. */
function ActionItem({ action }: { action: EntityAction }) {
  const reason = action.disabledReason ?? null
  return (
    <Menu.Item
      leftSection={<action.icon size={15} aria-hidden />}
      color={action.isDangerous ? 'red' : undefined}
      aria-disabled={reason ? true : undefined}
      data-disabled={reason ? true : undefined}
      title={reason ?? undefined}
      closeMenuOnClick={reason === null}
      onClick={reason ? undefined : action.run}
    >
      {action.title}
    </Menu.Item>
  )
}
