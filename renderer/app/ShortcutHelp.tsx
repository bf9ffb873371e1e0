// The list of shortcuts, made from the registered commands, so that it cannot be out of date.
import { Kbd, Modal, Table } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { create } from 'zustand'
import { useCommands } from '#client/commands.store.ts'
import { keysOf, modName } from '#ui/keys.ts'

const useHelp = create<{ isOpen: boolean }>(() => ({ isOpen: false }))
export const openShortcutHelp = (): void => useHelp.setState({ isOpen: true })

export function ShortcutHelp() {
  const isOpen = useHelp((state) => state.isOpen)
  const commands = useCommands((state) => state.commands)
  useHotkeys([['shift+?', openShortcutHelp]])
  const rows = [...commands.values()].filter((command) => command.shortcut)
  return (
    <Modal opened={isOpen} onClose={() => useHelp.setState({ isOpen: false })} title="Keyboard shortcuts" size="md">
      <Table verticalSpacing={6}>
        <Table.Tbody>
          <Table.Tr>
            <Table.Td>Search and commands</Table.Td>
            <Table.Td ta="right">
              <Kbd>{modName}</Kbd> <Kbd>K</Kbd>
            </Table.Td>
          </Table.Tr>
          {rows.map((command) => (
            <Table.Tr key={command.id}>
              <Table.Td>{command.title}</Table.Td>
              <Table.Td ta="right">
                {keysOf(command.shortcut!).map((key) => (
                  <Kbd key={key} ml={4}>
                    {key}
                  </Kbd>
                ))}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  )
}
