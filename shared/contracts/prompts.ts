// Questions that servers ask at the login and only a person can answer: one-time codes, second passwords. Every
// window sees the open ones; the first answer counts. The answers travel inward only.
import { z } from 'zod'
import { connectionId, secretInput } from '../model/connection.ts'
import { command, events, timestampMs } from './kernel.ts'

export const openPrompt = z.object({
  promptId: z.string(),
  connectionId,
  /** The connection's own name. */
  label: z.string(),
  /** The server's words; foreign text. */
  title: z.string(),
  instructions: z.string(),
  fields: z.array(z.object({ text: z.string(), isEchoed: z.boolean() })),
  askedAtMs: timestampMs,
})
export type OpenPrompt = z.infer<typeof openPrompt>

const promptRef = z.object({ promptId: z.string().max(64) })

export const prompts = {
  watch: events({ event: openPrompt.array() }),
  /** Throws `not-found` when the question is no longer open. */
  answer: command({
    title: 'Answer a login question',
    input: promptRef.extend({ answers: z.array(secretInput.max(4_000)).min(1).max(20) }),
  }),
  dismiss: command({ title: 'Give up a login', input: promptRef }),
}
