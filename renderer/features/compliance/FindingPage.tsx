// One finding: what was looked at and found, object by object, the answers it was judged by, how it was before, what to
// do, and the way to accept the risk.
import { Anchor, Badge, Button, Group, Loader, Table, Text } from '@mantine/core'
import { IconArrowLeft } from '@tabler/icons-react'
import { useState } from 'react'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { useInventory } from '#client/inventory.store.ts'
import { navigate } from '#client/location.ts'
import { useLoaded } from '#client/use-loaded.ts'
import { verdictWord, type Evidence, type ObjectResult, type Verdict } from '#shared/model/compliance.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { Age } from '#ui/Age.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { AcceptRiskDialog } from './AcceptRiskDialog.tsx'
import { recordChanged, useComplianceState, type Catalogue } from './compliance.store.ts'
import { SeverityWord, VerdictMark } from './marks.tsx'
import { showControl, showList, showView } from './places.ts'

const historyColor: Record<Verdict, string> = {
  fail: 'var(--health-error)', error: 'var(--health-error)', unknown: 'var(--health-unknown)', warn: 'var(--health-warning)',
  excepted: 'var(--health-warning)', pass: 'var(--health-ok)', 'not-applicable': 'var(--line)',
}

export function FindingPage(props: { siteId: SiteId; checkId: string; targetId: string; catalogue: Catalogue }) {
  const { siteId, checkId, targetId, catalogue } = props
  const client = useClient()
  const revision = useComplianceState((state) => state.revision)
  const { value, error, reload } = useLoaded(`${siteId} ${checkId} ${targetId} ${revision}`, (own, options) => own.compliance.finding({ siteId, checkId, targetId }, options))
  const check = catalogue.checks.find(({ id }) => id === checkId)
  if (error) return <ErrorNotice error={error} onRetry={reload} />
  if (!value || !check) return <Loader role="img" aria-label="Loading the finding" />
  const { result, run, evidence, history, exceptions } = value
  return (
    <article>
      <Button variant="subtle" size="compact-sm" leftSection={<IconArrowLeft size={15} />} onClick={() => showView('findings')} mb={6}>
        All findings
      </Button>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div>
          <h2 style={{ margin: 0, fontSize: 18 }}>{check.title}</h2>
          <Group gap="md" mt={4}>
            <VerdictMark verdict={result.verdict} />
            <SeverityWord severity={check.severity} />
            <Text size="sm" c="var(--text-dim)">
              {check.id} · {result.targetLabel} · looked at <Age atMs={run.startedAtMs} />
            </Text>
          </Group>
        </div>
        {result.verdict === 'fail' || result.verdict === 'warn' ? (
          <Button variant="default" onClick={() => openDialog(<AcceptRiskDialog siteId={siteId} result={result} title={check.title} />)}>
            Accept the risk…
          </Button>
        ) : null}
      </Group>
      <div className="compliance-columns">
        <div style={{ display: 'grid', gap: 14 }}>
          <section className="compliance-card">
            <h2>What was found</h2>
            <Text size="sm">{result.says}</Text>
            <Objects objects={result.objects} passed={result.counts.pass ?? 0} />
          </section>
          <section className="compliance-card">
            <h2>Evidence</h2>
            {evidence.length === 0 ? (
              <Text size="sm" c="var(--text-dim)">
                {result.evidence.length === 0 ? 'No question could be asked.' : 'The evidence of this run is no longer kept.'}
              </Text>
            ) : (
              evidence.map((one) => <EvidenceItem key={one.id} runId={run.runId} evidence={one} />)
            )}
          </section>
        </div>
        <div style={{ display: 'grid', gap: 14 }}>
          <section className="compliance-card">
            <h2>What should hold</h2>
            <Text size="sm">{check.rule}</Text>
            {check.requires ? (
              <Text size="sm" mt={6}>
                <b>Needs:</b> {check.requires}
              </Text>
            ) : null}
            {check.note ? (
              <Text size="sm" mt={6} c="var(--text-dim)">
                {check.note}
              </Text>
            ) : null}
            <h2 style={{ marginTop: 14 }}>Remedy</h2>
            <Text size="sm">{check.remedy}</Text>
            <Group gap={6} mt="sm">
              {check.safeguards.map((id) => (
                <Button key={id} size="compact-xs" variant="default" onClick={() => showControl(Number(id.split('.')[0]), id)}>
                  Safeguard {id}
                </Button>
              ))}
              {check.lists.map((id) => (
                <Button key={id} size="compact-xs" variant="default" onClick={() => showList(id)}>
                  List: {id}
                </Button>
              ))}
            </Group>
          </section>
          <section className="compliance-card">
            <h2>History</h2>
            <div className="compliance-history" role="img" aria-label={`Verdicts, oldest first: ${history.map(({ verdict }) => verdictWord[verdict]).join(', ')}`}>
              {history.map(({ runId, atMs, verdict }) => (
                <i key={runId} style={{ background: historyColor[verdict] }} title={`${new Date(atMs).toLocaleString()}: ${verdictWord[verdict]}`} />
              ))}
            </div>
          </section>
          {exceptions.length > 0 ? (
            <section className="compliance-card">
              <h2>Accepted risks</h2>
              {exceptions.map((one) => {
                const isOver = one.revokedAtMs !== null || one.expiresAtMs < Date.now()
                return (
                  <div key={one.id} className="compliance-finding-row" style={{ gridTemplateColumns: 'minmax(0, 1fr) auto' }}>
                    <div>
                      <Text size="sm">{one.reason}</Text>
                      <Text size="xs" c="var(--text-dim)">
                        {one.objects.length === 0 ? 'All objects' : one.objects.join(', ')} · asked by {one.requestedBy}, approved by {one.approvedBy} · {isOver ? 'over' : `until ${new Date(one.expiresAtMs).toLocaleDateString()}`}
                      </Text>
                    </div>
                    {isOver ? null : (
                      <Button size="compact-xs" variant="default" onClick={() => void attempt('The exception could not be ended', client.compliance.revokeException({ siteId, id: one.id }).then(recordChanged))}>
                        End now
                      </Button>
                    )}
                  </div>
                )
              })}
            </section>
          ) : null}
        </div>
      </div>
    </article>
  )
}

function Objects({ objects, passed }: { objects: readonly ObjectResult[]; passed: number }) {
  const entities = useInventory((state) => state.entities)
  if (objects.length === 0) return null
  return (
    <>
      <Table mt="sm" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Object</Table.Th>
            <Table.Th w={130}>Verdict</Table.Th>
            <Table.Th>What it is</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {objects.map((one, index) => {
            const entity = entityOf(one, entities)
            return (
              <Table.Tr key={`${one.name} ${index}`}>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>
                  {entity ? (
                    <Anchor component="button" size="sm" ta="left" onClick={() => navigate('/inventory', { entity: entity.id })}>
                      {one.name}
                    </Anchor>
                  ) : (
                    one.name
                  )}
                </Table.Td>
                <Table.Td>
                  <VerdictMark verdict={one.verdict} />
                </Table.Td>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{one.says}</Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
      {passed > 0 ? (
        <Text size="xs" c="var(--text-dim)" mt={4}>
          {passed} more pass.
        </Text>
      ) : null}
    </>
  )
}

/** The thing of the inventory that a result speaks of: by VMID, or by its name (and namespace). */
function entityOf({ entity }: ObjectResult, entities: ReadonlyMap<string, Entity>): Entity | undefined {
  if (!entity) return undefined
  const [name, namespace] = entity.key.split('/').reverse()
  for (const one of entities.values()) {
    if (one.kind !== entity.kind) continue
    if (String(one.facts['vmid'] ?? '') === entity.key || one.name === entity.key) return one
    if (namespace !== undefined && one.name === name && one.id.includes(`/${namespace}/`)) return one
  }
  return undefined
}

function EvidenceItem({ runId, evidence }: { runId: string; evidence: Evidence }) {
  const client = useClient()
  const [text, setText] = useState<string | null>(null)
  const toggle = async (): Promise<void> => {
    if (text !== null) return setText(null)
    await attempt('The evidence could not be read', client.compliance.evidenceText({ runId, evidenceId: evidence.id }).then(setText))
  }
  return (
    <div className="compliance-finding-row" style={{ gridTemplateColumns: 'minmax(0, 1fr) auto' }}>
      <div style={{ minWidth: 0 }}>
        <div className="compliance-probe">{evidence.probe}</div>
        <Text size="xs" c="var(--text-dim)" style={{ overflowWrap: 'anywhere' }}>
          {evidence.target}, as {evidence.identity || 'nobody'} · {new Date(evidence.atMs).toLocaleString()} · Meridian {evidence.appVersion} · SHA-256 {evidence.sha256.slice(0, 16)}…
        </Text>
        {evidence.problem ? (
          <Text size="xs" c="var(--mantine-color-error)">
            {evidence.problem}
          </Text>
        ) : null}
        {text !== null ? (
          <div className="compliance-evidence" tabIndex={0} role="region" aria-label={`Answer to ${evidence.probe}`}>
            {text === '' ? '(an empty answer)' : text}
          </div>
        ) : null}
      </div>
      <Group gap={6} align="flex-start" wrap="nowrap">
        {evidence.redactions > 0 ? <Badge variant="light" color="gray" style={{ textTransform: 'none' }}>{evidence.redactions} redacted</Badge> : null}
        <Button size="compact-xs" variant="default" onClick={() => void toggle()} aria-expanded={text !== null} disabled={evidence.problem !== null}>
          {text === null ? 'Show the answer' : 'Hide'}
        </Button>
      </Group>
    </div>
  )
}
