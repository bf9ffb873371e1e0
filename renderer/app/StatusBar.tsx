// One line of truth: the state and age of every connection of the site, the core's own link, the vault.
import { Popover, Stack, Text, VisuallyHidden } from '@mantine/core'
import { useState } from 'react'
import { useInventory } from '#client/inventory.store.ts'
import { navigate } from '#client/location.ts'
import { useSession } from '#client/session.store.ts'
import type { Health, Source } from '#shared/model/inventory.ts'
import { Age } from '#ui/Age.tsx'
import { healthColor, healthSymbol } from '#ui/theme.ts'
import { AlertStatusItem } from '../features/alerts/AlertBadge.tsx'
import { TaskStatusItem } from '../features/tasks/TaskStatusItem.tsx'

const sourceHealth: Record<Source['state'], Health> = {
  live: 'ok',
  connecting: 'unknown',
  lost: 'error',
  stored: 'unknown',
  locked: 'warning',
}
const sourceWord: Record<Source['state'], string> = {
  live: 'live',
  connecting: 'connecting',
  lost: 'lost',
  stored: 'not asked yet',
  locked: 'vault locked',
}

/** What is wrong stands where it is seen, however narrow the window is. */
const worstFirst = (sources: readonly Source[]): Source[] => sources.toSorted((a, b) => Number(a.state === 'live') - Number(b.state === 'live'))

export function StatusBar() {
  const sources = useInventory((state) => state.sources)
  const carrier = useSession((state) => state.carrier)
  const vault = useSession((state) => state.vault)
  return (
    <footer className="frame-status" aria-label="Status">
      <div className="status-sources">
        {worstFirst(sources).map((source) => (
          <SourceItem key={source.connectionId} source={source} />
        ))}
        {sources.length === 0 ? <span className="kbd-hint">No connections</span> : null}
      </div>
      {carrier === 'connected' ? null : (
        <span role="status" style={{ color: healthColor('error') }}>
          {healthSymbol.error} Core {carrier === 'lost' ? 'lost, reconnecting…' : 'connecting…'}
        </span>
      )}
      {vault?.state === 'uninitialised' ? (
        <button className="status-item" onClick={() => navigate('/settings', { section: 'vault' })}>
          No vault yet
        </button>
      ) : null}
      <AlertStatusItem />
      <TaskStatusItem />
      <button className="status-item" onClick={() => navigate('/audit')}>
        Audit
      </button>
    </footer>
  )
}

function SourceItem({ source }: { source: Source }) {
  const [isOpen, setOpen] = useState(false)
  const state = sourceHealth[source.state]
  return (
    <Popover opened={isOpen} onChange={setOpen} position="top-start" withArrow width={340}>
      <Popover.Target>
        <button
          className="status-item"
          data-testid={`source-${source.kind}`}
          data-state={source.state}
          onClick={() => setOpen((open) => !open)}
        >
          <span aria-hidden style={{ color: healthColor(state) }}>
            {healthSymbol[state]}
          </span>
          {source.label}
          {source.state === 'live' ? (
            <VisuallyHidden>{sourceWord.live}</VisuallyHidden>
          ) : (
            <span style={{ color: 'var(--text-dim)' }}>
              {sourceWord[source.state]}
              {source.lastSeenAtMs ? (
                <>
                  {' '}
                  · <Age atMs={source.lastSeenAtMs} />
                </>
              ) : null}
            </span>
          )}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap={4}>
          <Text fw={600} size="sm">
            {source.label} is {sourceWord[source.state]}
          </Text>
          <Text size="sm">
            Last full answer: <Age atMs={source.lastSeenAtMs} />
          </Text>
          {source.problem ? <Text size="sm">{source.problem}</Text> : null}
          {source.remedy ? (
            <Text size="sm" c="var(--text-dim)">
              {source.remedy}
            </Text>
          ) : null}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
