// One connection of the site, or several of one kind, in the status bar: state at a glance, the reason on a click.
import { Popover, Stack, Text, VisuallyHidden } from '@mantine/core'
import { useState } from 'react'
import type { Health, Source } from '#shared/model/inventory.ts'
import { Age } from '#ui/Age.tsx'
import { healthColor, healthSymbol } from '#ui/theme.ts'

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

export function SourceItem({ source }: { source: Source }) {
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

const manyOf: Record<Source['kind'], string> = {
  proxmox: 'Proxmox VE clusters',
  pbs: 'backup servers',
  kubernetes: 'Kubernetes clusters',
  postgres: 'databases',
  ssh: 'SSH hosts',
  s3: 'object stores',
}

/** Several live systems of one kind. */
export function SourceGroup({ sources }: { sources: readonly Source[] }) {
  const [isOpen, setOpen] = useState(false)
  const { kind } = sources[0]!
  return (
    <Popover opened={isOpen} onChange={setOpen} position="top-start" withArrow width={340}>
      <Popover.Target>
        <button className="status-item" data-testid={`source-${kind}`} data-state="live" onClick={() => setOpen((open) => !open)}>
          <span aria-hidden style={{ color: healthColor('ok') }}>
            {healthSymbol.ok}
          </span>
          {sources.length} {manyOf[kind]}
          <VisuallyHidden>{sourceWord.live}</VisuallyHidden>
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap={4} mah={320} style={{ overflowY: 'auto' }}>
          {sources.map((source) => (
            <div key={source.connectionId}>
              <Text size="sm" span>
                {source.label}
              </Text>{' '}
              <Text size="xs" c="var(--text-dim)" span>
                <Age atMs={source.lastSeenAtMs} />
              </Text>
              {source.problem ? <Text size="xs">{source.problem}</Text> : null}
            </div>
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
