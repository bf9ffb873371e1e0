// Questions that a server asks a person at the login (a one-time code, a second password) on their way to the screen
// and back. Connectors ask; the prompts feature shows what is open and brings the answers. Answers are never kept.
import { randomUUID } from 'node:crypto'
import { AppError, cancelled } from '#shared/errors.ts'
import type { OpenPrompt } from '#shared/contracts/prompts.ts'
import { createFeed, type Feed } from './router/event-feed.ts'

export interface PromptDesk {
  /** Resolves with one answer per field. Rejects when dismissed, when `signal` fires, or when no window looks. */
  ask(prompt: Omit<OpenPrompt, 'promptId' | 'askedAtMs'>, signal: AbortSignal): Promise<string[]>
  open(): OpenPrompt[]
  /** False when the question is no longer open. */
  answer(promptId: string, answers: string[]): boolean
  dismiss(promptId: string): void
  readonly changes: Feed<OpenPrompt[]>
  dispose(): void
}

/** Servers close a login after a minute or two; nothing waits longer than this. */
const patienceMs = 5 * 60_000

export function createPromptDesk(now: () => number): PromptDesk {
  const changes = createFeed<OpenPrompt[]>()
  const waiting = new Map<string, { prompt: OpenPrompt; settle(answers: string[] | AppError): void }>()
  const open = (): OpenPrompt[] => [...waiting.values()].map(({ prompt }) => prompt)

  return {
    changes,
    open,
    ask(question, signal) {
      if (signal.aborted) return Promise.reject(cancelled())
      if (changes.subscriberCount === 0) return Promise.reject(nobodyLooks(question.label))
      const prompt: OpenPrompt = { ...question, promptId: randomUUID(), askedAtMs: now() }
      const { promise, resolve, reject } = Promise.withResolvers<string[]>()
      const settle = (answers: string[] | AppError): void => {
        waiting.delete(prompt.promptId)
        changes.publish(open())
        if (answers instanceof AppError) reject(answers)
        else resolve(answers)
      }
      const timer = setTimeout(() => settle(tooLate(question.label)), patienceMs)
      const onAbort = (): void => settle(cancelled())
      signal.addEventListener('abort', onAbort, { once: true })
      waiting.set(prompt.promptId, { prompt, settle })
      changes.publish(open())
      return promise.finally(() => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
      })
    },
    answer(promptId, answers) {
      const found = waiting.get(promptId)
      found?.settle(answers)
      return found !== undefined
    },
    dismiss(promptId) {
      const found = waiting.get(promptId)
      found?.settle(cancelled(`The login to ${found.prompt.label} was given up.`))
    },
    dispose() {
      for (const { settle } of [...waiting.values()]) settle(cancelled())
      changes.dispose()
    },
  }
}

const promptFault = (message: string, remedy: string): AppError =>
  new AppError('unauthenticated', message, { remedy, detail: { kind: 'ssh', stage: 'prompt' } })

const nobodyLooks = (label: string): AppError =>
  promptFault(
    `The login to ${label} asks a question, and no window is open to answer it.`,
    'Open a window and start it again.',
  )
const tooLate = (label: string): AppError =>
  promptFault(`Nobody answered the question of the login to ${label}.`, 'Start it again and answer.')
