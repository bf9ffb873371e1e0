// The site's targets: what is promised, per site and as exceptions by guest, tag or pool. Kept on this computer only.
import { ActionIcon, Button, Group, Modal, NumberInput, Select, Stack, Switch, Text, TextInput } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import type { BackupState, CoverageRow } from '#shared/contracts/backups.ts'
import type { AppError } from '#shared/errors.ts'
import type { BackupPolicy, BackupRule, BackupTarget } from '#shared/model/backup-policy.ts'
import type { Site } from '#shared/model/connection.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'

export function TargetsDialog({ site, state }: { site: Site; state: BackupState }) {
  const [policy, setPolicy] = useState<BackupPolicy>(state.policy)
  const change = (changes: Partial<BackupPolicy>): void => setPolicy({ ...policy, ...changes })
  const offsite = (changes: Partial<BackupPolicy['offsite']>): void => change({ offsite: { ...policy.offsite, ...changes } })
  const nameOf = (rule: BackupRule): string => (rule.scope === 'guest' ? (state.rows.find((row) => row.entityId === rule.value)?.name ?? rule.value) : rule.value)
  return (
    <PolicyDialog site={site} title="Backup targets" policy={policy}>
      <Text size="sm" c="var(--text-dim)">
        What you promise, not what is scheduled: the coverage page holds one against the other. Kept on this computer.
      </Text>
      <TargetFields target={policy.target} onChange={(target) => change({ target })} />
      <Group grow align="flex-start">
        <ClockField label="Backed up daily at" value={policy.backupAt} onChange={(backupAt) => change({ backupAt })} />
        <ClockField label="Verified daily at" value={policy.verifiedAt} onChange={(verifiedAt) => change({ verifiedAt })} />
      </Group>
      <Text fw={600} size="sm">
        Exceptions
      </Text>
      {policy.rules.length === 0 ? (
        <Text size="sm" c="var(--text-dim)">
          None. A guest gets a target of its own from its details.
        </Text>
      ) : null}
      {policy.rules.map((rule, index) => (
        <RuleFields
          key={index}
          rule={rule}
          name={nameOf(rule)}
          onChange={(next) => change({ rules: policy.rules.map((item, at) => (at === index ? next : item)) })}
          onRemove={() => change({ rules: policy.rules.filter((_, at) => at !== index) })}
        />
      ))}
      <Group>
        <Button size="xs" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => change({ rules: [...policy.rules, { scope: 'tag', value: 'tag', target: policy.target, note: '' }] })}>
          Add an exception by tag or pool
        </Button>
      </Group>
      <Text fw={600} size="sm">
        Off site
      </Text>
      <Switch label="Copies off site are wanted" checked={policy.offsite.isRequired} onChange={(event) => offsite({ isRequired: event.currentTarget.checked })} />
      <Group grow align="flex-start">
        <NumberInput label="Weekly copy, days at most" min={1} max={3650} value={policy.offsite.weeklyMaxAgeDays} onChange={(value) => typeof value === 'number' && offsite({ weeklyMaxAgeDays: value })} />
        <NumberInput label="Monthly copy, days at most" min={1} max={3650} value={policy.offsite.monthlyMaxAgeDays} onChange={(value) => typeof value === 'number' && offsite({ monthlyMaxAgeDays: value })} />
        <NumberInput label="Recovery within hours" min={0.25} max={87_600} placeholder="Not promised" value={policy.offsite.recoveryHours ?? ''} onChange={(value) => offsite({ recoveryHours: typeof value === 'number' ? value : null })} />
      </Group>
      <TextInput label="How keys are named" description="{cluster} {cadence} {type} {id} {name} {date}; * stands for anything" styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }} value={policy.offsite.pattern} onChange={(event) => offsite({ pattern: event.currentTarget.value })} spellCheck={false} />
      <TextInput label="Cluster of the copies, where the keys do not say" value={policy.offsite.cluster} onChange={(event) => offsite({ cluster: event.currentTarget.value })} />
    </PolicyDialog>
  )
}

/** A target for one guest or database alone, with the reason for it. */
export function OwnTargetDialog({ site, policy, row }: { site: Site; policy: BackupPolicy; row: CoverageRow }) {
  const known = policy.rules.find((rule) => rule.scope === 'guest' && rule.value === row.entityId)
  const [isOwn, setOwn] = useState(known !== undefined)
  const [rule, setRule] = useState<BackupRule>(known ?? { scope: 'guest', value: row.entityId, target: row.target, note: '' })
  const others = policy.rules.filter((item) => item !== known)
  return (
    <PolicyDialog site={site} title={`Target of ${row.name}`} policy={{ ...policy, rules: isOwn ? [rule, ...others] : others }}>
      <Switch label="It has a target of its own" checked={isOwn} onChange={(event) => setOwn(event.currentTarget.checked)} />
      {isOwn ? (
        <>
          <TargetFields target={rule.target} onChange={(target) => setRule({ ...rule, target })} />
          <TextInput label="Why it differs" value={rule.note} maxLength={300} onChange={(event) => setRule({ ...rule, note: event.currentTarget.value })} />
        </>
      ) : (
        <Text size="sm">It follows {row.targetFrom === 'the site' || known ? 'the site' : row.targetFrom}.</Text>
      )}
    </PolicyDialog>
  )
}

function PolicyDialog(props: { site: Site; title: string; policy: BackupPolicy; children: React.ReactNode }) {
  const client = useClient()
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const save = async (): Promise<void> => {
    setBusy(true)
    try {
      await client.backups.setPolicy({ siteId: props.site.id, policy: props.policy })
      closeDialog()
    } catch (thrown) {
      setError(toAppError(thrown))
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={closeDialog} size="xl" title={props.title}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <Stack gap="sm">
          {props.children}
          {error ? <ErrorNotice error={error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={closeDialog}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy}>
              Save the targets
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

function TargetFields({ target, onChange }: { target: BackupTarget; onChange(target: BackupTarget): void }) {
  return (
    <Group align="flex-end" grow>
      <NumberInput label="RPO, hours" description="The newest backup is never older" min={0.25} max={87_600} disabled={!target.isRequired} value={target.rpoHours} onChange={(value) => typeof value === 'number' && onChange({ ...target, rpoHours: value })} />
      <NumberInput label="Verified within, hours" description="The last good verification" min={0.25} max={87_600} disabled={!target.isRequired} value={target.verifyAgeHours} onChange={(value) => typeof value === 'number' && onChange({ ...target, verifyAgeHours: value })} />
      <Switch label="A backup is wanted" pb={8} checked={target.isRequired} onChange={(event) => onChange({ ...target, isRequired: event.currentTarget.checked })} />
    </Group>
  )
}

function ClockField({ label, value, onChange }: { label: string; value: string | null; onChange(value: string | null): void }) {
  return (
    <TextInput
      type="time"
      label={label}
      description="Empty: not promised. On the servers’ clock"
      value={value ?? ''}
      onChange={(event) => onChange(event.currentTarget.value === '' ? null : event.currentTarget.value.slice(0, 5))}
    />
  )
}

function RuleFields({ rule, name, onChange, onRemove }: { rule: BackupRule; name: string; onChange(rule: BackupRule): void; onRemove(): void }) {
  return (
    <fieldset className="target-rule">
      <legend>
        {rule.scope} {name}
      </legend>
      {rule.scope === 'guest' ? null : (
        <Group grow>
          <Select label="By" allowDeselect={false} data={['tag', 'pool']} value={rule.scope} onChange={(value) => onChange({ ...rule, scope: value as BackupRule['scope'] })} />
          <TextInput label="Called" value={rule.value} onChange={(event) => onChange({ ...rule, value: event.currentTarget.value })} />
        </Group>
      )}
      <TargetFields target={rule.target} onChange={(target) => onChange({ ...rule, target })} />
      <ActionIcon variant="subtle" color="red" aria-label={`Remove the exception for ${name}`} onClick={onRemove}>
        <IconTrash size={15} />
      </ActionIcon>
    </fieldset>
  )
}
