// Which console's scrollback is being searched; at most one a window.
import { create } from 'zustand'

export const useFind = create<{ consoleId: string | null }>(() => ({ consoleId: null }))

export const toggleFind = (id: string): void =>
  useFind.setState(({ consoleId }) => ({ consoleId: consoleId === id ? null : id }))
export const endFind = (): void => useFind.setState({ consoleId: null })
