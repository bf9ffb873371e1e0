// Which site all screens show, and whether its systems may be changed.
import { Badge, Menu, Tooltip } from '@mantine/core'
import { IconChevronDown, IconPlus } from '@tabler/icons-react'
import { useClient } from '#client/client-context.ts'
import { navigate } from '#client/location.ts'
import { chooseSite, currentSite, useSession } from '#client/session.store.ts'

export function SiteSwitcher() {
  const client = useClient()
  const sites = useSession((state) => state.sites)
  const site = useSession(currentSite)
  if (!sites?.length) return null
  return (
    <>
      <Menu position="bottom-start" width={260}>
        <Menu.Target>
          <button className="status-item" style={{ fontSize: 14, padding: '5px 10px' }} aria-label={`Site: ${site?.name ?? 'none'}. Change`}>
            {site?.name ?? 'Choose a site'} <IconChevronDown size={14} aria-hidden />
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Sites</Menu.Label>
          {sites.map((item) => (
            <Menu.Item key={item.id} onClick={() => chooseSite(client, item.id)} rightSection={item.isDemo ? 'demo' : undefined}>
              {item.name}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item leftSection={<IconPlus size={15} />} onClick={() => navigate('/connections', { new: 'site' })}>
            Connect another lab
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {site?.isDemo ? (
        <Tooltip label="A complete lab that runs on this machine only">
          <Badge variant="light" color="yellow" style={{ textTransform: 'none' }} c="var(--accent-star)">
            Demo lab
          </Badge>
        </Tooltip>
      ) : null}
      {site?.isReadOnly ? (
        <Badge variant="light" color="gray" style={{ textTransform: 'none' }}>
          Read-only
        </Badge>
      ) : null}
    </>
  )
}
