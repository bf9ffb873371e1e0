// Alerts of one rule: a heading with what can be done for all of them, and a row each.
import { ActionIcon, Button, Checkbox, Menu, Tooltip } from '@mantine/core'
import { IconBellOff, IconCheck, IconDots, IconRotate } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import type { Alert } from '#shared/model/alert.ts'
import { Age } from '#ui/Age.tsx'
import { SeverityMark } from '#ui/SeverityMark.tsx'

const shownAtFirst = 8

export interface AlertDeeds {
  acknowledge(alerts: readonly Alert[]): void
  withdraw(alerts: readonly Alert[]): void
  silence(alert: Alert, subjectOnly: boolean): void
}

interface AlertGroupProps {
  alerts: readonly Alert[]
  deeds: AlertDeeds
  /** The alert that a link points at. */
  markedId: string | null
  /** Acknowledged ones offer to withdraw it instead. */
  isAcknowledged?: boolean
}

export function AlertGroup({ alerts, deeds, markedId, isAcknowledged = false }: AlertGroupProps) {
  const [isWhole, setWhole] = useState(false)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [first] = alerts
  if (!first) return null
  const shown = isWhole ? alerts : alerts.filter((alert, index) => index < shownAtFirst || alert.id === markedId)
  const selected = alerts.filter((alert) => chosen.has(alert.id))
  const target = selected.length > 0 ? selected : alerts
  const count = target.length > 1 ? ` ${selected.length > 0 ? '' : 'all '}${target.length}` : ''
  return (
    <section className="alert-group" aria-label={first.ruleName} data-rule={first.ruleId}>
      <header>
        <SeverityMark severity={first.severity} />
        <h2>{first.ruleName}</h2>
        <span className="kbd-hint">{alerts.length > 1 ? alerts.length : ''}</span>
        <span style={{ flex: 1 }} />
        {isAcknowledged ? (
          <Button size="compact-sm" variant="default" leftSection={<IconRotate size={14} />} onClick={() => deeds.withdraw(target)}>
            Withdraw{count}
          </Button>
        ) : (
          <Button size="compact-sm" variant="default" leftSection={<IconCheck size={14} />} onClick={() => deeds.acknowledge(target)}>
            Acknowledge{count}
          </Button>
        )}
        <GroupMenu alert={first} deeds={deeds} />
      </header>
      {shown.map((alert) => (
        <AlertRow
          key={alert.id}
          alert={alert}
          isMarked={alert.id === markedId}
          choice={
            alerts.length > 1 ? (
              <Checkbox
                size="xs"
                aria-label={`Choose ${alert.subjectName}`}
                checked={chosen.has(alert.id)}
                onChange={() => setChosen(toggled(chosen, alert.id))}
              />
            ) : null
          }
          onSilence={() => deeds.silence(alert, true)}
        />
      ))}
      {shown.length < alerts.length ? (
        <div className="alert-row">
          <span />
          <Button size="compact-xs" variant="subtle" onClick={() => setWhole(true)}>
            Show {alerts.length - shown.length} more
          </Button>
        </div>
      ) : null}
    </section>
  )
}

function toggled(chosen: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(chosen)
  if (!next.delete(id)) next.add(id)
  return next
}

function GroupMenu({ alert, deeds }: { alert: Alert; deeds: AlertDeeds }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`More for ${alert.ruleName}`}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconBellOff size={15} />} onClick={() => deeds.silence(alert, false)}>
          Silence the rule for a time…
        </Menu.Item>
        <Menu.Item component="a" href={`#/alerts?tab=rules&rule=${encodeURIComponent(alert.ruleId)}`}>
          Edit the rule…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

function AlertRow(props: { alert: Alert; isMarked: boolean; choice: ReactNode; onSilence(): void }) {
  const { alert } = props
  const { acknowledgement: ack } = alert
  return (
    <div className="alert-row" data-marked={props.isMarked || undefined} data-subject={alert.subjectName}>
      <span>{props.choice}</span>
      <SubjectLink alert={alert} />
      <span>
        {alert.text}
        {ack ? (
          <div className="alert-note">
            {ack.by}: {ack.note || 'has taken it on'}
            {ack.untilMs === null ? '' : `, until ${new Date(ack.untilMs).toLocaleString()}`}
          </div>
        ) : null}
        {alert.clearSinceMs !== null && alert.state === 'firing' ? <div className="alert-note">Looks better; it counts as over when it stays so.</div> : null}
      </span>
      <span className="alert-note">
        {alert.unknownSinceMs !== null ? (
          <Age atMs={alert.unknownSinceMs} prefix="last known " />
        ) : (
          <Age atMs={alert.firedAtMs ?? alert.sinceMs} />
        )}
      </span>
      <Tooltip label={`Silence ${alert.subjectName} for a time`}>
        <ActionIcon variant="subtle" color="gray" aria-label={`Silence ${alert.subjectName}`} onClick={props.onSilence}>
          <IconBellOff size={15} />
        </ActionIcon>
      </Tooltip>
    </div>
  )
}

/** Connections and drives are no things of the map: their names stand alone. */
export function SubjectLink({ alert }: { alert: Pick<Alert, 'subjectId' | 'subjectName' | 'subjectKind'> }) {
  const isOnMap = !alert.subjectId.startsWith('connection/') && !alert.subjectId.includes('/drive/')
  return isOnMap ? <a href={`#/map?entity=${encodeURIComponent(alert.subjectId)}`}>{alert.subjectName}</a> : <b style={{ fontWeight: 550 }}>{alert.subjectName}</b>
}
