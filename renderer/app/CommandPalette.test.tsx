import { openSpotlight } from '@mantine/spotlight'
import { act, screen } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { IconServer } from '@tabler/icons-react'
import { setActionProviders } from '#client/entity-actions.store.ts'
import { useCommands } from '#client/commands.store.ts'
import { useSearch } from '#client/search.store.ts'
import type { SearchHit } from '#shared/contracts/search.ts'
import { freshPage, knowSampleSite, show } from '../testing/show.tsx'
import { CommandPalette } from './CommandPalette.tsx'

const run = vi.fn()
const refused = vi.fn()

beforeEach(() => {
  freshPage()
  setActionProviders([])
  knowSampleSite()
  useSearch.setState(useSearch.getInitialState(), true)
  run.mockClear()
  refused.mockClear()
  useCommands.getState().register([
    { id: 'one', title: 'Ask every system again now', group: 'Sites', keywords: ['refresh'], run },
    { id: 'two', title: 'Lock Meridian', group: 'Meridian', disabledReason: 'There is no open vault.', run: refused },
  ])
})

const saved: SearchHit = {
  id: 'run/1', group: 'Saved results', title: 'Quasars', subtitle: 'holds it · proj-pg01', rank: 0.5,
  place: { path: '/sql', query: { run: '1' } }, siteId: null,
}

async function open(hits: SearchHit[] = []) {
  const shown = show(<CommandPalette />, { search: { find: () => Promise.resolve({ hits, elapsedMs: 1, problems: [] }) } })
  act(() => openSpotlight())
  const box = await screen.findByRole('textbox', { name: 'Search and commands' })
  return { ...shown, box }
}

describe('what can be done with the one thing that is named', () => {
  const startIt = vi.fn()
  beforeEach(() => {
    startIt.mockClear()
    setActionProviders([
      ([entity]) => [
        { id: 'start', title: 'Start', group: 'Power', icon: IconServer, run: startIt, disabledReason: entity!.name === 'pg01' ? null : 'It is running already.' },
        { id: 'snapshot', title: 'Take a snapshot…', group: 'Snapshots', icon: IconServer, run: () => undefined },
      ],
    ])
  })

  it('is offered first when a verb is typed beside it', async () => {
    const { user, box } = await open()
    await user.type(box, 'start pg01{Enter}')
    expect(startIt).toHaveBeenCalledOnce()
    expect(screen.queryByRole('button', { name: /Take a snapshot/ })).not.toBeInTheDocument()
  })

  it('is never what Enter does on the name alone', async () => {
    const { user, box } = await open()
    await user.type(box, 'pg01')
    expect(await screen.findByRole('button', { name: /^pg01: Start/ })).toBeInTheDocument()
    await user.keyboard('{Enter}')
    expect(startIt).not.toHaveBeenCalled()
    expect(window.location.hash).toBe('#/map?entity=pg01')
  })
})

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
    expect(await screen.findByText('Nothing by that name, address or id is known.')).toBeInTheDocument()
  })

  it('shows what the core found under its heading, goes there, and offers it again', async () => {
    const { user, box } = await open([saved])
    await user.type(box, '39627')
    await user.click(await screen.findByRole('button', { name: /Quasars/ }))
    expect(window.location.hash).toBe('#/sql?run=1')
    act(() => openSpotlight())
    expect(await screen.findByRole('button', { name: /Quasars/ })).toBeInTheDocument()
  })

  it('still finds what the page knows when the core does not answer', async () => {
    const { user } = show(<CommandPalette />, { search: { find: () => Promise.reject(new Error('gone')) } })
    act(() => openSpotlight())
    await user.type(await screen.findByRole('textbox', { name: 'Search and commands' }), 'pg01')
    expect((await screen.findAllByRole('button')).some((item) => item.textContent.includes('pg01'))).toBe(true)
  })
})

describe('what Enter takes', () => {
  it('is the command of that name, before those that only have to do with it', async () => {
    const go = vi.fn()
    useCommands.getState().register([
      { id: 'compliance', title: 'Compliance', group: 'Go to', keywords: ['audit'], run: refused },
      { id: 'audit', title: 'Audit log', group: 'Go to', run: go },
    ])
    const { user, box } = await open()
    await user.type(box, 'audit{Enter}')
    expect(go).toHaveBeenCalledOnce()
    expect(refused).not.toHaveBeenCalled()
  })
})
