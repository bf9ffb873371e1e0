// Figures over time of one thing: what is kept on this machine, as charts from an hour to two years, also offline.
import './metrics.css'
import { Loader, SegmentedControl, Select, Text } from '@mantine/core'
import { IconChartLine } from '@tabler/icons-react'
import { useEffect, useMemo, useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { useInventory } from '#client/inventory.store.ts'
import { navigate, usePlace } from '#client/location.ts'
import type { Remote } from '#client/remote.ts'
import { useSession } from '#client/session.store.ts'
import type { FullForecast, MetricSeries, MetricWindow } from '#shared/contracts/metrics.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { factLabel, formatFact } from '#shared/model/facts.ts'
import { forecastText } from '#shared/model/forecast.ts'
import type { Entity, EntityKind } from '#shared/model/inventory.ts'
import { formatDuration } from '#shared/model/quantities.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { entityKindNames } from '#ui/EntityIcon.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { TimeChart, type TimeSeries } from '#ui/TimeChart.tsx'

const hourMs = 3_600_000
const ranges = [
  { value: '1', label: '1 h' },
  { value: '6', label: '6 h' },
  { value: '24', label: '1 d' },
  { value: '168', label: '1 w' },
  { value: '744', label: '1 month' },
  { value: '8784', label: '1 year' },
]
const charted: readonly EntityKind[] = ['node', 'guest', 'storage', 'datastore', 'database-server', 'database', 'kubernetes-cluster', 'namespace', 'backup-server', 'gpu', 'ray-cluster']

/** What the figures are of: an entity, a connection, or a drive. */
interface Subject {
  id: string
  name: string
  group: string
}

export default function MetricsScreen() {
  const siteId = useSession((state) => state.siteId)
  const { query } = usePlace()
  const hours = Number(query.get('hours')) || 1
  const wanted = query.get('entity')
  const subjects = useSubjects(siteId)
  const subject = subjects.find((item) => item.id === wanted) ?? subjects[0]
  if (!siteId) return null
  if (!subject)
    return (
      <EmptyState icon={<IconChartLine size={40} />} title="There are no figures yet">
        Every half minute what nodes, guests, storages and databases report is kept here, for two years, on this machine.
      </EmptyState>
    )
  const go = (change: Record<string, string>): void => navigate('/metrics', { entity: subject.id, hours: String(hours), ...change }, { replace: true })
  return (
    <div className="screen">
      <div className="screen-head">
        <h1>Figures</h1>
        <Select
          aria-label="Figures of"
          w={320}
          searchable
          allowDeselect={false}
          limit={200}
          data={[...Map.groupBy(subjects, (item) => item.group)].map(([group, items]) => ({ group, items: items.map((item) => ({ value: item.id, label: item.name })) }))}
          value={subject.id}
          onChange={(entity) => entity && go({ entity })}
        />
        <SegmentedControl aria-label="How far back" size="xs" data={ranges} value={String(hours)} onChange={(value) => go({ hours: value })} />
      </div>
      <div className="screen-body" tabIndex={0} role="region" aria-label={`Figures of ${subject.name}`}>
        <Charts key={`${subject.id} ${hours}`} siteId={siteId} subject={subject} hours={hours} />
      </div>
    </div>
  )
}

function useSubjects(siteId: SiteId | null): Subject[] {
  const client = useClient()
  const entities = useInventory((state) => state.entities)
  const [probed, setProbed] = useState<Subject[]>([])
  useEffect(() => {
    if (!siteId) return
    let isCurrent = true
    // Without them the entities are still there to choose from.
    client.metrics.latest({ siteId }).then(
      (found) => isCurrent && setProbed(found.map(({ entityId, name }) => ({ id: entityId, name, group: entityId.includes('/drive/') ? 'Drives' : 'Connections' }))),
      () => undefined,
    )
    return () => {
      isCurrent = false
    }
  }, [client, siteId])
  return useMemo(() => {
    const own = [...entities.values()]
      .filter((entity) => charted.includes(entity.kind) && entity.facts['isTemplate'] !== true)
      .sort((a, b) => charted.indexOf(a.kind) - charted.indexOf(b.kind) || a.name.localeCompare(b.name, 'en', { numeric: true }))
      .map((entity) => ({ id: entity.id, name: nameOf(entity), group: entityKindNames[entity.kind].many }))
    const known = new Set(own.map((subject) => subject.id))
    return [...own, ...new Map(probed.filter((subject) => !known.has(subject.id)).map((subject) => [subject.id, subject])).values()]
  }, [entities, probed])
}

/** Storages of one name are on several nodes. */
const nameOf = ({ kind, name, facts }: Entity): string => (kind === 'storage' && typeof facts['node'] === 'string' ? `${name} on ${facts['node']}` : name)

interface Loaded {
  window: MetricWindow
  forecast: FullForecast | undefined
}

function Charts({ siteId, subject, hours }: { siteId: SiteId; subject: Subject; hours: number }) {
  const client = useClient()
  const entity = useInventory((state) => state.entities.get(subject.id))
  const [loaded, setLoaded] = useState<Remote<Loaded>>({ state: 'loading' })
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    const read = async (): Promise<void> => {
      const keys = await client.metrics.keys({ siteId, entityId: subject.id }, { signal })
      const toMs = Date.now()
      const window =
        keys.length > 0
          ? await client.metrics.series({ siteId, entityId: subject.id, keys: keys.slice(0, 20), fromMs: toMs - hours * hourMs, toMs, mostPoints: 800 }, { signal })
          : { stepMs: 0, timesMs: [], series: [] }
      const forecasts = await client.metrics.forecasts({ siteId }, { signal })
      setLoaded({ state: 'ready', value: { window, forecast: forecasts.find((item) => item.entityId === subject.id) } })
    }
    const refresh = (): void => void read().catch((thrown: unknown) => signal.aborted || setLoaded({ state: 'failed', error: toAppError(thrown) }))
    refresh()
    const timer = setInterval(refresh, 30_000)
    return () => {
      controller.abort()
      clearInterval(timer)
    }
  }, [client, siteId, subject.id, hours])
  if (loaded.state === 'failed') return <ErrorNotice error={loaded.error} />
  if (loaded.state !== 'ready') return <Loader role="img" aria-label="Loading the figures" />
  const { window, forecast } = loaded.value
  const known = window.series.filter((series) => series.means.some((value) => value !== null))
  if (known.length === 0)
    return (
      <EmptyState icon={<IconChartLine size={40} />} title={`No figures of ${subject.name} in this time`}>
        Figures are kept every half minute while the site is watched and its system answers.
      </EmptyState>
    )
  return (
    <>
      {forecast ? (
        <Text size="sm" mb="sm">
          {forecastText(forecast.forecast, forecast.basis)}
        </Text>
      ) : null}
      <div className="metric-charts">
        {known.map((series) => (
          <MetricChart key={series.key} series={series} window={window} total={totalOf(entity, series.key)} />
        ))}
      </div>
      <Text size="xs" c="var(--text-dim)" mt="sm">
        One value every {formatDuration(window.stepMs)}. A gap is a time in which nothing was known.
      </Text>
    </>
  )
}

/** `memoryBytes` has its limit in `memoryTotalBytes`. */
function totalOf(entity: Entity | undefined, key: string): number | undefined {
  const total = key.endsWith('Bytes') ? entity?.facts[`${key.slice(0, -5)}TotalBytes`] : undefined
  return typeof total === 'number' ? total : undefined
}

function MetricChart({ series, window, total }: { series: MetricSeries; window: MetricWindow; total: number | undefined }) {
  const { key } = series
  const lines = useMemo((): TimeSeries[] => {
    const hasSpread = series.highs.some((high, index) => high !== null && high !== series.means[index])
    return [
      { label: hasSpread ? 'Mean' : factLabel(key), values: series.means, isFilled: true },
      ...(hasSpread
        ? [
            { label: 'Highest', values: series.highs },
            { label: 'Lowest', values: series.lows },
          ]
        : []),
    ]
  }, [key, series])
  const format = useMemo(() => (value: number): string => (key.endsWith('Days') ? `${Math.round(value)} d` : formatFact(key, Number(value.toPrecision(4)))), [key])
  const range = useMemo((): [number, number | null] => [0, key.endsWith('Fraction') ? 1 : null], [key])
  const marks = useMemo(() => (total === undefined ? [] : [{ value: total, label: `of ${format(total)}` }]), [total, format])
  return <TimeChart title={factLabel(key)} timesMs={window.timesMs} series={lines} format={format} range={range} marks={marks} group="figures" />
}
