// The cards of the overview. Each says in its first line what matters, and leads on to where more is.
import type { ReactNode } from 'react'
import { groupByRule, type SortedAlerts } from '#client/alerts.store.ts'
import { openTasks } from '#client/tasks.store.ts'
import type { BackupState } from '#shared/contracts/backups.ts'
import type { Alert } from '#shared/model/alert.ts'
import type { Health, Source } from '#shared/model/inventory.ts'
import { formatBytes, formatPercent } from '#shared/model/quantities.ts'
import { Age } from '#ui/Age.tsx'
import { entityKindNames } from '#ui/EntityIcon.tsx'
import { SeverityMark } from '#ui/SeverityMark.tsx'
import { healthColor, healthSymbol } from '#ui/theme.ts'
import type { Activity, BackupSummary, Fill, NodeLoad, ProblemGroup } from './overview-model.ts'

const mostNames = 4
const mostLines = 8
const mostSilent = 5

function Card(props: { title: string; className?: string; link?: { href: string; label: string }; children: ReactNode }) {
  return (
    <section className={`overview-card ${props.className ?? ''}`} aria-label={props.title}>
      <header>
        <h2>{props.title}</h2>
        {props.link ? <a href={props.link.href}>{props.link.label}</a> : null}
      </header>
      {props.children}
    </section>
  )
}

const Symbol = ({ health }: { health: Health }) => (
  <span aria-hidden style={{ color: healthColor(health) }}>
    {healthSymbol[health]}
  </span>
)

const mapLink = (id: string): string => `#/map?entity=${encodeURIComponent(id)}`

function Names({ items }: { items: ReadonlyArray<{ id: string; name: string; isOnMap: boolean }> }) {
  const more = items.length - mostNames
  return (
    <>
      {items.slice(0, mostNames).map(({ id, name, isOnMap }, index) => (
        <span key={id}>
          {index > 0 ? ', ' : ''}
          {isOnMap ? <a href={mapLink(id)}>{name}</a> : name}
        </span>
      ))}
      {more > 0 ? ` and ${more} more` : ''}
    </>
  )
}

export function WrongCard({ sorted, others }: { sorted: SortedAlerts | null; others: readonly ProblemGroup[] }) {
  const open = sorted ? groupByRule(sorted.open) : []
  const quiet = sorted ? sorted.acknowledged.length + sorted.silenced.length : 0
  const unknown = sorted?.unknown.length ?? 0
  return (
    <Card title="What is wrong" className="overview-whole" link={{ href: '#/alerts', label: 'All alerts' }}>
      {open.map((alerts) => (
        <AlertLine key={alerts[0]!.ruleId} alerts={alerts} />
      ))}
      {unknown > 0 ? (
        <div className="overview-line">
          <Symbol health="unknown" />
          <span>
            <a href="#/alerts?tab=unknown">
              <b>{unknown === 1 ? '1 alert is' : `${unknown} alerts are`} not known any more</b>
            </a>{' '}
            <span className="overview-dim">firing when last seen; the systems do not answer</span>
          </span>
        </div>
      ) : null}
      {others.slice(0, mostLines).map((group) => (
        <ProblemLine key={`${group.health} ${group.kind}`} group={group} />
      ))}
      {quiet > 0 ? (
        <p className="overview-dim" style={{ margin: '8px 0 0' }}>
          <a href="#/alerts?tab=acknowledged">{quiet === 1 ? '1 alert more is' : `${quiet} alerts more are`} acknowledged or silenced.</a>
        </p>
      ) : null}
      {open.length + others.length + unknown === 0 ? <p>{sorted ? 'No alert fires, and nothing is reported as unwell.' : 'Not known yet.'}</p> : null}
    </Card>
  )
}

function AlertLine({ alerts }: { alerts: readonly Alert[] }) {
  const [first] = alerts
  const items = alerts.map((alert) => ({ id: alert.subjectId, name: alert.subjectName, isOnMap: !alert.subjectId.startsWith('connection/') && !alert.subjectId.includes('/drive/') }))
  return (
    <div className="overview-line" data-rule={first!.ruleId}>
      <SeverityMark severity={first!.severity} />
      <span>
        <a href={`#/alerts?alert=${encodeURIComponent(first!.id)}`}>
          <b>{alerts.length === 1 ? `${first!.text}.` : `${first!.ruleName}: ${alerts.length}`}</b>
        </a>{' '}
        <span className="overview-dim">{alerts.length === 1 ? first!.ruleName : <Names items={items} />}</span>
      </span>
      <span className="overview-dim">
        <Age atMs={first!.firedAtMs} />
      </span>
    </div>
  )
}

function ProblemLine({ group }: { group: ProblemGroup }) {
  const { kind, health, entities } = group
  const [first] = entities
  const names = entityKindNames[kind]
  return (
    <div className="overview-line">
      <Symbol health={health} />
      <span>
        <a href={entities.length === 1 ? mapLink(first!.id) : `#/inventory?kind=${kind}`}>
          {entities.length === 1 ? `${names.one} ${first!.name}: ${first!.status}` : `${entities.length} ${names.many.toLowerCase()} ${health === 'error' ? 'report an error' : 'are not quite well'}`}
        </a>{' '}
        <span className="overview-dim">{entities.length === 1 ? '' : <Names items={entities.map(({ id, name }) => ({ id, name, isOnMap: true }))} />}</span>
      </span>
    </div>
  )
}

const sourceHealth: Record<Source['state'], Health> = { live: 'ok', connecting: 'unknown', lost: 'error', stored: 'unknown', locked: 'unknown' }
const sourceWords: Record<Source['state'], string> = { live: '', connecting: 'connecting', lost: 'does not answer', stored: 'not asked yet', locked: 'vault locked' }

export function SystemsCard({ sources }: { sources: readonly Source[] }) {
  const live = sources.filter((source) => source.state === 'live')
  const others = sources.filter((source) => source.state !== 'live')
  return (
    <Card title="Systems" link={{ href: '#/connections', label: 'Connections' }}>
      <p>
        <Symbol health={others.some((source) => source.state === 'lost') ? 'error' : others.length > 0 ? 'unknown' : 'ok'} />{' '}
        {live.length} of {sources.length} answer{live.length > 0 ? ': ' : '.'}
        <span className="overview-dim">{live.map((source) => source.label).join(', ')}</span>
      </p>
      {others.slice(0, mostSilent).map((source) => (
        <div key={source.connectionId} className="overview-line">
          <Symbol health={sourceHealth[source.state]} />
          <span title={source.problem ?? undefined}>
            {source.label} <span className="overview-dim">{sourceWords[source.state]}</span>
          </span>
          <span className="overview-dim">
            <Age atMs={source.lastSeenAtMs} prefix="seen " never="never seen" />
          </span>
        </div>
      ))}
      {others.length > mostSilent ? <p className="overview-dim">and {others.length - mostSilent} more</p> : null}
    </Card>
  )
}

const loadHealth = (value: number): Health => (value > 0.9 ? 'error' : value > 0.8 ? 'warning' : 'ok')

function Bar({ value, label, color }: { value: number | null; label: string; color?: string }) {
  const percent = value === null ? null : Math.round(Math.min(1, value) * 100)
  return (
    <div className="overview-bar" role="img" aria-label={percent === null ? `${label} not known` : `${label} ${percent} %`}>
      {percent === null ? null : <div style={{ width: `${percent}%`, background: color ?? healthColor(loadHealth(value!)) }} />}
    </div>
  )
}

export function LoadCard({ loads }: { loads: readonly NodeLoad[] }) {
  return (
    <Card title="Load" link={{ href: '#/metrics', label: 'Figures' }}>
      {loads.length === 0 ? <p>No node is known.</p> : null}
      <div className="overview-load">
        {loads.length > 0 ? (
          <>
            <span />
            <span className="overview-dim" style={{ textAlign: 'left' }}>
              CPU
            </span>
            <span />
            <span className="overview-dim" style={{ textAlign: 'left' }}>
              Memory
            </span>
            <span />
          </>
        ) : null}
        {loads.slice(0, 24).map(({ node, cpu, memory }) => (
          <NodeLine key={node.id} name={node.name} id={node.id} cpu={cpu} memory={memory} />
        ))}
      </div>
      {loads.length > 24 ? <p className="overview-dim">and {loads.length - 24} more nodes</p> : null}
    </Card>
  )
}

function NodeLine({ name, id, cpu, memory }: { name: string; id: string; cpu: number | null; memory: number | null }) {
  return (
    <>
      <a href={`#/metrics?entity=${encodeURIComponent(id)}`}>{name}</a>
      <Bar value={cpu} label={`CPU of ${name}`} />
      <span className="overview-dim">{cpu === null ? '?' : formatPercent(cpu)}</span>
      <Bar value={memory} label={`Memory of ${name}`} />
      <span className="overview-dim">{memory === null ? '?' : formatPercent(memory)}</span>
    </>
  )
}

const fillHealth = (share: number): Health => (share > 0.95 ? 'error' : share > 0.85 ? 'warning' : 'ok')

export function FullCard({ fills }: { fills: readonly Fill[] }) {
  return (
    <Card title="What is full" link={{ href: '#/inventory?kind=storage', label: 'Storages' }}>
      {fills.length === 0 ? <p>No storage tells how full it is.</p> : null}
      {fills.slice(0, 7).map((fill) => (
        <div key={fill.id} className="overview-fill">
          <a href={`#/metrics?entity=${encodeURIComponent(fill.id)}`}>{fill.name}</a>
          <span>{formatPercent(fill.share)}</span>
          <Bar value={fill.share} label={fill.name} color={healthColor(fill.isLive ? fillHealth(fill.share) : 'unknown')} />
          <span className="overview-dim" title={fill.reason}>
            {formatBytes(fill.freeBytes)} free. {fill.words}
            {fill.isLive ? '' : ' Last known.'}
          </span>
        </div>
      ))}
    </Card>
  )
}

export function RunningCard({ activities, isKnown }: { activities: readonly Activity[]; isKnown: boolean }) {
  return (
    <Card title="What is running" link={{ href: '#/jobs', label: 'Jobs' }}>
      {activities.length === 0 ? <p>{isKnown ? 'No task and no job is at work.' : 'Not known: no system answers.'}</p> : null}
      {activities.slice(0, mostLines).map((activity) => (
        <div key={activity.id} className="overview-line">
          <span aria-hidden>▸</span>
          <span>
            {activity.id.startsWith('task/') ? (
              <button className="overview-button" onClick={() => openTasks(activity.id.slice('task/'.length))}>
                {activity.title}
              </button>
            ) : (
              <a href={mapLink(activity.entityId ?? activity.id)}>
                <b>{activity.title}</b>
              </a>
            )}
            <div className="overview-dim">
              {activity.detail}
              {activity.fraction === null ? '' : ` · ${formatPercent(activity.fraction)}`}
            </div>
          </span>
          <span className="overview-dim">
            <Age atMs={activity.startedAtMs} never="" />
          </span>
        </div>
      ))}
      {activities.length > mostLines ? <p className="overview-dim">and {activities.length - mostLines} more</p> : null}
    </Card>
  )
}

/** `coverage` is what the protection screens judge against the site's own targets; null while that is not known. */
export function BackupCard({ summary, coverage }: { summary: BackupSummary; coverage: Pick<BackupState, 'headline' | 'promises'> | null }) {
  const { headline, worst } = summary
  return (
    <Card title="What is not backed up" link={{ href: '#/backups', label: 'Coverage' }}>
      <p>
        <Symbol health={headline.health} /> {headline.text}
      </p>
      {worst.slice(0, mostLines).map(({ guest, words }) => (
        <div key={guest.id} className="overview-line">
          <span aria-hidden>·</span>
          <span>
            <a href={mapLink(guest.id)}>{guest.name}</a> <span className="overview-dim">{words}</span>
          </span>
        </div>
      ))}
      {worst.length > mostLines ? <p className="overview-dim">and {worst.length - mostLines} more</p> : null}
      {coverage ? <p className="overview-dim" style={{ margin: '8px 0 0' }}>{coverage.headline}</p> : null}
      {(coverage?.promises ?? [])
        .filter((promise) => promise.state === 'broken')
        .slice(0, 2)
        .map((promise) => (
          <div key={promise.title} className="overview-line">
            <Symbol health="warning" />
            <span>
              {promise.title} <span className="overview-dim">{promise.text}</span>
            </span>
          </div>
        ))}
    </Card>
  )
}
