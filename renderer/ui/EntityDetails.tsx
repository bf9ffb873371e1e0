// All that is known of one entity: state, facts, where it came from and how old it is, and its neighbours with the
// evidence for each edge. Shared by the map and the tables.
import { Accordion, Badge, Button, CloseButton, Group, Stack, Text, Title } from '@mantine/core'
import { IconBinaryTree2 } from '@tabler/icons-react'
import { useMemo, type ReactNode } from 'react'
import { factLabel, formatFact } from '#shared/model/facts.ts'
import type { Edge, Entity, Source } from '#shared/model/inventory.ts'
import { Age } from './Age.tsx'
import { EntityIcon, entityKindNames } from './EntityIcon.tsx'
import { HealthMark } from './HealthMark.tsx'

interface EntityDetailsProps {
  entity: Entity
  entities: ReadonlyMap<string, Entity>
  edges: ReadonlyMap<string, Edge>
  source: Source | undefined
  onSelect(entity: Entity): void
  onShowOnMap?: () => void
  /** Buttons and menu of what can be done with it; drawn under its name. */
  actions?: ReactNode
  onClose(): void
}

interface Neighbour {
  edge: Edge
  other: Entity
  isOutgoing: boolean
}

export function EntityDetails(props: EntityDetailsProps) {
  const { entity, source } = props
  const neighbours = useMemo(() => neighboursOf(entity.id, props.entities, props.edges), [entity.id, props.entities, props.edges])
  const facts = Object.entries(entity.facts)
  return (
    <aside
      className="details"
      aria-label={`Details of ${entity.name}`}
      style={{ flexShrink: 0, overflowY: 'auto', border: '1px solid var(--line)', borderRadius: 10, padding: 16, background: 'var(--surface-raised)' }}
    >
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div>
          <Text size="xs" c="var(--text-dim)">
            {entityKindNames[entity.kind].one}
          </Text>
          <Title order={2} size="h4" style={{ overflowWrap: 'anywhere' }}>
            {entity.name}
          </Title>
        </div>
        <CloseButton aria-label="Close the details" onClick={props.onClose} />
      </Group>
      <Text size="sm" mt={4}>
        <HealthMark health={entity.health} label={entity.status} />
      </Text>
      {source ? (
        <Text size="xs" c="var(--text-dim)" mt={4}>
          {source.state === 'live' ? 'Live from' : 'Last known from'} {source.label}, <Age atMs={source.lastSeenAtMs} />
        </Text>
      ) : null}
      {entity.tags.length > 0 ? (
        <Group gap={4} mt="xs">
          {entity.tags.map((tag) => (
            <Badge key={tag} size="sm" variant="default" style={{ textTransform: 'none' }}>
              {tag}
            </Badge>
          ))}
        </Group>
      ) : null}
      {props.onShowOnMap ? (
        <Button mt="sm" size="xs" variant="default" leftSection={<IconBinaryTree2 size={15} />} onClick={props.onShowOnMap}>
          Show on the map
        </Button>
      ) : null}
      {props.actions}
      <dl style={{ display: 'grid', gridTemplateColumns: 'auto 1fr', gap: '5px 14px', fontSize: 13, margin: '14px 0' }}>
        {entity.addresses.length > 0 ? <Fact label="Addresses" value={entity.addresses.join('\n')} /> : null}
        {facts.map(([key, value]) => (
          <Fact key={key} label={factLabel(key)} value={formatFact(key, value)} />
        ))}
      </dl>
      <Neighbours neighbours={neighbours} onSelect={props.onSelect} />
    </aside>
  )
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <>
      <dt style={{ color: 'var(--text-dim)' }}>{label}</dt>
      <dd style={{ margin: 0, overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>{value}</dd>
    </>
  )
}

const mostNeighbours = 60

function Neighbours({ neighbours, onSelect }: { neighbours: Neighbour[]; onSelect: (entity: Entity) => void }) {
  if (neighbours.length === 0) return null
  return (
    <>
      <Title order={3} size="h6" mb={4}>
        Connected to {neighbours.length}
      </Title>
      <Accordion key={neighbours[0]!.edge.id} variant="filled" chevronPosition="right" styles={{ control: { paddingInline: 8 }, label: { paddingBlock: 6 } }}>
        {neighbours.slice(0, mostNeighbours).map(({ edge, other, isOutgoing }) => (
          <Accordion.Item key={edge.id} value={edge.id}>
            <Accordion.Control>
              <Group gap={8} wrap="nowrap">
                <EntityIcon kind={other.kind} size={15} />
                <Text size="sm" truncate>
                  {other.name}
                </Text>
                <Text size="xs" c="var(--text-dim)" ml="auto" style={{ whiteSpace: 'nowrap' }}>
                  {isOutgoing ? edge.kind.replaceAll('-', ' ') : `← ${edge.kind.replaceAll('-', ' ')}`}
                </Text>
              </Group>
            </Accordion.Control>
            <Accordion.Panel>
              <Stack gap={4}>
                {edge.evidence.map((reason, index) => (
                  <Text key={index} size="xs">
                    {reason.text}
                  </Text>
                ))}
                <Group>
                  <Button size="compact-xs" variant="light" onClick={() => onSelect(other)}>
                    Select {other.name}
                  </Button>
                </Group>
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
      {neighbours.length > mostNeighbours ? (
        <Text size="xs" c="var(--text-dim)" mt={6}>
          And {neighbours.length - mostNeighbours} more; the map shows all of them.
        </Text>
      ) : null}
    </>
  )
}

function neighboursOf(id: string, entities: ReadonlyMap<string, Entity>, edges: ReadonlyMap<string, Edge>): Neighbour[] {
  const found: Neighbour[] = []
  for (const edge of edges.values()) {
    if (edge.from !== id && edge.to !== id) continue
    const other = entities.get(edge.from === id ? edge.to : edge.from)
    if (other) found.push({ edge, other, isOutgoing: edge.from === id })
  }
  return found.sort((a, b) => a.other.kind.localeCompare(b.other.kind) || a.other.name.localeCompare(b.other.name))
}
