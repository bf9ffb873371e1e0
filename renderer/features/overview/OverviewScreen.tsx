// The first page of a site: what is wrong, what is running, what is full, what is not backed up, in ten seconds.
import './overview.css'
import { Button, Loader } from '@mantine/core'
import { IconPlugConnected } from '@tabler/icons-react'
import { useMemo } from 'react'
import { sortAlerts, useAlerts } from '#client/alerts.store.ts'
import { useInventory } from '#client/inventory.store.ts'
import { navigate } from '#client/location.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import { useTasks } from '#client/tasks.store.ts'
import { useLoaded } from '#client/use-loaded.ts'
import type { FullForecast } from '#shared/contracts/metrics.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { useNowMs } from '#ui/clock.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { healthColor, healthSymbol } from '#ui/theme.ts'
import { BackupCard, FullCard, LoadCard, RunningCard, SystemsCard, WrongCard } from './OverviewCards.tsx'
import { activitiesOf, backupSummary, fillsOf, headlineOf, nodeLoads, otherProblems } from './overview-model.ts'

/** How old a backup may be when no rule says it. */
const usualBackupHours = 26
const readEveryMs = 60_000
const noForecasts: FullForecast[] = []

export default function OverviewScreen() {
  const site = useSession(currentSite)
  const sources = useInventory((state) => state.sources)
  const entities = useInventory((state) => state.entities)
  if (!site) return null
  if (site.connections.length === 0)
    return (
      <EmptyState
        icon={<IconPlugConnected size={40} />}
        title={`${site.name} has no connections yet`}
        action={<Button onClick={() => navigate('/connections')}>Add a connection</Button>}
      >
        Connect Proxmox VE, a backup server, Kubernetes, PostgreSQL or an SSH host, and this page tells what needs you.
      </EmptyState>
    )
  if (entities.size === 0 && sources.every((source) => source.state === 'connecting' || source.state === 'stored'))
    return (
      <EmptyState icon={<Loader role="img" size={28} aria-label="Waiting for the first answer" />} title="Asking the systems for the first time">
        The first answer is here in a moment.
      </EmptyState>
    )
  return <Overview siteId={site.id} name={site.name} />
}

function Overview({ siteId, name }: { siteId: SiteId; name: string }) {
  const { entities, edges, sources } = useInventory()
  const picture = useAlerts((state) => state.picture)
  const tasks = useTasks((state) => state.tasks)
  const forecasts = useLoaded(siteId, (client, options) => client.metrics.forecasts({ siteId }, options), { everyMs: readEveryMs }).value ?? noForecasts
  // What is known without asking the servers again; the screen of backups asks them.
  const coverage = useLoaded(siteId, (client, options) => client.backups.lastKnown({ siteId }, options), { everyMs: readEveryMs }).value
  // Ages on this page are told to the minute.
  const minute = Math.floor(useNowMs() / 60_000)
  const nowMs = minute * 60_000
  const sorted = useMemo(() => (picture ? sortAlerts(picture, nowMs) : null), [picture, nowMs])
  const others = useMemo(() => otherProblems(entities, edges.values(), new Set((picture?.alerts ?? []).map((alert) => alert.subjectId))), [entities, edges, picture])
  const backups = useMemo(() => backupSummary(entities, edges.values(), sources, usualBackupHours, nowMs), [entities, edges, sources, nowMs])
  const activities = useMemo(() => activitiesOf(tasks.values(), entities.values()), [tasks, entities])
  const fills = useMemo(() => fillsOf(entities.values(), sources, forecasts), [entities, sources, forecasts])
  const loads = useMemo(() => nodeLoads(entities.values()), [entities])
  const headline = headlineOf(picture, sorted, sources)
  return (
    <div className="screen" style={{ overflow: 'auto' }} tabIndex={0} role="region" aria-label="Overview">
      <div className="screen-head" style={{ paddingBottom: 2 }}>
        <h1>{name}</h1>
      </div>
      <div className="overview-headline" role="status" data-testid="headline" data-health={headline.health}>
        <span aria-hidden style={{ color: healthColor(headline.health) }}>
          {healthSymbol[headline.health]}
        </span>
        <span>{headline.text}</span>
      </div>
      <div className="overview">
        <div className="overview-main">
          <WrongCard sorted={sorted} others={others} />
          <FullCard fills={fills} />
          <div className="overview-side">
            <BackupCard summary={backups} coverage={coverage && coverage.meetRpo.yes + coverage.meetRpo.no > 0 ? coverage : null} />
            <RunningCard activities={activities} isKnown={sources.some((source) => source.state === 'live')} />
          </div>
        </div>
        <div className="overview-side">
          <LoadCard loads={loads} />
          <SystemsCard sources={sources} />
        </div>
      </div>
    </div>
  )
}
