import { openSpotlight } from '@mantine/spotlight'
import { act, screen } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useCommands } from '#client/commands.store.ts'
import { freshPage, knowSampleSite, show } from '../testing/show.tsx'
import { CommandPalette } from './CommandPalette.tsx'

const run = vi.fn()
const refused = vi.fn()

beforeEach(() => {
  freshPage()
  knowSampleSite()
  run.mockClear()
  refused.mockClear()
  useCommands.getState().register([
    { id: 'one', title: 'Ask every system again now', group: 'Sites', keywords: ['refresh'], run },
    { id: 'two', title: 'Lock Meridian', group: 'Meridian', disabledReason: 'There is no open vault.', run: refused },
  ])
})

async function open() {
  const shown = show(<CommandPalette />)
  act(() => openSpotlight())
  const box = await screen.findByRole('textbox', { name: 'Search and commands' })
  return { ...shown, box }
}

describe('the command palette', () => {
  it('runs a command found by a keyword', async () => {
    const { user, box } = await open()
    await user.type(box, 'refr{Enter}')
    expect(run).toHaveBeenCalledTimes(1)
  })

  it('shows why a command cannot be done, and does not do it', async () => {
    const { user, box } = await open()
    await user.type(box, 'lock')
    expect(screen.getByText('There is no open vault.')).toBeInTheDocument()
    await user.keyboard('{Enter}')
    await user.click(screen.getByText('There is no open vault.'))
    expect(refused).not.toHaveBeenCalled()
  })

  it.each([['2002', 'VMID'], ['10.25.60.8', 'address'], ['pg0', 'name']])('finds a guest by %s (%s) and goes to it', async (text) => {
    const { user, box } = await open()
    await user.type(box, text)
    const found = (): HTMLElement | undefined => screen.getAllByRole('button').find((item) => item.textContent.includes('guest · running · 10.25.60.8'))
    await vi.waitFor(() => expect(found()).toBeDefined())
    await user.click(found()!)
    expect(window.location.hash).toBe('#/map?entity=pg01')
  })

  it('says so when nothing fits', async () => {
    const { user, box } = await open()
    await user.type(box, 'no such thing')
    expect(screen.getByText('Nothing by that name, address or id is known.')).toBeInTheDocument()
  })
})
