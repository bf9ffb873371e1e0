// Login questions that are open in the core and only a person can answer. Followed by the frame of every window; the
// dialog that asks is the frame's, too. Answers are sent and forgotten.
import { create } from 'zustand'
import type { OpenPrompt } from '#shared/contracts/prompts.ts'
import { follow, type Client } from './client.ts'

export const usePrompts = create<{ open: readonly OpenPrompt[] }>(() => ({ open: [] }))

/** Follows the open questions; the returned function stops it. */
export function followPrompts(client: Client): () => void {
  const controller = new AbortController()
  const { signal } = controller
  void follow((options) => client.prompts.watch(undefined, options), (open) => usePrompts.setState({ open }), { signal })
  return () => {
    controller.abort()
    usePrompts.setState({ open: [] })
  }
}
