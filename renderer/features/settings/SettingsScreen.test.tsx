import { screen, waitFor } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useSession } from '#client/session.store.ts'
import { AppError } from '#shared/errors.ts'
import { sampleDemo, sampleSettings, sampleVault } from '../../testing/sample-session.ts'
import { freshPage, show } from '../../testing/show.tsx'
import SettingsScreen from './SettingsScreen.tsx'

const open = (section: string, procedures: Parameters<typeof show>[1] = {}) => {
  window.location.hash = `/settings?section=${section}`
  return show(<SettingsScreen />, procedures)
}

beforeEach(() => freshPage({ settings: sampleSettings(), vault: sampleVault(), demo: sampleDemo() }))

describe('settings', () => {
  it('keep a number when the field is left, brought into its range', async () => {
    const updateSettings = vi.fn(() => Promise.resolve(sampleSettings()))
    const { user } = open('data', { app: { updateSettings } })
    const field = screen.getByLabelText('Refresh every (seconds)')
    await user.clear(field)
    await user.type(field, '1')
    expect(updateSettings).not.toHaveBeenCalled()
    await user.tab()
    expect(updateSettings).toHaveBeenCalledWith({ refreshSeconds: 2 })
    expect(field).toHaveValue('2')
  })

  it('keep a number on Enter, with its separators understood', async () => {
    const updateSettings = vi.fn(() => Promise.resolve(sampleSettings()))
    const { user } = open('data', { app: { updateSettings } })
    const field = screen.getByLabelText('Rows per query')
    expect(field).toHaveValue('5 000 000')
    await user.clear(field)
    await user.type(field, '2000000{Enter}')
    expect(updateSettings).toHaveBeenCalledWith({ rowLimit: 2_000_000 })
  })

  it('put back what was there when a field is emptied, and send nothing', async () => {
    const { user } = open('data')
    const field = screen.getByLabelText('Lock when idle (minutes)')
    await user.clear(field)
    await user.tab()
    expect(field).toHaveValue('30')
  })

  it('say so when they cannot be kept', async () => {
    const updateSettings = () => Promise.reject(new AppError('unreachable', 'The core is gone.'))
    const { user } = open('appearance', { app: { updateSettings } })
    await user.click(screen.getByRole('combobox', { name: 'Theme' }))
    await user.click(await screen.findByRole('option', { name: 'Dark' }))
    expect(await screen.findByText('The setting could not be kept')).toBeInTheDocument()
  })

  it('take a new passphrase only when both are the same and long enough', async () => {
    useSession.setState({ vault: sampleVault({ state: 'uninitialised' }) })
    const create = vi.fn(() => Promise.resolve(sampleVault()))
    const { user } = open('vault', { vault: { create } })
    const button = screen.getByRole('button', { name: 'Create the vault' })
    await user.type(screen.getByLabelText('New passphrase'), 'short')
    expect(screen.getByText('At least 8 characters.')).toBeInTheDocument()
    await user.type(screen.getByLabelText('New passphrase'), ' no more')
    await user.type(screen.getByLabelText('New passphrase, once more'), 'another')
    expect(screen.getByText('The two are not the same.')).toBeInTheDocument()
    expect(button).toBeDisabled()
    await user.clear(screen.getByLabelText('New passphrase, once more'))
    await user.type(screen.getByLabelText('New passphrase, once more'), 'short no more')
    await user.click(button)
    expect(create).toHaveBeenCalledWith({ passphrase: 'short no more' })
    await waitFor(() => expect(screen.getByLabelText('New passphrase')).toHaveValue(''))
  })

  it('break the demo lab on purpose', async () => {
    useSession.setState({ demo: sampleDemo({ state: 'running' }) })
    const setFault = vi.fn(() => Promise.resolve(sampleDemo()))
    const { user } = open('demo', { demo: { setFault } })
    await user.click(screen.getByRole('combobox', { name: 'Fault of Kubernetes' }))
    await user.click(await screen.findByRole('option', { name: 'Answers garbage' }))
    expect(setFault).toHaveBeenCalledWith({ service: 'kubernetes', fault: 'garbage' })
  })

  it('show the log at the wanted level', async () => {
    const readLog = () => Promise.resolve([{ atMs: 0, level: 'info' as const, text: 'Meridian started' }, { atMs: 1, level: 'error' as const, text: 'A disk is full' }])
    const { user } = open('log', { app: { readLog } })
    expect(await screen.findByText(/Meridian started/)).toBeInTheDocument()
    await user.click(screen.getByRole('radio', { name: 'error' }))
    expect(screen.queryByText(/Meridian started/)).not.toBeInTheDocument()
    expect(screen.getByText(/A disk is full/)).toBeInTheDocument()
  })
})
