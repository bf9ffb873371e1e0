import { act, screen } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { useSession } from '#client/session.store.ts'
import { AppError } from '#shared/errors.ts'
import { sampleVault } from '../testing/sample-session.ts'
import { freshPage, show } from '../testing/show.tsx'
import { VaultGate } from './VaultGate.tsx'

const gate = (
  <VaultGate>
    <p>the screens</p>
  </VaultGate>
)
const locked = sampleVault({ state: 'locked' })

beforeEach(() => freshPage({ vault: locked }))
afterEach(() => void vi.useRealTimers())

describe('the vault gate', () => {
  it('hides the screens until the passphrase has been accepted', async () => {
    const unlock = vi.fn(() => {
      useSession.setState({ vault: sampleVault() })
      return Promise.resolve(sampleVault())
    })
    const { user } = show(gate, { vault: { unlock, touch: () => Promise.resolve() } })
    expect(screen.queryByText('the screens')).not.toBeInTheDocument()
    expect(screen.getByRole('button', { name: 'Unlock' })).toBeDisabled()
    await user.type(screen.getByLabelText('Passphrase'), 'correct horse')
    await user.click(screen.getByRole('button', { name: 'Unlock' }))
    expect(unlock).toHaveBeenCalledWith({ passphrase: 'correct horse' })
    expect(await screen.findByText('the screens')).toBeInTheDocument()
  })

  it('says that a passphrase is wrong, empties the field and keeps it ready to type', async () => {
    const unlock = () => Promise.reject(new AppError('unauthenticated', 'The passphrase is wrong.', { remedy: 'Try again.' }))
    const { user } = show(gate, { vault: { unlock, touch: () => Promise.resolve() } })
    const field = screen.getByLabelText('Passphrase')
    await user.type(field, 'guess{Enter}')
    expect(await screen.findByRole('alert')).toHaveTextContent('The passphrase is wrong. Try again.')
    expect(field).toHaveValue('')
    expect(field).toHaveFocus()
    expect(screen.queryByText('the screens')).not.toBeInTheDocument()
  })

  it('counts the wait after wrong guesses down and then lets the user try again', () => {
    vi.useFakeTimers({ now: 1_000_000_000_000 })
    useSession.setState({ vault: { ...locked, retryAtMs: Date.now() + 3000 } })
    show(gate)
    expect(screen.getByRole('button', { name: 'Try again in 3 s' })).toBeDisabled()
    act(() => void vi.advanceTimersByTime(2000))
    expect(screen.getByRole('button', { name: 'Try again in 1 s' })).toBeDisabled()
    act(() => void vi.advanceTimersByTime(1000))
    expect(screen.getByRole('button', { name: 'Unlock' })).toBeInTheDocument()
  })

  it('asks for no passphrase where the operating system keeps the key', async () => {
    useSession.setState({ vault: { ...locked, protection: 'os-keychain', backend: 'GNOME Keyring' } })
    const unlock = vi.fn(() => Promise.resolve(sampleVault()))
    const { user } = show(gate, { vault: { unlock, touch: () => Promise.resolve() } })
    expect(screen.queryByLabelText('Passphrase')).not.toBeInTheDocument()
    expect(screen.getByText(/sealed by GNOME Keyring/)).toBeInTheDocument()
    await user.click(screen.getByRole('button', { name: 'Unlock' }))
    expect(unlock).toHaveBeenCalledWith({ passphrase: '' })
  })

  it('tells the core that somebody is there, at most twice a minute', async () => {
    useSession.setState({ vault: sampleVault() })
    const touch = vi.fn(() => Promise.resolve())
    const { user } = show(gate, { vault: { touch } })
    await user.click(screen.getByText('the screens'))
    await user.keyboard('abc')
    expect(touch).toHaveBeenCalledTimes(1)
  })
})
