// Backups of the site: what is protected and what is not, first of all; then datastores, backups, jobs and off-site
// copies with everything that can be done about them. Readable offline with its age.
import './backups.css'
import { ActionIcon, Group, Loader, Tabs, Tooltip } from '@mantine/core'
import { IconRefresh, IconShieldCheck, IconTargetArrow } from '@tabler/icons-react'
import { useState } from 'react'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import { useScreenCommands } from '#client/commands.store.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { navigate, usePlace } from '#client/location.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import type { BackupSource, BackupState } from '#shared/contracts/backups.ts'
import type { Site } from '#shared/model/connection.ts'
import { formatDuration } from '#shared/model/quantities.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { Age } from '#ui/Age.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { CoverageTab } from './CoverageTab.tsx'
import { DatastoresTab } from './DatastoresTab.tsx'
import { GroupsTab } from './GroupsTab.tsx'
import { JobsTab } from './JobsTab.tsx'
import { OffsiteTab } from './OffsiteTab.tsx'
import { TargetsDialog } from './TargetsDialog.tsx'
import { useBackups } from './use-backups.ts'

const tabs = ['coverage', 'datastores', 'groups', 'jobs', 'offsite'] as const
type TabName = (typeof tabs)[number]
const titles: Record<TabName, string> = { coverage: 'Coverage', datastores: 'Datastores', groups: 'Backups', jobs: 'Jobs', offsite: 'Off site' }

export interface TabProps {
  site: Site
  state: BackupState
}

export default function BackupsScreen() {
  const site = useSession(currentSite)
  return site ? <SiteBackups key={site.id} site={site} /> : null
}

function SiteBackups({ site }: { site: Site }) {
  const client = useClient()
  const { state, error } = useBackups(site.id)
  const [isReading, setReading] = useState(false)
  const asked = usePlace().query.get('tab')
  const tab = tabs.find((name) => name === asked) ?? 'coverage'
  const refresh = (): void => {
    setReading(true)
    void attempt('The backups could not be read', client.backups.refresh({ siteId: site.id })).finally(() => setReading(false))
  }
  const openTargets = (): void => {
    if (state) openDialog(<TargetsDialog site={site} state={state} />)
  }
  useScreenCommands(
    () => [
      { id: 'backups.refresh', title: 'Read the backups again', group: 'Backups', run: refresh },
      { id: 'backups.targets', title: 'Change backup targets', group: 'Backups', run: openTargets },
    ],
    `${site.id} ${state ? 'known' : ''}`,
  )
  if (error && !state) return <div className="screen-body">{<ErrorNotice error={error} />}</div>
  if (!state) return <Loader role="img" m="xl" aria-label="Reading the backups" />
  if (state.sources.every((source) => source.kind === 'postgres'))
    return (
      <EmptyState icon={<IconShieldCheck size={40} />} title="Nothing here tells of backups" action={<ActionButton onClick={() => navigate('/connections')}>Look at the connections</ActionButton>}>
        Connect a Proxmox Backup Server to see what is backed up, Proxmox VE to see what should be, and an object store
        to see what is off site.
      </EmptyState>
    )
  return (
    <Tabs className="backups" value={tab} onChange={(next) => next && navigate('/backups', { tab: next })} keepMounted={false} activateTabWithKeyboard={false}>
      <div className="screen-head">
        <h1>Backups</h1>
        <Tabs.List aria-label="Parts of the backups">
          {tabs.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {titles[name]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Group ml="auto" gap="xs" wrap="nowrap">
          <Sources sources={state.sources} />
          <ActionButton size="xs" variant="default" leftSection={<IconTargetArrow size={15} aria-hidden />} onClick={openTargets}>
            Targets
          </ActionButton>
          <ActionIcon variant="default" size={30} aria-label="Read the backups again" loading={isReading} onClick={refresh}>
            <IconRefresh size={16} />
          </ActionIcon>
        </Group>
      </div>
      <Troubles sources={state.sources} />
      <Tabs.Panel value={tab} className="backups-panel">
        {tab === 'coverage' ? <CoverageTab site={site} state={state} /> : null}
        {tab === 'datastores' ? <DatastoresTab site={site} state={state} /> : null}
        {tab === 'groups' ? <GroupsTab site={site} state={state} /> : null}
        {tab === 'jobs' ? <JobsTab site={site} state={state} /> : null}
        {tab === 'offsite' ? <OffsiteTab site={site} state={state} /> : null}
      </Tabs.Panel>
    </Tabs>
  )
}

/** Until when everything is known, in one word when all is well. */
function Sources({ sources }: { sources: readonly BackupSource[] }) {
  const told = sources.filter((source) => source.readAtMs !== null)
  const oldest = told.length === 0 ? null : Math.min(...told.map((source) => source.readAtMs!))
  return (
    <Tooltip
      multiline
      maw={420}
      label={sources.map((source) => (
        <div key={source.connectionId}>
          {source.label}: {source.state === 'live' ? 'answers' : source.state === 'reading' ? 'is being read' : source.state === 'lost' ? 'does not answer' : 'never read'}
        </div>
      ))}
    >
      <span className="kbd-hint" tabIndex={0}>
        Read <Age atMs={oldest} />
      </span>
    </Tooltip>
  )
}

const noticeableSkewMs = 120_000

/** Systems that do not answer, and what this identity may not see: nothing below may be taken for the whole. */
function Troubles({ sources }: { sources: readonly BackupSource[] }) {
  const lost = sources.filter((source) => source.problem !== null)
  const limits = sources.flatMap((source) => source.limits)
  const skewed = sources.filter((source) => Math.abs(source.clockSkewMs) > noticeableSkewMs)
  if (lost.length === 0 && limits.length === 0 && skewed.length === 0) return null
  return (
    <div className="backups-troubles" role="status">
      {lost.map((source) => (
        <div key={source.connectionId}>
          <strong>{source.label}</strong> {source.readAtMs === null ? 'was never read' : <>is known as of <Age atMs={source.readAtMs} /></>}: {source.problem} {source.remedy}
        </div>
      ))}
      {skewed.map((source) => (
        <div key={source.connectionId}>
          The clock of <strong>{source.label}</strong> is {formatDuration(Math.abs(source.clockSkewMs))} {source.clockSkewMs > 0 ? 'ahead of' : 'behind'} this computer’s: ages are counted by its own.
        </div>
      ))}
      {limits.map((limit) => (
        <div key={limit}>{limit}</div>
      ))}
    </div>
  )
}
