import { screen, within } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useInventory } from '#client/inventory.store.ts'
import { sampleEntity, sampleSite } from '../../testing/sample-inventory.ts'
import { sampleSettings, sampleSource } from '../../testing/sample-session.ts'
import { freshPage, knowSampleSite, show } from '../../testing/show.tsx'
import InventoryScreen from './InventoryScreen.tsx'

const cells = (name: string): string[] => {
  const rows = screen.getAllByRole('row').slice(1)
  const headings = screen.getAllByRole('columnheader').map((item) => item.textContent.replace(/[ ↑↓]+$/, ''))
  const column = headings.indexOf(name)
  return rows.map((row) => within(row).getAllByRole('gridcell')[column]?.textContent ?? '')
}

beforeEach(() => {
  freshPage({ settings: sampleSettings() }, '/inventory')
  knowSampleSite({ sources: [sampleSource({ label: 'radioastronomy', kind: 'proxmox' })] })
})

describe('the inventory', () => {
  it('lists the kinds that are there with their number, and begins with the guests', () => {
    show(<InventoryScreen />)
    expect(screen.getAllByRole('tab').map((tab) => tab.textContent)).toContain('Nodes ✕ 2')
    expect(screen.getByRole('tab', { name: 'Nodes 2' })).toHaveAttribute('aria-selected', 'false')
    expect(screen.getByRole('tab', { name: 'Guests 2', selected: true })).toBeInTheDocument()
    expect(screen.queryByRole('tab', { name: /GPUs/ })).not.toBeInTheDocument()
    expect(cells('Name')).toEqual(['k8s01', 'pg01'])
  })

  it('moves between kinds by arrow keys and opens one by Enter', async () => {
    const { user } = show(<InventoryScreen />)
    screen.getByRole('tab', { name: 'Guests 2' }).focus()
    await user.keyboard('{ArrowUp}{ArrowUp}')
    expect(screen.getByRole('tab', { name: 'Nodes 2' })).toHaveFocus()
    await user.keyboard('{Enter}')
    expect(cells('Name')).toEqual(['node01', 'node02'])
  })

  it('filters by several words over every column, and counts what is left', async () => {
    const { user } = show(<InventoryScreen />)
    await user.type(screen.getByRole('textbox', { name: 'Filter' }), '10.25 db')
    expect(cells('Name')).toEqual(['pg01'])
    expect(screen.getByRole('status')).toHaveTextContent('1 of 2')
    await user.type(screen.getByRole('textbox', { name: 'Filter' }), ' nothing')
    expect(screen.getByRole('heading', { name: 'Nothing passes the filter' })).toBeInTheDocument()
  })

  it('shows problems only, without counting unknown as one', async () => {
    const { user } = show(<InventoryScreen />)
    await user.click(screen.getByRole('radio', { name: 'Problems only' }))
    expect(screen.getByText('No warning and no error among 2 guests.')).toBeInTheDocument()
    await user.click(screen.getByRole('tab', { name: 'Nodes 2' }))
    await user.click(screen.getByRole('radio', { name: 'Problems only' }))
    expect(cells('Name')).toEqual(['node02'])
  })

  it('sorts states by how bad they are, not by their words', async () => {
    const { user } = show(<InventoryScreen />)
    await user.click(screen.getByRole('tab', { name: 'Nodes 2' }))
    await user.click(screen.getByRole('button', { name: 'State' }))
    expect(cells('State')).toEqual(['✕offline', '●running'])
  })

  it('hides and shows columns', async () => {
    const { user } = show(<InventoryScreen />)
    expect(screen.getByRole('columnheader', { name: 'VMID' })).toBeInTheDocument()
    await user.click(screen.getByRole('button', { name: 'Columns' }))
    await user.click(await screen.findByRole('menuitemcheckbox', { name: 'VMID', checked: true }))
    expect(screen.queryByRole('columnheader', { name: 'VMID' })).not.toBeInTheDocument()
    expect(screen.getByRole('menuitemcheckbox', { name: 'Name' })).toBeDisabled()
  })

  it('gives a CSV of what is shown, in its order, with the words and units of the data', async () => {
    const entities = new Map(sampleSite().entities)
    entities.set('vm/1', sampleEntity('vm/1', 'backup-group', 'protection', { status: 'ok', facts: { vmid: 1, lastBackupAtMs: Date.UTC(2026, 2, 4, 9, 0), sizeBytes: 1024 } }))
    useInventory.setState({ entities })
    const saved: Blob[] = []
    vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => (saved.push(blob as Blob), 'blob:csv'))
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => undefined)
    const { user } = show(<InventoryScreen />)
    await user.click(screen.getByRole('tab', { name: /Backup groups/ }))
    await user.click(screen.getByRole('button', { name: /^Name/ }))
    await user.click(screen.getByRole('button', { name: 'CSV' }))
    expect(await saved[0]!.text()).toBe(
      'Name,State,In,vmid,lastBackupAtMs,sizeBytes\r\nvm/2002,never verified,,,,\r\nvm/1,ok,,1,2026-03-04T09:00:00.000Z,1024\r\n',
    )
    vi.restoreAllMocks()
  })

  it('says what to do while nothing is known', () => {
    useInventory.setState({ entities: new Map() })
    show(<InventoryScreen />)
    expect(screen.getByRole('button', { name: 'Look at its connections' })).toBeInTheDocument()
  })
})

describe('the details', () => {
  it('follow the arrow keys without filling the way back', async () => {
    const { user } = show(<InventoryScreen />)
    const steps = window.history.length
    screen.getByRole('grid', { name: 'Guests' }).focus()
    await user.keyboard('{ArrowDown}{ArrowDown}')
    expect(await screen.findByRole('complementary', { name: 'Details of pg01' })).toBeInTheDocument()
    expect(window.history.length).toBe(steps)
  })

  it('say where it was seen, its facts, and why each neighbour is believed to be one', async () => {
    window.location.hash = '/inventory?kind=guest&entity=pg01'
    const { user } = show(<InventoryScreen />)
    const details = await screen.findByRole('complementary', { name: 'Details of pg01' })
    expect(details).toHaveTextContent('Live from radioastronomy')
    expect(within(details).getByText('2002')).toBeInTheDocument()
    expect(within(details).getByRole('heading', { name: 'Connected to 4' })).toBeInTheDocument()
    await user.click(within(details).getByRole('button', { name: /vm\/2002.*backs up/ }))
    await vi.waitFor(() => expect(within(details).getByText('vm/2002 backs-up pg01')).toBeVisible())
    await user.click(within(details).getByRole('button', { name: 'Select vm/2002' }))
    expect(await screen.findByRole('complementary', { name: 'Details of vm/2002' })).toBeInTheDocument()
    expect(screen.getByRole('tab', { selected: true })).toHaveTextContent('Backup groups')
  })

  it('never call what is stored live', async () => {
    useInventory.setState({ sources: [sampleSource({ state: 'lost', lastSeenAtMs: Date.now() - 90 * 60_000 })] })
    window.location.hash = '/inventory?kind=guest&entity=pg01'
    show(<InventoryScreen />)
    expect(await screen.findByText(/Last known from/)).toHaveTextContent('Last known from proj-pg01, 1 h ago')
  })
})
