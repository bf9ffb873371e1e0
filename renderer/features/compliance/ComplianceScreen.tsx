// Compliance: CIS Controls v8 over the whole site. The frame of its views: the run button, the tabs, and what they show.
import './compliance.css'
import { Button, Group, Loader, Menu, Tabs, Text } from '@mantine/core'
import { IconChevronDown, IconPlayerPlay } from '@tabler/icons-react'
import { useEffect, useRef } from 'react'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import { usePlace } from '#client/location.ts'
import { useSession } from '#client/session.store.ts'
import { useLoaded } from '#client/use-loaded.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { useCatalogue, useComplianceState, useRunOf } from './compliance.store.ts'
import { ControlPanel } from './ControlPanel.tsx'
import { ExceptionsPanel } from './ExceptionsPanel.tsx'
import { FindingPage } from './FindingPage.tsx'
import { FindingsPanel } from './FindingsPanel.tsx'
import { ListsPanel } from './ListsPanel.tsx'
import { OverviewPanel } from './OverviewPanel.tsx'
import { showView, views, type View } from './places.ts'
import { RunProgress } from './RunProgress.tsx'
import { RunsPanel } from './RunsPanel.tsx'
import { ScansPanel } from './ScansPanel.tsx'
import { ExportMenu, SignedPanel } from './SignedPanel.tsx'

const titles: Record<View, string> = {
  overview: 'Overview',
  controls: 'Controls',
  findings: 'Findings',
  runs: 'Runs',
  exceptions: 'Accepted risks',
  lists: 'Lists',
  scans: 'Imports',
  signed: 'Sign-off',
}

export default function ComplianceScreen() {
  const siteId = useSession((state) => state.siteId)
  return siteId ? <ComplianceOf siteId={siteId} key={siteId} /> : null
}

function ComplianceOf({ siteId }: { siteId: SiteId }) {
  const client = useClient()
  const { query } = usePlace()
  const wanted = query.get('view') ?? 'overview'
  const view: View = (views as readonly string[]).includes(wanted) ? (wanted as View) : 'overview'
  const run = useRunOf(siteId)
  const revision = useComplianceState((state) => state.revision)
  const catalogue = useCatalogue()
  const overview = useLoaded(`${siteId}`, (own, options) => own.compliance.overview({ siteId }, options))
  const results = useLoaded(`${siteId}`, (own, options) => own.compliance.results({ siteId }, options))
  useReloadOn(revision, overview.reload, results.reload)
  const error = catalogue.error ?? overview.error ?? results.error
  const start = (includesActive: boolean): void =>
    void attempt('The checks could not be started', client.compliance.startRun({ siteId, includesActive }))
  const [checkId, targetId] = [query.get('check'), query.get('target')]
  const newest = overview.value?.run
  return (
    <div className="screen compliance">
      <div className="screen-head">
        <h1>Compliance</h1>
        <Text size="sm" c="var(--text-dim)">
          CIS Controls v8: 18 controls, 153 safeguards, {catalogue.value?.checks.length ?? '…'} checks that only read
        </Text>
        <Group ml="auto" gap="xs">
          {newest ? <ExportMenu siteId={siteId} runId={newest.runId} label="Report" /> : null}
          <Button.Group>
            <Button leftSection={<IconPlayerPlay size={16} />} onClick={() => start(false)} disabled={run !== null}>
              Run the checks
            </Button>
            <Menu position="bottom-end">
              <Menu.Target>
                <Button aria-label="More ways to run" px="xs" disabled={run !== null}>
                  <IconChevronDown size={16} />
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={() => start(true)}>Run with active probes between networks</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </Button.Group>
        </Group>
      </div>
      <div className="screen-body" tabIndex={0} role="region" aria-label="Compliance">
        {run ? <RunProgress run={run} /> : null}
        {error ? <ErrorNotice error={error} onRetry={overview.reload} /> : null}
        <Tabs value={view} onChange={(next) => showView((next ?? 'overview') as View)} keepMounted={false}>
          <Tabs.List mb="md">
            {views.map((one) => (
              <Tabs.Tab key={one} value={one}>
                {titles[one]}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {!catalogue.value || !overview.value || !results.value ? (
            error ? null : <Loader role="img" aria-label="Loading the assessment" />
          ) : (
            <>
              <Tabs.Panel value="overview">
                <OverviewPanel overview={overview.value} catalogue={catalogue.value} />
              </Tabs.Panel>
              <Tabs.Panel value="controls">
                <ControlPanel siteId={siteId} overview={overview.value} catalogue={catalogue.value} results={results.value} />
              </Tabs.Panel>
              <Tabs.Panel value="findings">
                {checkId && targetId ? (
                  <FindingPage siteId={siteId} checkId={checkId} targetId={targetId} catalogue={catalogue.value} />
                ) : (
                  <FindingsPanel results={results.value} catalogue={catalogue.value} />
                )}
              </Tabs.Panel>
              <Tabs.Panel value="runs">
                <RunsPanel siteId={siteId} catalogue={catalogue.value} />
              </Tabs.Panel>
              <Tabs.Panel value="exceptions">
                <ExceptionsPanel siteId={siteId} catalogue={catalogue.value} />
              </Tabs.Panel>
              <Tabs.Panel value="lists">
                <ListsPanel siteId={siteId} />
              </Tabs.Panel>
              <Tabs.Panel value="scans">
                <ScansPanel siteId={siteId} />
              </Tabs.Panel>
              <Tabs.Panel value="signed">
                <SignedPanel siteId={siteId} overview={overview.value} />
              </Tabs.Panel>
            </>
          )}
        </Tabs>
      </div>
    </div>
  )
}

/** What is shown stays in sight while it is read anew. */
function useReloadOn(revision: number, ...reloads: (() => void)[]): void {
  const known = useRef(revision)
  useEffect(() => {
    if (known.current === revision) return
    known.current = revision
    for (const reload of reloads) reload()
  })
}
