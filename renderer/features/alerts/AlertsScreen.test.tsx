import { fireEvent, screen, within } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useAlerts } from '#client/alerts.store.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import type { AlertPicture } from '#shared/contracts/alerts.ts'
import type { Alert, AlertRule } from '#shared/model/alert.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import { DialogHost } from '../../app/DialogHost.tsx'
import { freshPage, show } from '../../testing/show.tsx'
import AlertsScreen from './AlertsScreen.tsx'

const siteId = 'lab' as SiteId
const alert = (id: string, more: Partial<Alert> = {}): Alert => ({
  id, siteId, ruleId: 'node-down', ruleName: 'Node is down', signal: 'node-down', severity: 'critical', subjectId: `pve/lab/node/${id}`, subjectName: id, subjectKind: 'node', connectionId: 'c1' as ConnectionId,
  state: 'firing', unknownSinceMs: null, value: 1, text: `${id} is offline`, sinceMs: Date.now() - 60_000, firedAtMs: Date.now() - 60_000, clearSinceMs: null, resolvedAtMs: null, resolution: null, acknowledgement: null, ...more,
})
const rule: AlertRule = { id: 'filling-up', name: 'Nearly full', signal: 'fill', severity: 'warning', isEnabled: true, threshold: 0.85, clearThreshold: 0.82, forSeconds: 300, clearForSeconds: 300, scope: { kinds: [], tags: [], names: [] } }

function know(alerts: Alert[], more: Partial<AlertPicture> = {}): void {
  useAlerts.setState({ picture: { watching: { state: 'on', sinceMs: Date.now(), evaluatedAtMs: Date.now() }, alerts, blindSpots: [], silences: [], ...more } })
}
const page = (procedures = {}) => show(<><AlertsScreen /><DialogHost /></>, { alerts: procedures })

describe('the screen of alerts', () => {
  beforeEach(() => {
    freshPage({ siteId }, '/alerts')
    closeDialog()
  })

  it('groups what fires by rule, and acknowledges all of it with name and note', async () => {
    know([alert('node04'), alert('node05')])
    const acknowledge = vi.fn(() => Promise.resolve())
    const { user } = page({ acknowledge })
    const group = screen.getByRole('region', { name: 'Node is down' })
    expect(group).toHaveTextContent('node04 is offline')
    await user.click(within(group).getByRole('button', { name: 'Acknowledge all 2' }))
    const dialog = await screen.findByRole('dialog', { name: 'Acknowledge 2 alerts' })
    await user.type(within(dialog).getByRole('textbox', { name: 'Your name' }), 'Ada')
    await user.click(within(dialog).getByRole('button', { name: 'Acknowledge' }))
    expect(acknowledge).toHaveBeenCalledWith({ siteId, alertIds: ['node04', 'node05'], by: 'Ada', note: '', untilMs: null })
  })

  it('acknowledges only what was chosen', async () => {
    know([alert('node04'), alert('node05')])
    const { user } = page()
    await user.click(screen.getByRole('checkbox', { name: 'Choose node05' }))
    await user.click(screen.getByRole('button', { name: 'Acknowledge' }))
    expect(await screen.findByRole('dialog', { name: 'Acknowledge Node is down: node05' })).toBeInTheDocument()
  })

  it('never says that nothing is wrong when something is not known', () => {
    know([], { blindSpots: [{ ruleId: 'r', ruleName: 'Node is down', subjectCount: 7, reason: 'pve does not answer' }] })
    page()
    expect(screen.getByRole('heading', { name: 'Nothing fires, but not everything is known' })).toBeInTheDocument()
  })

  it('says since when nobody watches', () => {
    know([], { watching: { state: 'locked', sinceMs: Date.now() - 3_600_000, evaluatedAtMs: null } })
    page()
    expect(screen.getByRole('status')).toHaveTextContent('Not watching: the vault is locked, since')
    expect(screen.getByRole('heading', { name: 'Nobody is watching' })).toBeInTheDocument()
  })

  it('lists what was firing when it was last seen as not known', () => {
    freshPage({ siteId }, '/alerts?tab=unknown')
    know([alert('node04', { unknownSinceMs: Date.now() - 120_000 })])
    page()
    expect(screen.getByText(/^last known [12] min ago$/)).toBeInTheDocument()
    expect(screen.getByRole('tab', { name: 'Firing 0' })).toBeInTheDocument()
  })

  it('edits a rule in the units of people', async () => {
    freshPage({ siteId }, '/alerts?tab=rules')
    know([])
    const saveRule = vi.fn(({ rule: saved }: { rule: AlertRule }) => Promise.resolve([saved]))
    const { user } = page({ listRules: () => Promise.resolve([rule]), saveRule })
    expect(await screen.findByText('above 85 % for 5 min; over below 82 % for 5 min')).toBeInTheDocument()
    await user.click(screen.getByRole('button', { name: 'Nearly full' }))
    const dialog = await screen.findByRole('dialog', { name: 'Nearly full' }, { timeout: 5000 })
    fireEvent.change(within(dialog).getByLabelText('Begins above'), { target: { value: '90' } })
    fireEvent.submit(within(dialog).getByText('Save the rule').closest('form')!)
    expect(saveRule).toHaveBeenCalledWith({ rule: { ...rule, threshold: 0.9 } })
  })
})
