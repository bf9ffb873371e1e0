// Shows every window the login questions that are open, and brings the answers to the connector that waits for them.
import { contract } from '#shared/contracts/index.ts'
import { AppError } from '#shared/errors.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'

export function createPromptsFeature({ prompts, pipeline }: Pick<CoreServices, 'prompts' | 'pipeline'>) {
  const os = implementFeature(contract.prompts, pipeline)
  const describe = (promptId: string): string =>
    prompts.open().find((one) => one.promptId === promptId)?.label ?? 'a login that is over'
  const router = os.router({
    watch: os.watch.handler(({ signal, context }) =>
      prompts.changes.subscribe(signal ?? context.peer.signal, prompts.open()),
    ),
    answer: os.answer.handler(({ input, context }) => {
      context.audit?.describe(describe(input.promptId))
      if (!prompts.answer(input.promptId, input.answers))
        throw new AppError('not-found', 'This question is no longer open.', {
          remedy: 'The server may have given up waiting. Start the login again.',
        })
    }),
    dismiss: os.dismiss.handler(({ input, context }) => {
      context.audit?.describe(describe(input.promptId))
      prompts.dismiss(input.promptId)
    }),
  })
  return { router } satisfies Feature<typeof router>
}
