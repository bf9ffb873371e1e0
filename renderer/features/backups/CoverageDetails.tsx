// One guest or database beside the table: what is wrong in sentences, its targets and their origin, what its schedule
// can promise, its days, and the backups that are its own.
import { ActionIcon, Button, Stack, Text } from '@mantine/core'
import { IconDeviceFloppy, IconHistory, IconTargetArrow, IconX } from '@tabler/icons-react'
import { openDialog } from '#client/dialogs.store.ts'
import { navigate } from '#client/location.ts'
import type { BackupState, CoverageRow } from '#shared/contracts/backups.ts'
import type { Site } from '#shared/model/connection.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { Age } from '#ui/Age.tsx'
import { healthColor, healthSymbol } from '#ui/theme.ts'
import { groupTitle, momentText, obstacle, promiseHealth } from './backup-words.ts'
import { BackUpDialog } from './BackUpDialog.tsx'
import { VerdictMark } from './CoverageTab.tsx'
import { DayStrip } from './DayStrip.tsx'
import { OwnTargetDialog } from './TargetsDialog.tsx'

export function CoverageDetails(props: { site: Site; state: BackupState; row: CoverageRow; onClose: () => void }) {
  const { site, state, row, onClose } = props
  const { target } = row
  return (
    <aside className="backups-aside" aria-label={`Coverage of ${row.name}`}>
      <div className="aside-head">
        <Text fw={650}>{row.name}</Text>
        <VerdictMark verdict={row.verdict} />
        <ActionIcon ml="auto" variant="subtle" color="gray" aria-label="Close the details" onClick={onClose}>
          <IconX size={16} />
        </ActionIcon>
      </div>
      <Stack gap="sm" className="aside-body" tabIndex={0} role="region" aria-label="Details">
        {row.problems.map((problem) => (
          <Text key={problem.text} size="sm">
            {problem.text}
          </Text>
        ))}
        {row.problems.length === 0 ? <Text size="sm">Backed up and verified within its targets.</Text> : null}
        <div>
          <DayStrip days={row.days} isLarge />
          <ol className="day-list">
            {row.days.toReversed().slice(0, 5).map((day) => (
              <li key={day.day}>
                <span>{day.day.slice(5)}</span> {day.text}
              </li>
            ))}
          </ol>
        </div>
        <Text size="sm">
          <span aria-hidden style={{ color: healthColor(promiseHealth[row.promise.state]) }}>
            {healthSymbol[promiseHealth[row.promise.state]]}{' '}
          </span>
          {row.promise.text}
        </Text>
        <dl className="facts">
          <dt>Last backup</dt>
          <dd><Age atMs={row.lastBackupAtMs} /></dd>
          <dt>Last good verification</dt>
          <dd><Age atMs={row.lastVerifiedAtMs} /></dd>
          <dt>Next run</dt>
          <dd>{row.nextRunAtMs === null ? 'not scheduled here' : momentText(row.nextRunAtMs)}</dd>
          <dt>Target</dt>
          <dd>
            {target.isRequired ? `RPO ${target.rpoHours} h, verified within ${target.verifyAgeHours} h` : 'no backup wanted'} ({row.targetFrom})
          </dd>
          {row.jobs.length > 0 ? (
            <>
              <dt>Jobs</dt>
              <dd>{row.jobs.join(', ')}</dd>
            </>
          ) : null}
          {row.kind === 'database' && row.detail !== '' ? (
            <>
              <dt>Databases</dt>
              <dd>{row.detail}</dd>
            </>
          ) : null}
        </dl>
        {row.evidence.length > 0 ? (
          <ul className="evidence" aria-label="Evidence">
            {row.evidence.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        ) : null}
        {row.groups.map((group) => (
          <Button
            key={`${group.store}${group.namespace}${groupTitle(group)}`}
            size="xs"
            variant="default"
            leftSection={<IconHistory size={15} aria-hidden />}
            onClick={() => navigate('/backups', { tab: 'groups', group: [group.connectionId, group.store, group.namespace, group.type, group.backupId].join('|') })}
          >
            Show {groupTitle(group)} in {group.store}
            {group.namespace === '' ? '' : `/${group.namespace}`}
          </Button>
        ))}
        {row.kind === 'guest' ? (
          <ActionButton
            size="xs"
            variant="default"
            leftSection={<IconDeviceFloppy size={15} aria-hidden />}
            disabledReason={obstacle(site, state.sources.find((source) => source.kind === 'proxmox'))}
            onClick={() => openDialog(<BackUpDialog site={site} rows={[row]} />)}
          >
            Back up now…
          </ActionButton>
        ) : null}
        <Button
          size="xs"
          variant="default"
          leftSection={<IconTargetArrow size={15} aria-hidden />}
          onClick={() => openDialog(<OwnTargetDialog site={site} policy={state.policy} row={row} />)}
        >
          Target of its own
        </Button>
      </Stack>
    </aside>
  )
}
