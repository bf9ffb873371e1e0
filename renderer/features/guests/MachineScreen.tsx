// The page of one guest, node or storage of Proxmox VE: what it is, how it performs, and what can be done with it.
import './guests.css'
import { Button, Tabs } from '@mantine/core'
import { IconArchive, IconArrowLeft, IconBinaryTree2 } from '@tabler/icons-react'
import { useMemo, type ReactNode } from 'react'
import { useEntityActions } from '#client/entity-actions.store.ts'
import { useInventory } from '#client/inventory.store.ts'
import { currentPlace, navigate, usePlace } from '#client/location.ts'
import { useRights } from '#client/rights.store.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import type { Edge, Entity } from '#shared/model/inventory.ts'
import { factLabel, formatFact } from '#shared/model/facts.ts'
import { Age } from '#ui/Age.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { EntityActions } from '#ui/EntityActions.tsx'
import { EntityIcon, entityKindNames } from '#ui/EntityIcon.tsx'
import { HealthMark } from '#ui/HealthMark.tsx'
import { ConfigPanel } from './ConfigPanel.tsx'
import { guestRefOf, isContainer, isTemplate, performanceTargetOf, type MachineTarget } from './guest-ref.ts'
import { GuestSummary } from './GuestSummary.tsx'
import { PerformancePanel } from './PerformancePanel.tsx'
import { SnapshotPanel } from './SnapshotPanel.tsx'
import { SystemTasks } from './SystemTasks.tsx'

export default function MachineScreen() {
  const { query } = usePlace()
  const entities = useInventory((state) => state.entities)
  const edges = useInventory((state) => state.edges)
  const id = query.get('entity')
  const entity = id ? entities.get(id) : undefined
  const target = entity ? performanceTargetOf(entity, (storageId) => nodeWith(storageId, edges, entities)) : undefined
  if (!entity || !target) {
    return (
      <EmptyState title="This is not known (any more)" action={<Button onClick={() => navigate('/inventory')}>Look at the inventory</Button>}>
        It may have been removed, or its connection has not answered yet.
      </EmptyState>
    )
  }
  return <Machine key={entity.id} entity={entity} target={target} />
}

/** A node on which a shared storage is configured. */
function nodeWith(storageId: string, edges: ReadonlyMap<string, Edge>, entities: ReadonlyMap<string, Entity>): string | undefined {
  for (const edge of edges.values()) if (edge.from === storageId && edge.kind === 'attached-to') return entities.get(edge.to)?.name
  return undefined
}

interface Tab {
  id: string
  title: string
  /** Takes the height there is and scrolls inside. */
  isFilling?: boolean
  content: ReactNode
}

function Machine({ entity, target }: { entity: Entity; target: MachineTarget }) {
  const tabs = useTabs(entity, target)
  const wanted = usePlace().query.get('tab')
  const tab = tabs.find((item) => item.id === wanted) ?? tabs[0]!
  return (
    <div className="machine">
      <MachineHead entity={entity} />
      <Tabs
        className="machine-tabs"
        value={tab.id}
        onChange={(next) => next && navigate(currentPlace().path, { entity: entity.id, tab: next }, { replace: true })}
        keepMounted={false}
      >
        <Tabs.List>
          {tabs.map(({ id, title }) => (
            <Tabs.Tab key={id} value={id}>
              {title}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab.id} className="machine-panel" data-fills={tab.isFilling || undefined}>
          {tab.content}
        </Tabs.Panel>
      </Tabs>
    </div>
  )
}

function MachineHead({ entity }: { entity: Entity }) {
  const source = useInventory((state) => state.sources.find((item) => item.connectionId === entity.connectionId))
  const backupGroup = useBackupGroup(entity)
  const every = useEntityActions(useMemo(() => [entity], [entity]))
  const actions = every.filter((action) => action.id !== 'machine-open')
  const vmid = entity.facts['vmid']
  const kind = entity.kind !== 'guest' ? entityKindNames[entity.kind].one : isTemplate(entity) ? 'Template' : isContainer(entity) ? 'Container' : 'Virtual machine'
  return (
    <header className="machine-head">
      <div style={{ paddingTop: 3, color: 'var(--text-dim)' }}>
        <EntityIcon kind={entity.kind} size={26} />
      </div>
      <div style={{ flex: 1, minWidth: 220 }}>
        <h1>
          {entity.name} {typeof vmid === 'number' ? <span className="dim">{vmid}</span> : null}
        </h1>
        <div style={{ fontSize: 13 }}>
          <HealthMark health={entity.health} label={entity.status} /> <span className="dim">· {kind}</span>
          {typeof entity.facts['node'] === 'string' ? <span className="dim"> on {entity.facts['node']}</span> : null}
          {source && source.state !== 'live' ? (
            <span className="dim">
              {' '}
              · last known <Age atMs={source.lastSeenAtMs} />
            </span>
          ) : null}
        </div>
        <EntityActions actions={actions} />
      </div>
      <Button size="xs" variant="default" leftSection={<IconArrowLeft size={15} aria-hidden />} onClick={() => navigate('/inventory', { kind: entity.kind, entity: entity.id })}>
        Inventory
      </Button>
      {backupGroup ? (
        <Button size="xs" variant="default" leftSection={<IconArchive size={15} aria-hidden />} onClick={() => navigate('/inventory', { kind: 'backup-group', entity: backupGroup.id })}>
          Backups
        </Button>
      ) : null}
      <Button size="xs" variant="default" leftSection={<IconBinaryTree2 size={15} aria-hidden />} onClick={() => navigate('/map', { entity: entity.id })}>
        Map
      </Button>
    </header>
  )
}

/** The group of backups that is known to be this guest's. */
function useBackupGroup(entity: Entity): Entity | undefined {
  const edges = useInventory((state) => state.edges)
  const entities = useInventory((state) => state.entities)
  return useMemo(() => {
    for (const edge of edges.values()) if (edge.to === entity.id && edge.kind === 'backs-up') return entities.get(edge.from)
    return undefined
  }, [edges, entities, entity.id])
}

function useTabs(entity: Entity, target: MachineTarget): Tab[] {
  const site = useSession(currentSite)
  const sources = useInventory((state) => state.sources)
  const rights = useRights((state) => state.rights)
  const context = useMemo(() => ({ site, sources, rights }), [site, sources, rights])
  const { connectionId } = entity
  const performance: Tab = { id: 'performance', title: 'Performance', content: <PerformancePanel connectionId={connectionId} target={target} /> }
  const ref = guestRefOf(entity)
  if (ref) {
    return [
      { id: 'summary', title: 'Summary', content: <GuestSummary guest={entity} /> },
      performance,
      ...(isTemplate(entity) ? [] : [{ id: 'snapshots', title: 'Snapshots', content: <SnapshotPanel guest={entity} context={context} /> }]),
      { id: 'configuration', title: 'Configuration', isFilling: true, content: <ConfigPanel guest={entity} context={context} /> },
      {
        id: 'tasks',
        title: 'Tasks',
        isFilling: true,
        content: <SystemTasks label={`Tasks of ${entity.name}`} connectionId={connectionId} load={(client, options) => client.guests.listTasks({ ...ref, limit: 100 }, options)} />,
      },
    ]
  }
  const summary: Tab = { id: 'summary', title: 'Summary', content: <MachineFacts entity={entity} /> }
  if (target.kind !== 'node') return [performance, summary]
  const { node } = target
  return [
    performance,
    summary,
    {
      id: 'tasks',
      title: 'Tasks',
      isFilling: true,
      content: <SystemTasks label={`Tasks of ${node}`} connectionId={connectionId} load={(client, options) => client.guests.listNodeTasks({ connectionId, node, limit: 200 }, options)} />,
    },
  ]
}

function MachineFacts({ entity }: { entity: Entity }) {
  return (
    <section className="machine-card" aria-label="Facts">
      <dl className="machine-facts">
        {entity.addresses.length > 0 ? (
          <>
            <dt>Addresses</dt>
            <dd>{entity.addresses.join('\n')}</dd>
          </>
        ) : null}
        {Object.entries(entity.facts).map(([key, value]) => (
          <div key={key} style={{ display: 'contents' }}>
            <dt>{factLabel(key)}</dt>
            <dd>{formatFact(key, value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
