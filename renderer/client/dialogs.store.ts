// The one dialog that may be open above the screens. Whoever starts an action from a menu, the map or the palette
// opens its dialog here, because the menu is gone by then; the frame draws it.
import type { ReactNode } from 'react'
import { create } from 'zustand'

export const useDialog = create<{ content: ReactNode }>(() => ({ content: null }))

/** Replaces what is open. The dialog ends itself by `closeDialog`. */
export const openDialog = (content: ReactNode): void => useDialog.setState({ content })
export const closeDialog = (): void => useDialog.setState({ content: null })
