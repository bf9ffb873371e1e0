// An object in words: why it is not well, what it is, what it holds, whom it belongs to, where it stands.
import { Alert, Badge, Button, Group, Table, Text, Title } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useInventory } from '#client/inventory.store.ts'
import { navigate } from '#client/location.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Entity } from '#shared/model/inventory.ts'
import type { KubeObjectPage, RelatedObject } from '#shared/model/kubernetes.ts'
import { Age } from '#ui/Age.tsx'
import { HealthMark } from '#ui/HealthMark.tsx'
import { goToObject } from './place.ts'
import { ResourceBars } from './ResourceBars.tsx'

export function ObjectSummary({ connectionId, object }: { connectionId: ConnectionId; object: KubeObjectPage }) {
  const { why, summary, facts, conditions, owners, related, containers, resources } = object
  const labels = Object.entries(object.labels)
  const annotations = Object.entries(object.annotations)
  return (
    <div className="kube-summary">
      {why.length > 0 ? <Why object={object} /> : null}
      {summary.map((line) => (
        <Text key={line} size="sm">
          {line}
        </Text>
      ))}
      {object.nodeName ? <NodeChain connectionId={connectionId} nodeName={object.nodeName} isNode={object.kind === 'Node'} /> : null}
      {owners.length > 0 ? (
        <Block title="Controlled by">
          <Group gap={4}>
            {owners.map((owner, index) => (
              <Group key={`${owner.kindId}/${owner.name}`} gap={4}>
                {index > 0 ? <span aria-hidden>←</span> : null}
                <RelatedLink connectionId={connectionId} object={owner} hasKind />
              </Group>
            ))}
          </Group>
        </Block>
      ) : null}
      {resources.length > 0 ? (
        <Block title={object.kind === 'Node' ? 'What its pods ask for' : 'Resources'}>
          <ResourceBars resources={resources} isPod={object.kind === 'Pod'} />
          <Holders object={object} connectionId={connectionId} />
        </Block>
      ) : null}
      {containers.length > 0 ? <Containers object={object} /> : null}
      {facts.length > 0 || object.createdAtMs !== null ? (
        <dl className="kube-facts">
          {facts.map(({ label, value }) => (
            <Fact key={label} label={label}>
              {value}
            </Fact>
          ))}
          <Fact label="Made">
            <Age atMs={object.createdAtMs} />
          </Fact>
        </dl>
      ) : null}
      {related.length > 0 ? <Related connectionId={connectionId} related={related} /> : null}
      {conditions.length > 0 ? (
        <Block title="Conditions">
          <ul className="kube-conditions">
            {conditions.map((condition) => (
              <li key={condition.type}>
                <HealthMark health={condition.health} label={condition.type} />
                <span className="kube-dim">
                  {' '}
                  {condition.status}
                  {condition.reason && condition.reason !== condition.type ? `, ${condition.reason}` : ''}
                  {condition.sinceMs === null ? null : (
                    <>
                      {' '}
                      · <Age atMs={condition.sinceMs} />
                    </>
                  )}
                </span>
                {condition.message && condition.health !== 'ok' ? <div className="kube-event-text">{condition.message}</div> : null}
              </li>
            ))}
          </ul>
        </Block>
      ) : null}
      {labels.length > 0 ? (
        <Block title="Labels">
          <Group gap={4}>
            {labels.map(([key, value]) => (
              <Badge key={key} variant="default" size="sm" style={{ textTransform: 'none', maxWidth: '100%' }} title={`${key}=${value}`}>
                {key}={value}
              </Badge>
            ))}
          </Group>
        </Block>
      ) : null}
      {annotations.length > 0 ? (
        <Block title="Annotations">
          <dl className="kube-facts">
            {annotations.map(([key, value]) => (
              <Fact key={key} label={key}>
                {value}
              </Fact>
            ))}
          </dl>
        </Block>
      ) : null}
      {object.gaps.map((gap) => (
        <Text key={gap} size="xs" c="var(--text-dim)">
          {gap}
        </Text>
      ))}
    </div>
  )
}

function Why({ object }: { object: KubeObjectPage }) {
  return (
    <Alert color={object.health === 'error' ? 'red' : 'yellow'} variant="light" icon={<IconAlertTriangle size={18} />} title="Why" data-testid="why">
      <ol className="kube-why">
        {object.why.map(({ what, remedy }) => (
          <li key={what}>
            {what}
            {remedy ? <div className="kube-why-remedy">{remedy}</div> : null}
          </li>
        ))}
      </ol>
    </Alert>
  )
}

/** From the node to the guest that it is, and on to the host: by the inventory's own evidence. */
function NodeChain({ connectionId, nodeName, isNode }: { connectionId: ConnectionId; nodeName: string; isNode: boolean }) {
  const entities = useInventory((state) => state.entities)
  const edges = useInventory((state) => state.edges)
  const node = [...entities.values()].find((entity) => entity.kind === 'kubernetes-node' && entity.connectionId === connectionId && entity.name === nodeName)
  const step = (from: Entity | undefined, kind: string, to: string): Entity | undefined => {
    if (!from) return undefined
    for (const edge of edges.values()) {
      if (edge.from !== from.id || edge.kind !== kind) continue
      const other = entities.get(edge.to)
      if (other?.kind === to) return other
    }
    return undefined
  }
  const guest = step(node, 'is', 'guest')
  const host = step(guest, 'runs-on', 'node')
  if (isNode && !guest) return null
  const open = (entity: Entity) => (
    <Button size="compact-xs" variant="light" onClick={() => navigate('/inventory', { kind: entity.kind, entity: entity.id })}>
      {entity.name}
    </Button>
  )
  return (
    <Block title="Where it stands">
      <Group gap={6}>
        {isNode ? null : (
          <Button size="compact-xs" variant="light" onClick={() => goToObject(connectionId, { kindId: 'nodes', namespace: null, name: nodeName })}>
            {nodeName}
          </Button>
        )}
        {guest ? (
          <>
            {isNode ? null : <span className="kube-dim">is guest</span>}
            {isNode ? <span className="kube-dim">Is guest</span> : null}
            {open(guest)}
          </>
        ) : (
          <span className="kube-dim">on a machine that the inventory does not know</span>
        )}
        {host ? (
          <>
            <span className="kube-dim">on host</span>
            {open(host)}
          </>
        ) : null}
      </Group>
    </Block>
  )
}

function Holders({ object, connectionId }: { object: KubeObjectPage; connectionId: ConnectionId }) {
  const gpu = object.resources.find((use) => use.name === 'GPU')
  if (!gpu || gpu.holders.length === 0) return null
  return (
    <Text size="sm" mt={6} component="div">
      GPUs are held by{' '}
      {gpu.holders.map((holder) => (
        <Button key={`${holder.namespace}/${holder.name}`} size="compact-xs" variant="subtle" onClick={() => goToObject(connectionId, { kindId: 'pods', namespace: holder.namespace, name: holder.name })}>
          {holder.name} ({holder.amount})
        </Button>
      ))}
    </Text>
  )
}

function Containers({ object }: { object: KubeObjectPage }) {
  return (
    <Block title="Containers">
      <Table verticalSpacing={3} style={{ fontSize: 13 }}>
        <Table.Tbody>
          {object.containers.map((container) => (
            <Table.Tr key={`${container.isInit} ${container.name}`}>
              <Table.Td style={{ verticalAlign: 'top' }}>
                <HealthMark health={container.health} label={container.name} />
                {container.isInit ? <div className="kube-dim">init</div> : null}
              </Table.Td>
              <Table.Td>
                {container.state}
                {container.restarts > 0 ? `, ${container.restarts} ${container.restarts === 1 ? 'restart' : 'restarts'}` : ''}
                <div className="kube-dim" style={{ overflowWrap: 'anywhere' }}>
                  {container.image}
                </div>
                {container.resources ? <div className="kube-dim">{container.resources}</div> : null}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Block>
  )
}

const fewRelated = 8

function Related({ connectionId, related }: { connectionId: ConnectionId; related: readonly RelatedObject[] }) {
  const [isOpen, setOpen] = useState(false)
  const ranked = [...related].sort((a, b) => rank(a) - rank(b))
  const shown = isOpen ? ranked : ranked.slice(0, fewRelated)
  const kinds = [...new Set(related.map((item) => (item.kind === 'Pod' ? 'pods' : 'jobs')))].join(' and ')
  return (
    <Block title={`Its ${kinds} (${related.length})`}>
      <ul className="kube-conditions">
        {shown.map((item) => (
          <li key={`${item.kind}/${item.namespace ?? ''}/${item.name}`}>
            <RelatedLink connectionId={connectionId} object={item} />
            <span className="kube-dim"> {item.status}</span>
          </li>
        ))}
      </ul>
      {related.length > fewRelated ? (
        <Button size="compact-xs" variant="subtle" onClick={() => setOpen(!isOpen)}>
          {isOpen ? 'Show fewer' : `Show all ${related.length}`}
        </Button>
      ) : null}
    </Block>
  )
}
const rank = ({ health }: RelatedObject): number => ['error', 'warning', 'unknown', 'ok', 'off'].indexOf(health)

export function RelatedLink({ connectionId, object, hasKind = false }: { connectionId: ConnectionId; object: RelatedObject; hasKind?: boolean }) {
  return (
    <Button size="compact-xs" variant="subtle" onClick={() => goToObject(connectionId, { kindId: object.kindId, namespace: object.namespace, name: object.name })} title={object.status}>
      <HealthMark health={object.health} label={hasKind ? `${object.kind} ${object.name}` : object.name} />
    </Button>
  )
}

export function Block({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <Title order={3} size="h6" mb={4}>
        {title}
      </Title>
      {children}
    </section>
  )
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </>
  )
}
