// What the cluster has said about an object lately, newest first.
import { Text } from '@mantine/core'
import type { KubeEvent } from '#shared/model/kubernetes.ts'
import { Age } from '#ui/Age.tsx'
import { HealthMark } from '#ui/HealthMark.tsx'

export function ObjectEvents({ events, showObject = false }: { events: readonly KubeEvent[]; showObject?: boolean }) {
  if (events.length === 0)
    return (
      <Text size="sm" c="var(--text-dim)">
        Nothing has been said of it lately. Clusters keep events for about an hour.
      </Text>
    )
  return (
    <ul className="kube-events">
      {events.map((event, index) => (
        <li key={index}>
          <div className="kube-event-head">
            <HealthMark health={event.type === 'Warning' ? 'warning' : 'off'} label={event.reason} />
            {showObject ? <span className="kube-dim">{event.object}</span> : null}
            <span className="kube-dim" style={{ marginLeft: 'auto', whiteSpace: 'nowrap' }}>
              {event.count > 1 ? `${event.count} times, ` : ''}
              <Age atMs={event.lastAtMs} />
            </span>
          </div>
          <div className="kube-event-text">{event.message}</div>
        </li>
      ))}
    </ul>
  )
}
