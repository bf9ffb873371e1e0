// One line of truth: the state and age of every connection of the site, the core's own link, the vault.
import { useInventory } from '#client/inventory.store.ts'
import { navigate } from '#client/location.ts'
import { useSession } from '#client/session.store.ts'
import type { Source } from '#shared/model/inventory.ts'
import { healthColor, healthSymbol } from '#ui/theme.ts'
import { AlertStatusItem } from '../features/alerts/AlertBadge.tsx'
import { TaskStatusItem } from '../features/tasks/TaskStatusItem.tsx'
import { SourceGroup, SourceItem } from './SourceItem.tsx'

/** What is wrong stands where it is seen, however narrow the window is. */
const worstFirst = (sources: readonly Source[]): Source[] => sources.toSorted((a, b) => Number(a.state === 'live') - Number(b.state === 'live'))

/** This many live systems of one kind stand for themselves; more are one item. */
const mostAlone = 2

/** Live systems of a kind of which there are many go together; whatever is not live stands alone and is read. */
function gathered(sources: readonly Source[]): Source[][] {
  const live = Map.groupBy(sources.filter((source) => source.state === 'live'), (source) => source.kind)
  const alone = sources.filter((source) => source.state !== 'live').map((source) => [source])
  return [...alone, ...[...live.values()].flatMap((group) => (group.length > mostAlone ? [group] : group.map((source) => [source])))]
}

export function StatusBar() {
  const sources = useInventory((state) => state.sources)
  const carrier = useSession((state) => state.carrier)
  const vault = useSession((state) => state.vault)
  return (
    <footer className="frame-status" aria-label="Status">
      <div className="status-sources">
        {gathered(worstFirst(sources)).map((group) =>
          group.length === 1 ? (
            <SourceItem key={group[0]!.connectionId} source={group[0]!} />
          ) : (
            <SourceGroup key={group[0]!.kind} sources={group} />
          ),
        )}
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
