// A cluster in ten seconds: is it well, what is wrong and why, what is full, who holds the GPUs.
import { Button, Loader, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { useFollow } from '#client/client-context.ts'
import type { ClusterOverview } from '#shared/contracts/kubernetes.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { formatAge, formatCount } from '#shared/model/quantities.ts'
import { HealthMark } from '#ui/HealthMark.tsx'
import { ObjectEvents } from './ObjectEvents.tsx'
import { Block } from './ObjectSummary.tsx'
import { goToKube, goToObject } from './place.ts'
import { ResourceBars } from './ResourceBars.tsx'

export function ClusterOverviewPanel({ connectionId, label }: { connectionId: ConnectionId; label: string }) {
  const [overview, setOverview] = useState<ClusterOverview | null>(null)
  useFollow(connectionId, (client, options) => client.kubernetes.watchOverview({ connectionId }, options), setOverview)
  return (
    <>
      <div className="screen-head">
        <h1>{label}</h1>
        {overview ? (
          <span className="kbd-hint">
            Kubernetes {overview.version} · as {overview.user || 'an unnamed identity'}
            {overview.certificateEndsAtMs === null ? '' : ` · ${certificateWords(overview.certificateEndsAtMs, overview.atMs)}`}
          </span>
        ) : null}
      </div>
      <div className="screen-body" tabIndex={0} role="region" aria-label="Cluster overview">
        {overview ? <Overview connectionId={connectionId} overview={overview} /> : <Loader role="img" m="xl" aria-label="Reading the cluster" />}
      </div>
    </>
  )
}

function certificateWords(endsAtMs: number, nowMs: number): string {
  const days = Math.floor((endsAtMs - nowMs) / 86_400_000)
  return days < 0 ? `its certificate ended ${formatAge(nowMs - endsAtMs)}` : `its certificate is valid for ${formatCount(days)} more days`
}

function Overview({ connectionId, overview }: { connectionId: ConnectionId; overview: ClusterOverview }) {
  const gpu = overview.totals.find((use) => use.name === 'GPU')
  return (
    <div className="kube-overview">
      <div className="kube-tiles">
        <Tile title="Nodes" value={overview.nodes.length} note={nodeWords(overview)} isBad={overview.nodes.some((node) => node.health === 'error')} onClick={() => goToKube({ connectionId, kind: 'nodes' })} />
        <Tile title="Pods" value={sum(overview.podsByPhase)} note={phaseWords(overview.podsByPhase)} isBad={(overview.podsByPhase['Unknown'] ?? 0) > 0} onClick={() => goToKube({ connectionId, kind: 'pods' })} />
        <Tile title="Problems" value={overview.problems.length + overview.moreProblems} note={overview.problems.length === 0 ? 'Nothing is wrong' : 'See below'} isBad={overview.problems.some((item) => item.health === 'error')} />
        {gpu ? <Tile title="GPUs" value={gpu.requested} of={gpu.allocatable} note={gpu.requested >= gpu.allocatable ? 'All are held' : `${gpu.allocatable - gpu.requested} free`} onClick={() => goToKube({ connectionId, kind: 'nodes' })} /> : <Tile title="GPUs" value={0} note="No node offers one" />}
        <Tile title="Namespaces" value={overview.namespaces} note="" onClick={() => goToKube({ connectionId, kind: 'namespaces' })} />
      </div>
      {overview.gaps.map((gap) => (
        <Text key={gap} size="sm" c="var(--text-dim)">
          {gap}
        </Text>
      ))}
      <Block title="What is asked of the cluster">
        <ResourceBars resources={overview.totals} />
      </Block>
      <div className="kube-columns">
        <Block title={overview.problems.length > 0 ? `Problems (${overview.problems.length + overview.moreProblems})` : 'Problems'}>
          {overview.problems.length === 0 ? (
            <Text size="sm" c="var(--text-dim)">
              No node, workload or pod is in a bad state.
            </Text>
          ) : (
            <ul className="kube-problems">
              {overview.problems.slice(0, 30).map((item) => (
                <li key={`${item.kind}/${item.namespace ?? ''}/${item.name}`}>
                  <button onClick={() => goToObject(connectionId, item)}>
                    <HealthMark health={item.health} label={item.name} />
                    <span className="kube-dim"> {item.kind}{item.namespace ? ` in ${item.namespace}` : ''} · {item.status}</span>
                    <div className="kube-event-text">{item.why}</div>
                  </button>
                </li>
              ))}
            </ul>
          )}
          {overview.problems.length + overview.moreProblems > 30 ? (
            <Button size="compact-xs" variant="subtle" onClick={() => goToKube({ connectionId, kind: 'pods' })}>
              And {overview.problems.length + overview.moreProblems - 30} more
            </Button>
          ) : null}
        </Block>
        <Block title="Warnings of the last hour">
          {overview.warnings.length === 0 ? (
            <Text size="sm" c="var(--text-dim)">
              None.
            </Text>
          ) : (
            <ObjectEvents events={overview.warnings.slice(0, 12)} showObject />
          )}
        </Block>
      </div>
      <Block title="Nodes">
        <NodeTable connectionId={connectionId} overview={overview} />
      </Block>
    </div>
  )
}

function NodeTable({ connectionId, overview }: { connectionId: ConnectionId; overview: ClusterOverview }) {
  return (
    <Table verticalSpacing={6} highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Node</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th>Roles</Table.Th>
          <Table.Th>Version</Table.Th>
          <Table.Th style={{ textAlign: 'right' }}>Pods</Table.Th>
          <Table.Th w="42%">Requested of what it can give</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {overview.nodes.map((node) => (
          <Table.Tr key={node.name}>
            <Table.Td>
              <Button size="compact-sm" variant="subtle" onClick={() => goToObject(connectionId, { kindId: 'nodes', namespace: null, name: node.name })}>
                {node.name}
              </Button>
            </Table.Td>
            <Table.Td>
              <HealthMark health={node.health} label={node.status} />
            </Table.Td>
            <Table.Td>{node.roles}</Table.Td>
            <Table.Td>{node.version}</Table.Td>
            <Table.Td style={{ textAlign: 'right' }}>{node.pods}</Table.Td>
            <Table.Td>
              <ResourceBars resources={node.resources} />
              {node.resources.flatMap((use) => use.holders).map((holder) => (
                <Button key={`${holder.namespace}/${holder.name}`} size="compact-xs" variant="subtle" onClick={() => goToObject(connectionId, { kindId: 'pods', namespace: holder.namespace, name: holder.name })}>
                  GPU: {holder.name} ({holder.amount})
                </Button>
              ))}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

function Tile(props: { title: string; value: number; of?: number; note: string; isBad?: boolean; onClick?: () => void }) {
  const content = (
    <>
      <div className="kube-tile-title">{props.title}</div>
      <div className="kube-tile-value" data-bad={props.isBad || undefined}>
        {formatCount(props.value)}
        {props.of === undefined ? null : <span className="kube-tile-of"> of {formatCount(props.of)}</span>}
      </div>
      <div className="kube-dim">{props.note}</div>
    </>
  )
  return props.onClick ? (
    <button className="kube-tile" onClick={props.onClick}>
      {content}
    </button>
  ) : (
    <div className="kube-tile">{content}</div>
  )
}

const sum = (record: Record<string, number>): number => Object.values(record).reduce((total, count) => total + count, 0)
const phaseWords = (phases: Record<string, number>): string =>
  ['Running', 'Pending', 'Failed', 'Unknown', 'Succeeded']
    .filter((phase) => phases[phase])
    .map((phase) => `${phases[phase]} ${phase === 'Succeeded' ? 'ended well' : phase.toLowerCase()}`)
    .join(', ')
function nodeWords({ nodes }: ClusterOverview): string {
  const bad = nodes.filter((node) => node.health === 'error').length
  const cordoned = nodes.filter((node) => node.status.includes('cordoned')).length
  return bad > 0 ? `${bad} not ready` : cordoned > 0 ? `${cordoned} cordoned` : nodes.length > 0 ? 'All ready' : 'Not known'
}
