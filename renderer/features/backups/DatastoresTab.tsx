// Datastores: how full and until when, what deduplication saves, garbage collection, verification; verify and collect.
import { Card, Group, Progress, Stack, Text, Title } from '@mantine/core'
import { IconRecycle, IconShieldCheck } from '@tabler/icons-react'
import { useMemo } from 'react'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { navigate } from '#client/location.ts'
import type { DatastoreView } from '#shared/contracts/backups.ts'
import { formatBytes, formatPercent } from '#shared/model/quantities.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { Age } from '#ui/Age.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { TimeChart } from '#ui/TimeChart.tsx'
import type { TabProps } from './BackupsScreen.tsx'
import { momentText, obstacle } from './backup-words.ts'
import { showTasks } from './show-tasks.ts'
import { VerifyDialog } from './VerifyDialog.tsx'

export function DatastoresTab({ site, state }: TabProps) {
  if (state.datastores.length === 0)
    return <EmptyState title="No datastore is known">Connect a Proxmox Backup Server, or wait until it has answered once.</EmptyState>
  return (
    <Stack className="backups-scroll" tabIndex={0} role="region" aria-label="Datastores">
      {state.datastores.map((store) => (
        <Datastore key={`${store.connectionId}${store.store}`} site={site} state={state} store={store} />
      ))}
    </Stack>
  )
}

const percent = (value: number): string => formatPercent(value)

function Datastore({ site, state, store }: TabProps & { store: DatastoreView }) {
  const client = useClient()
  const source = state.sources.find((it) => it.connectionId === store.connectionId)
  const share = store.usedBytes !== null && store.totalBytes ? store.usedBytes / store.totalBytes : null
  const may = (...need: string[]): string | null => obstacle(site, source, { rights: store.rights, need })
  const { history, garbage } = store
  const chart = useMemo(
    () =>
      history
        ? {
            timesMs: history.fractions.map((_, index) => history.startMs + index * history.stepMs),
            series: [{ label: 'Fill', values: history.fractions, isFilled: true }],
          }
        : null,
    [history],
  )
  return (
    <Card withBorder padding="md" bg="var(--surface-raised)" component="section" aria-label={`Datastore ${store.store}`}>
      <Group justify="space-between" align="flex-start">
        <div>
          <Title order={2} size="h4">
            {store.store}
          </Title>
          <Text size="sm" c="var(--text-dim)">
            {source?.label}
            {store.comment ? ` · ${store.comment}` : ''}
            {store.maintenance ? ` · maintenance: ${store.maintenance}` : ''}
          </Text>
        </div>
        <Group gap="xs">
          <ActionButton size="xs" variant="default" leftSection={<IconShieldCheck size={15} aria-hidden />} disabledReason={may('Datastore.Verify', 'Datastore.Backup')} onClick={() => openDialog(<VerifyDialog site={site} store={store} />)}>
            Verify…
          </ActionButton>
          <ActionButton size="xs" variant="default" leftSection={<IconRecycle size={15} aria-hidden />} disabledReason={may('Datastore.Modify')} onClick={() => void attempt(`The garbage of ${store.store} could not be collected`, showTasks(client.backups.collectGarbage({ siteId: site.id, connectionId: store.connectionId, store: store.store })))}>
            Collect garbage
          </ActionButton>
        </Group>
      </Group>
      {store.error ? (
        <Text size="sm" c="var(--health-error)" mt="xs">
          {store.error}
        </Text>
      ) : null}
      <div className="datastore-body">
        <div>
          <Text size="sm" mb={4}>
            <strong>{formatPercent(share)}</strong> full: {formatBytes(store.usedBytes)} of {formatBytes(store.totalBytes)}
          </Text>
          <Progress value={(share ?? 0) * 100} aria-label={`Fill of ${store.store}`} {...(share !== null && share > 0.85 ? { color: 'red' } : {})} />
          <dl className="facts">
            <dt>Full</dt>
            <dd>{store.fullAtMs === null ? 'not to be foreseen' : `about ${new Date(store.fullAtMs).toLocaleDateString(undefined, { dateStyle: 'long' })}, if it grows on as now`}</dd>
            <dt>Deduplication</dt>
            <dd>{store.deduplication === null ? 'not known' : `factor ${store.deduplication.toFixed(1)}`}</dd>
            <dt>Backups</dt>
            <dd>
              {store.snapshotCount}: {store.verifiedCount} verified, {store.unverifiedCount} not yet, {store.failedCount} damaged
            </dd>
            <dt>Garbage collection</dt>
            <dd>
              {garbage ? (
                <>
                  {garbage.lastState ?? 'never ran'}, <Age atMs={garbage.lastRunAtMs} />; next {garbage.nextRunAtMs === null ? 'not scheduled' : momentText(garbage.nextRunAtMs)}; freed {formatBytes(garbage.removedBytes)}, {formatBytes(garbage.pendingBytes)} wait
                  {garbage.badChunks ? `; ${garbage.badChunks} damaged chunks` : ''}
                </>
              ) : (
                'not known'
              )}
            </dd>
            <dt>Namespaces</dt>
            <dd className="namespaces">
              {store.namespaces.map(({ name, groups, snapshots }) => (
                <button key={name} className="plain-link" onClick={() => navigate('/backups', { tab: 'groups', namespace: name, store: store.store })}>
                  {name === '' ? 'root' : name} <span className="kbd-hint">{groups} groups, {snapshots} backups</span>
                </button>
              ))}
            </dd>
          </dl>
        </div>
        {chart ? <TimeChart title="Fill over the last month" timesMs={chart.timesMs} series={chart.series} format={percent} range={[null, null]} heightPx={150} /> : null}
      </div>
    </Card>
  )
}
