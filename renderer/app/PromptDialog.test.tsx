import { screen, waitFor } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { usePrompts } from '#client/prompts.store.ts'
import type { OpenPrompt } from '#shared/contracts/prompts.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { freshPage, show } from '../testing/show.tsx'
import { PromptDialog } from './PromptDialog.tsx'

const prompt: OpenPrompt = {
  promptId: 'p1',
  connectionId: 'c1' as ConnectionId,
  label: 'SSH proj-login01',
  title: 'Second factor',
  instructions: 'Look at your authenticator.',
  fields: [{ text: 'Verification code: ', isEchoed: false }],
  askedAtMs: 0,
}

beforeEach(() => {
  freshPage()
  usePrompts.setState({ open: [prompt] })
})

describe('a login question', () => {
  it('is asked in the server’s words and answered once', async () => {
    const answer = vi.fn(() => Promise.resolve())
    const { user } = show(<PromptDialog />, { prompts: { answer } })
    expect(await screen.findByRole('dialog', { name: 'Log in to SSH proj-login01' })).toHaveTextContent('Look at your authenticator.')
    await user.type(screen.getByLabelText('Verification code'), '123456')
    await user.click(screen.getByRole('button', { name: 'Log in' }))
    expect(answer).toHaveBeenCalledExactlyOnceWith({ promptId: 'p1', answers: ['123456'] })
    usePrompts.setState({ open: [] })
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument())
  })

  it('can be given up', async () => {
    const dismiss = vi.fn(() => Promise.resolve())
    const { user } = show(<PromptDialog />, { prompts: { dismiss } })
    await user.click(await screen.findByRole('button', { name: 'Give up' }))
    expect(dismiss).toHaveBeenCalledWith({ promptId: 'p1' })
  })
})
