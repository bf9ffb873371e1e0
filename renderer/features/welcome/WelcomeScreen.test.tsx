import { act, screen } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useSession } from '#client/session.store.ts'
import { AppError } from '#shared/errors.ts'
import { sampleDemo, siteId } from '../../testing/sample-session.ts'
import { freshPage, show } from '../../testing/show.tsx'
import { WelcomeScreen } from './WelcomeScreen.tsx'

const app = { version: '1', startedAtMs: 0, capabilities: { nativeDialogs: false, nativeNotifications: false, osKeychain: false, demoLab: true }, opensDemo: false }
const demoIs = (extra: Parameters<typeof sampleDemo>[0]): void => act(() => useSession.setState({ demo: sampleDemo(extra) }))

beforeEach(() => freshPage({ demo: sampleDemo(), app }))

describe('the welcome screen', () => {
  it('shows how far the demo lab is, and opens its overview when it is there', async () => {
    const start = vi.fn(() => Promise.resolve(sampleDemo()))
    const updateSettings = vi.fn(() => Promise.resolve({}))
    const { user } = show(<WelcomeScreen />, { demo: { start }, app: { updateSettings } as never })
    await user.click(screen.getByRole('button', { name: 'Open the demo lab' }))
    expect(start).toHaveBeenCalledTimes(1)
    demoIs({ state: 'starting', step: 'Making 1,000,000 redshifts', fraction: 0.4 })
    expect(screen.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '40')
    expect(screen.getByRole('status')).toHaveTextContent('Making 1,000,000 redshifts…')
    demoIs({ state: 'running', siteId })
    expect(window.location.hash).toBe('#/overview')
    expect(useSession.getState().siteId).toBe(siteId)
    expect(updateSettings).toHaveBeenCalledWith({ lastSiteId: siteId })
  })

  it('can be cancelled while it starts', async () => {
    const stop = vi.fn(() => Promise.resolve(sampleDemo()))
    const { user } = show(<WelcomeScreen />, { demo: { stop } })
    demoIs({ state: 'starting', step: 'Starting PostgreSQL', fraction: 0.1 })
    await user.click(screen.getByRole('button', { name: 'Cancel' }))
    expect(stop).toHaveBeenCalledTimes(1)
  })

  it('says why the lab did not start, and offers to try again', () => {
    show(<WelcomeScreen />)
    demoIs({ state: 'failed', message: 'PostgreSQL did not start: the disk is full.' })
    expect(screen.getByRole('alert')).toHaveTextContent('the disk is full')
    expect(screen.getByRole('button', { name: 'Open the demo lab' })).toBeEnabled()
  })

  it('shows the failure of the call itself', async () => {
    const start = () => Promise.reject(new AppError('unreachable', 'The core is gone.'))
    const { user } = show(<WelcomeScreen />, { demo: { start } })
    await user.click(screen.getByRole('button', { name: 'Open the demo lab' }))
    expect(await screen.findByText('The demo lab could not be started')).toBeInTheDocument()
  })

  it('says why there is no lab in this installation', () => {
    show(<WelcomeScreen />)
    demoIs({ state: 'unavailable', message: 'The demo lab is not part of this package.' })
    expect(screen.getByRole('button', { name: 'Open the demo lab' })).toBeDisabled()
    expect(screen.getByText('The demo lab is not part of this package.')).toBeInTheDocument()
  })

  it('goes straight into the lab when started so, once', () => {
    const start = vi.fn(() => Promise.resolve(sampleDemo()))
    useSession.setState({ app: { ...app, opensDemo: true } })
    const { unmount } = show(<WelcomeScreen />, { demo: { start }, app: { updateSettings: () => Promise.resolve({}) } as never })
    expect(start).toHaveBeenCalledTimes(1)
    demoIs({ state: 'running', siteId })
    expect(window.location.hash).toBe('#/overview')
    unmount()
    window.location.hash = '/'
    show(<WelcomeScreen />, { demo: { start } })
    expect(window.location.hash).toBe('#/')
  })

  it('leaves a running lab to who comes back to this page', () => {
    show(<WelcomeScreen />)
    demoIs({ state: 'running', siteId })
    expect(window.location.hash).toBe('#/')
    expect(screen.getByRole('button', { name: 'Go to the demo lab' })).toBeInTheDocument()
  })
})
