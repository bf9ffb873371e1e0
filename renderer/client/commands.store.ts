// Everything the user can do from the palette or by a shortcut. Screens register while they are mounted; the
// frame registers what is always there.
import { useEffect } from 'react'
import { create } from 'zustand'

export interface Command {
  id: string
  title: string
  /** Heading in the palette. */
  group: string
  /** As Mantine's useHotkeys writes it: `mod+K`, `mod+Enter`, `g m` is not supported. */
  shortcut?: string
  keywords?: string[]
  /** A sentence when it cannot be done now; the palette shows it greyed with the reason. */
  disabledReason?: string | null
  run(): void
}

interface CommandsState {
  commands: ReadonlyMap<string, Command>
  register(commands: Command[]): () => void
}

export const useCommands = create<CommandsState>((set) => ({
  commands: new Map(),
  register(commands) {
    set((state) => ({ commands: new Map([...state.commands, ...commands.map((item) => [item.id, item] as const)]) }))
    return () =>
      set((state) => {
        const kept = new Map(state.commands)
        for (const item of commands) if (kept.get(item.id) === item) kept.delete(item.id)
        return { commands: kept }
      })
  },
}))

/** Registers the commands of a mounted screen; `key` names what they depend on. */
export function useScreenCommands(commands: () => Command[], key: string): void {
  const register = useCommands((state) => state.register)
  // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` stands for everything `commands` closes over
  useEffect(() => register(commands()), [register, key])
}
