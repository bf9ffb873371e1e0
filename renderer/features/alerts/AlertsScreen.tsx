// Alerts: what fires, what somebody has taken on, what is not known, what is over, and the rules behind it.
import './alerts.css'
import { Button, Loader, Switch, Tabs, Text } from '@mantine/core'
import { IconBellCheck } from '@tabler/icons-react'
import { useMemo } from 'react'
import { groupByRule, sortAlerts, useAlerts } from '#client/alerts.store.ts'
import { attempt } from '#client/attempt.ts'
import type { Client } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { closeDialog, openDialog } from '#client/dialogs.store.ts'
import { navigate, usePlace } from '#client/location.ts'
import { useSession } from '#client/session.store.ts'
import type { AlertPicture } from '#shared/contracts/alerts.ts'
import type { Alert } from '#shared/model/alert.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { Age } from '#ui/Age.tsx'
import { useNowMs } from '#ui/clock.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { TakeOnDialog } from './AlertDialogs.tsx'
import { AlertGroup, type AlertDeeds } from './AlertGroup.tsx'
import { watchingWords } from './alert-words.ts'
import { HistoryPanel } from './HistoryPanel.tsx'
import { RulesPanel } from './RulesPanel.tsx'

const tabs = ['firing', 'acknowledged', 'unknown', 'silenced', 'over', 'rules'] as const

export default function AlertsScreen() {
  const siteId = useSession((state) => state.siteId)
  const picture = useAlerts((state) => state.picture)
  if (!siteId) return null
  if (!picture) return <Loader role="img" m="xl" aria-label="Loading the alerts" />
  return <AlertsOf siteId={siteId} picture={picture} />
}

function AlertsOf({ siteId, picture }: { siteId: SiteId; picture: AlertPicture }) {
  const client = useClient()
  const { query } = usePlace()
  const nowMs = useNowMs()
  const wanted = query.get('tab') ?? 'firing'
  const tab = (tabs as readonly string[]).includes(wanted) ? wanted : 'firing'
  const markedId = query.get('alert')
  const deeds = useMemo(() => deedsOf(client, siteId), [client, siteId])
  const { open, acknowledged, unknown, silenced, resolved } = sortAlerts(picture, nowMs)
  const unknownCount = unknown.length + picture.blindSpots.length
  const groups = (alerts: readonly Alert[], isAcknowledged = false) =>
    groupByRule(alerts).map((group) => <AlertGroup key={group[0]!.ruleId} alerts={group} deeds={deeds} markedId={markedId} isAcknowledged={isAcknowledged} />)
  return (
    <div className="screen">
      <div className="screen-head">
        <h1>Alerts</h1>
        <Watching siteId={siteId} picture={picture} />
      </div>
      <div className="screen-body" tabIndex={0} role="region" aria-label="Alerts">
        <Tabs value={tab} onChange={(value) => navigate('/alerts', { tab: value ?? 'firing' })} keepMounted={false}>
          <Tabs.List mb="md">
            <Tabs.Tab value="firing">Firing {open.length}</Tabs.Tab>
            <Tabs.Tab value="acknowledged">Acknowledged {acknowledged.length}</Tabs.Tab>
            <Tabs.Tab value="unknown">Not known {unknownCount}</Tabs.Tab>
            <Tabs.Tab value="silenced">Silenced {picture.silences.length}</Tabs.Tab>
            <Tabs.Tab value="over">Over</Tabs.Tab>
            <Tabs.Tab value="rules">Rules</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="firing">
            {open.length === 0 ? <NothingFires picture={picture} unknownCount={unknownCount} /> : groups(open)}
          </Tabs.Panel>
          <Tabs.Panel value="acknowledged">
            {acknowledged.length === 0 ? <EmptyState title="Nobody has taken on an alert">Acknowledge one to tell others that you see to it; it stays quiet until it is over.</EmptyState> : groups(acknowledged, true)}
          </Tabs.Panel>
          <Tabs.Panel value="unknown">
            <BlindSpots picture={picture} />
            {groups(unknown)}
            {unknownCount === 0 ? <EmptyState title="Everything that rules look at is known">A system that does not answer is listed here: what it would say is not known, and not fine.</EmptyState> : null}
          </Tabs.Panel>
          <Tabs.Panel value="silenced">
            <Silences siteId={siteId} picture={picture} />
            {groups(silenced)}
          </Tabs.Panel>
          <Tabs.Panel value="over">
            <HistoryPanel siteId={siteId} revision={resolved.length} />
          </Tabs.Panel>
          <Tabs.Panel value="rules">
            <RulesPanel openId={query.get('rule')} />
          </Tabs.Panel>
        </Tabs>
      </div>
    </div>
  )
}

function deedsOf(client: Client, siteId: SiteId): AlertDeeds {
  const ids = (alerts: readonly Alert[]): string[] => alerts.map((alert) => alert.id)
  const nameOf = (alerts: readonly Alert[]): string => (alerts.length === 1 ? `${alerts[0]!.ruleName}: ${alerts[0]!.subjectName}` : `${alerts.length} alerts`)
  return {
    acknowledge: (alerts) =>
      openDialog(
        <TakeOnDialog
          title={`Acknowledge ${nameOf(alerts)}`}
          submitLabel="Acknowledge"
          asksWho
          onSubmit={(answer) => client.alerts.acknowledge({ siteId, alertIds: ids(alerts), ...answer })}
          onClose={closeDialog}
        />,
      ),
    withdraw: (alerts) => void attempt('The acknowledgement could not be withdrawn', client.alerts.withdrawAcknowledgement({ siteId, alertIds: ids(alerts) })),
    silence: (alert, subjectOnly) =>
      openDialog(
        <TakeOnDialog
          title={subjectOnly ? `Silence ${alert.subjectName}` : `Silence “${alert.ruleName}”`}
          submitLabel="Silence"
          asksWho={false}
          onSubmit={({ note, untilMs }) =>
            client.alerts.silence({ siteId, ruleId: subjectOnly ? null : alert.ruleId, subjectId: subjectOnly ? alert.subjectId : null, note, untilMs: untilMs! })
          }
          onClose={closeDialog}
        />,
      ),
  }
}

function Watching({ siteId, picture }: { siteId: SiteId; picture: AlertPicture }) {
  const client = useClient()
  const { state, sinceMs } = picture.watching
  return (
    <div className="alert-watching" style={{ marginInlineStart: 'auto' }} role="status">
      <span>
        {watchingWords[state]} <Age atMs={sinceMs} />
      </span>
      <Switch
        size="sm"
        label="Watch this site"
        checked={state !== 'off'}
        onChange={(event) => void attempt('Watching could not be switched', client.alerts.setWatching({ siteId, isOn: event.currentTarget.checked }))}
      />
    </div>
  )
}

function NothingFires({ picture, unknownCount }: { picture: AlertPicture; unknownCount: number }) {
  const { state } = picture.watching
  const title = state === 'locked' || state === 'off' ? 'Nobody is watching' : unknownCount > 0 ? 'Nothing fires, but not everything is known' : 'Nothing fires'
  return (
    <EmptyState icon={<IconBellCheck size={40} />} title={title} action={unknownCount > 0 ? <Button onClick={() => navigate('/alerts', { tab: 'unknown' })}>What is not known</Button> : undefined}>
      {state === 'locked' ? 'The vault is locked, so no system can be asked. Unlock it to go on.' : null}
      {state === 'off' ? 'Watching is switched off for this site: no rule is put to it, and no figure is kept.' : null}
      {state === 'on' || state === 'starting' ? 'Rules are put to the site every few seconds. You are told once when one holds.' : null}
    </EmptyState>
  )
}

function BlindSpots({ picture }: { picture: AlertPicture }) {
  if (picture.blindSpots.length === 0) return null
  return (
    <section className="alert-group" aria-label="Rules that cannot look">
      <header>
        <h2>Rules that cannot look everywhere</h2>
      </header>
      {picture.blindSpots.map((spot) => (
        <div key={spot.ruleId} className="alert-row">
          <span aria-hidden>?</span>
          <span>{spot.ruleName}</span>
          <span>{spot.reason}.</span>
          <span className="alert-note">{spot.subjectCount === 1 ? '1 subject' : `${spot.subjectCount} subjects`}</span>
          <span />
        </div>
      ))}
    </section>
  )
}

function Silences({ siteId, picture }: { siteId: SiteId; picture: AlertPicture }) {
  const client = useClient()
  const nameOf = (ruleId: string | null): string => (ruleId === null ? 'Everything' : (picture.alerts.find((alert) => alert.ruleId === ruleId)?.ruleName ?? ruleId))
  if (picture.silences.length === 0) return <EmptyState title="Nothing is silenced">Silence a rule or a machine before planned work: its alerts are kept, but nobody is told.</EmptyState>
  return (
    <section className="alert-group" aria-label="Silences">
      <header>
        <h2>Silences</h2>
      </header>
      {picture.silences.map((silence) => (
        <div key={silence.id} className="alert-row">
          <span />
          <span>{silence.subjectName ?? nameOf(silence.ruleId)}</span>
          <Text size="sm">{silence.note || 'No note'}</Text>
          <span className="alert-note">until {new Date(silence.untilMs).toLocaleString()}</span>
          <Button size="compact-xs" variant="default" onClick={() => void attempt('The silence could not be ended', client.alerts.endSilence({ siteId, silenceId: silence.id }))}>
            End
          </Button>
        </div>
      ))}
    </section>
  )
}
