// What Meridian has told the user, newest first.
import { ActionIcon, Indicator, Popover, ScrollArea, Stack, Text, Tooltip } from '@mantine/core'
import { showNotification } from '@mantine/notifications'
import { IconBell } from '@tabler/icons-react'
import { useEffect, useRef } from 'react'
import { useSession } from '#client/session.store.ts'
import { Age } from '#ui/Age.tsx'

const colors = { info: 'meridian', success: 'green', warning: 'yellow', error: 'red' } as const

export function NotificationBell() {
  const notifications = useSession((state) => state.notifications)
  const unread = useSession((state) => state.unreadNotifications)
  const newest = notifications[0]
  const shown = useRef<string | undefined>(undefined)
  useEffect(() => {
    if (!newest || unread === 0 || shown.current === newest.id) return
    shown.current = newest.id
    showNotification({ title: newest.title, message: newest.body, color: colors[newest.level], closeButtonProps: { 'aria-label': 'Dismiss' } })
  }, [newest, unread])
  return (
    <Popover position="bottom-end" width={380} onOpen={() => useSession.setState({ unreadNotifications: 0 })}>
      <Tooltip label="Notifications">
        <Indicator disabled={unread === 0} label={unread > 99 ? '99+' : unread} size={16} offset={5}>
          <Popover.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={unread > 0 ? `Notifications, ${unread} new` : 'Notifications'}>
              <IconBell size={18} />
            </ActionIcon>
          </Popover.Target>
        </Indicator>
      </Tooltip>
      <Popover.Dropdown p={0}>
        <ScrollArea.Autosize mah={420} p="sm">
          {notifications.length === 0 ? <Text size="sm">Nothing has happened that you need to know.</Text> : null}
          <Stack gap="sm">
            {notifications.map((item) => (
              <div key={item.id}>
                <Text size="sm" fw={600}>
                  {item.title}
                </Text>
                <Text size="sm">{item.body}</Text>
                <Text size="xs" c="var(--text-dim)">
                  <Age atMs={item.atMs} />
                </Text>
              </div>
            ))}
          </Stack>
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  )
}
