// The open consoles as tabs: colour, name, whether something came meanwhile; and the button for another one.
import { ActionIcon, Menu, Tooltip, UnstyledButton } from '@mantine/core'
import { IconDeviceDesktop, IconKeyboard, IconPlus, IconTerminal2, IconX } from '@tabler/icons-react'
import { useClient } from '#client/client-context.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { useSession } from '#client/session.store.ts'
import { closeTab, openInTab, showTab, useConsoles, type ConsoleTab, type OpenConsole } from './consoles.store.ts'
import { consoleKeys } from './console-keys.ts'
import { frameColourOf, frameStyle } from './frame-colour.ts'
import { consolesOf } from './layout.ts'
import { TargetPicker } from './TargetPicker.tsx'

export function ConsoleTabs() {
  const client = useClient()
  const tabs = useConsoles((state) => state.tabs)
  return (
    <div className="console-bar">
      <ul className="console-tabs" aria-label="Open consoles">
        {tabs.map((tab) => (
          <TabItem key={tab.id} tab={tab} />
        ))}
      </ul>
      <Tooltip label="New console">
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="New console"
          onClick={() => openDialog(<TargetPicker onPick={(address) => openInTab(client, address)} />)}
        >
          <IconPlus size={18} />
        </ActionIcon>
      </Tooltip>
      <span className="console-bar-space" />
      <KeysMenu />
    </div>
  )
}

function TabItem({ tab }: { tab: ConsoleTab }) {
  const consoles = useConsoles((state) => state.consoles)
  const isCurrent = useConsoles((state) => state.activeTabId === tab.id)
  const settings = useSession((state) => state.settings)
  const members = consolesOf(tab.layout).flatMap((id) => consoles[id] ?? [])
  const active = consoles[tab.activeId] ?? members[0]
  if (!active) return null
  const Icon = active.opened?.kind === 'screen' || active.address.target.kind === 'screen' ? IconDeviceDesktop : IconTerminal2
  const name = members.length > 1 ? `${active.title} +${members.length - 1}` : active.title
  return (
    <li className="console-tab" data-current={isCurrent || undefined} style={frameStyle(frameColourOf(active.address, settings))}>
      <UnstyledButton
        className="console-tab-name"
        aria-current={isCurrent ? 'true' : undefined}
        onClick={() => showTab(tab.id)}
        onAuxClick={(event) => event.button === 1 && closeTab(tab.id)}
      >
        <Icon size={15} aria-hidden />
        <span>{name}</span>
        <TabState members={members} />
      </UnstyledButton>
      <ActionIcon size="xs" variant="subtle" color="gray" aria-label={`Close ${active.title}`} onClick={() => closeTab(tab.id)}>
        <IconX size={13} />
      </ActionIcon>
    </li>
  )
}

function TabState({ members }: { members: OpenConsole[] }) {
  if (members.every((item) => item.phase === 'ended')) return <span className="console-tab-state">ended</span>
  if (members.some((item) => item.phase === 'connecting')) return <span className="console-tab-state">connecting</span>
  return members.some((item) => item.hasNews) ? <span className="console-news" title="New output" role="img" aria-label="New output" /> : null
}

const shownKeys: ReadonlyArray<[keyof typeof consoleKeys, string]> = [
  ['split-right', 'Split side by side'],
  ['split-down', 'Split stacked'],
  ['focus-left', 'Focus the console on that side'],
  ['next-tab', 'Next tab'],
  ['previous-tab', 'Previous tab'],
  ['close', 'Close the console'],
  ['find', 'Find in the scrollback'],
  ['larger', 'Larger letters'],
  ['smaller', 'Smaller letters'],
  ['full-screen', 'Full screen'],
]

function KeysMenu() {
  return (
    <Menu position="bottom-end" width={300}>
      <Menu.Target>
        <Tooltip label="Keys of consoles">
          <ActionIcon variant="subtle" color="gray" aria-label="Keys of consoles">
            <IconKeyboard size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {shownKeys.map(([command, title]) => (
          <Menu.Item key={command} rightSection={<span className="kbd-hint">{consoleKeys[command].shown}</span>}>
            {title}
          </Menu.Item>
        ))}
        <Menu.Item rightSection={<span className="kbd-hint">Ctrl Shift C / V</span>}>Copy and paste</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
