// A control: its safeguards with what checks say, what people attest, and who answers for each.
import { Accordion, Button, Group, NavLink, Text } from '@mantine/core'
import { useClient } from '#client/client-context.ts'
import { attempt } from '#client/attempt.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { usePlace } from '#client/location.ts'
import type { ComplianceOverview } from '#shared/contracts/compliance.ts'
import { controlOf, scoreSentence, type CheckResult, type SafeguardView } from '#shared/model/compliance.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { downloadUrl } from '#ui/download.ts'
import { AttestDialog, OwnerDialog } from './AttestDialog.tsx'
import { recordChanged, type Catalogue } from './compliance.store.ts'
import { StateMark, VerdictMark } from './marks.tsx'
import { showControl, showFinding } from './places.ts'

interface ControlPanelProps {
  siteId: SiteId
  overview: ComplianceOverview
  catalogue: Catalogue
  results: readonly CheckResult[]
}

export function ControlPanel({ siteId, overview, catalogue, results }: ControlPanelProps) {
  const { query } = usePlace()
  const chosen = Number(query.get('control') ?? '1')
  const control = catalogue.controls.find(({ id }) => id === chosen) ?? catalogue.controls[0]!
  const safeguards = catalogue.safeguards.filter(({ id }) => controlOf(id) === control.id)
  const views = new Map(overview.safeguards.map((view) => [view.id, view]))
  const scores = overview.controls.find(({ id }) => id === control.id)!.scores
  return (
    <div style={{ display: 'grid', gridTemplateColumns: '270px minmax(0, 1fr)', gap: 18, alignItems: 'start' }}>
      <nav aria-label="Controls">
        {catalogue.controls.map(({ id, title }) => (
          <NavLink key={id} component="button" active={id === control.id} label={`${id}. ${title}`} onClick={() => showControl(id)} py={5} />
        ))}
      </nav>
      <div>
        <h2 style={{ margin: '0 0 2px', fontSize: 17 }}>
          {control.id}. {control.title}
        </h2>
        <Text size="sm" c="var(--text-dim)" mb="sm">
          {scoreSentence(scores[3])}.
        </Text>
        <Accordion key={`${control.id} ${query.get('safeguard') ?? ''}`} variant="separated" multiple defaultValue={query.has('safeguard') ? [query.get('safeguard')!] : []}>
          {safeguards.map(({ id, title, group, assetType, securityFunction }) => {
            const view = views.get(id)!
            return (
              <Accordion.Item key={id} value={id}>
                <Accordion.Control>
                  <Group wrap="nowrap" gap="md">
                    <Text fw={650} size="sm" w={42}>
                      {id}
                    </Text>
                    <div style={{ flex: 1, minWidth: 0 }}>
                      <Text size="sm">{title}</Text>
                      <Text size="xs" c="var(--text-dim)">
                        from IG{group} · {assetType} · {securityFunction} · {view.checkIds.length === 0 ? 'by attestation only' : `${view.checkIds.length} checks`}
                        {view.owner ? ` · ${view.owner}` : ''}
                      </Text>
                    </div>
                    <Text size="sm" component="div" w={170}>
                      <StateMark state={view.state} />
                    </Text>
                  </Group>
                </Accordion.Control>
                <Accordion.Panel>
                  <SafeguardDetails siteId={siteId} view={view} title={title} catalogue={catalogue} results={results} />
                </Accordion.Panel>
              </Accordion.Item>
            )
          })}
        </Accordion>
      </div>
    </div>
  )
}

function SafeguardDetails(props: { siteId: SiteId; view: SafeguardView; title: string; catalogue: Catalogue; results: readonly CheckResult[] }) {
  const { siteId, view, title, catalogue, results } = props
  const client = useClient()
  const { attestation } = view
  const file = attestation?.file ?? null
  return (
    <div style={{ fontSize: 13 }}>
      <Text size="sm" mb="xs">
        {view.says}
      </Text>
      {view.checkIds.map((id) => {
        const check = catalogue.checks.find((one) => one.id === id)
        const own = results.filter(({ checkId }) => checkId === id)
        return (
          <div key={id} className="compliance-finding-row" style={{ gridTemplateColumns: '110px minmax(0, 1fr)' }}>
            <span className="compliance-probe">{id}</span>
            <div>
              <Text size="sm">{check?.title}</Text>
              {own.length === 0 ? (
                <Text size="xs" c="var(--text-dim)">
                  Not looked at: {check?.isManual ? 'it runs only when a run is started with active probes.' : 'this site has no system of that kind, or the checks have not been run.'}
                </Text>
              ) : (
                own.map((result) => (
                  <button key={result.targetId} className="compliance-link" style={{ fontSize: 12 }} onClick={() => showFinding(id, result.targetId)}>
                    <VerdictMark verdict={result.verdict} />
                    &nbsp;· {result.targetLabel}
                  </button>
                ))
              )}
            </div>
          </div>
        )
      })}
      {attestation ? (
        <div className="compliance-card" style={{ margin: '10px 0' }}>
          <Text size="sm">
            <b>{attestation.owner}</b> attests: {attestation.claim.replace('-', ' ')}, until {new Date(attestation.expiresAtMs).toLocaleDateString()}
            {attestation.expiresAtMs < Date.now() ? ' (expired)' : ''}
          </Text>
          <Text size="sm" c="var(--text-dim)">
            {attestation.statement}
          </Text>
          <Group gap="xs" mt={6}>
            {file ? (
              <Button size="compact-xs" variant="default" onClick={() => void attempt('The file could not be read', client.compliance.downloadFile({ siteId, sha256: file.sha256 }).then((ticket) => downloadUrl(ticket.url, file.name)))}>
                {file.name}
              </Button>
            ) : null}
            <Button size="compact-xs" variant="default" onClick={() => void attempt('The attestation could not be withdrawn', client.compliance.withdrawAttestation({ siteId, id: attestation.id }).then(recordChanged))}>
              Withdraw
            </Button>
          </Group>
        </div>
      ) : null}
      <Group gap="xs" mt="sm">
        <Button size="xs" onClick={() => openDialog(<AttestDialog siteId={siteId} safeguardId={view.id} title={title} owner={view.owner ?? ''} />)}>
          Attest {view.id}…
        </Button>
        <Button size="xs" variant="default" onClick={() => openDialog(<OwnerDialog siteId={siteId} safeguardId={view.id} owner={view.owner ?? ''} />)}>
          {view.owner ? 'Change the owner…' : 'Name an owner…'}
        </Button>
      </Group>
    </div>
  )
}
