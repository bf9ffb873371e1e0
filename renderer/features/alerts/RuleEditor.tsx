// A rule as a form: what it looks at, when it begins and ends, whom it is about.
import { Button, Group, Modal, MultiSelect, NumberInput, Select, Stack, Switch, TagsInput, Text, TextInput } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { toAppError } from '#client/client.ts'
import type { AppError } from '#shared/errors.ts'
import { severities, signals, type AlertRule, type Severity, type Signal } from '#shared/model/alert.ts'
import { entityKinds } from '#shared/model/inventory.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { fromShown, toShown, unitWord } from './alert-words.ts'
import { severityWord } from '#ui/SeverityMark.tsx'

const signalChoices = Object.entries(signals).map(([value, { title }]) => ({ value, label: title }))
const kindChoices = ['connection', ...entityKinds].map((value) => ({ value, label: value.replaceAll('-', ' ') }))

interface RuleEditorProps {
  rule: AlertRule
  isNew: boolean
  onSave(rule: AlertRule): Promise<unknown>
  onRemove(): Promise<unknown>
  onClose(): void
}

export function RuleEditor({ rule, isNew, onSave, onRemove, onClose }: RuleEditorProps) {
  const [draft, setDraft] = useState(rule)
  const [error, setError] = useState<AppError | null>(null)
  const change = (part: Partial<AlertRule>): void => setDraft((before) => ({ ...before, ...part }))
  const finish = (work: Promise<unknown>): void => void work.then(onClose, (thrown: unknown) => setError(toAppError(thrown)))
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    finish(onSave(draft))
  }
  return (
    <Modal opened onClose={onClose} title={isNew ? 'New rule' : draft.name} size="lg">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput label="Name" required data-autofocus maxLength={120} value={draft.name} onChange={(event) => change({ name: event.currentTarget.value })} />
          <Group grow align="flex-start">
            <Select
              label="Looks at"
              data={signalChoices}
              value={draft.signal}
              searchable
              allowDeselect={false}
              description={signals[draft.signal].description}
              onChange={(value) => value && change(withSignal(value as Signal))}
            />
            <Select
              label="Severity"
              description="Critical ones are shown first everywhere."
              data={severities.map((value) => ({ value, label: severityWord[value] }))}
              value={draft.severity}
              allowDeselect={false}
              onChange={(value) => value && change({ severity: value as Severity })}
            />
          </Group>
          <ConditionFields draft={draft} change={change} />
          <ScopeFields draft={draft} change={change} />
          <Switch label="This rule is on" checked={draft.isEnabled} onChange={(event) => change({ isEnabled: event.currentTarget.checked })} />
          {error ? <ErrorNotice error={error} /> : null}
          <Group justify="space-between">
            {isNew ? (
              <span />
            ) : (
              <Button variant="subtle" color="red" onClick={() => finish(onRemove())}>
                Remove the rule
              </Button>
            )}
            <Group>
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit">Save the rule</Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** Another signal has another unit: its values begin anew. */
const withSignal = (signal: Signal): Partial<AlertRule> => {
  const { unit, worse } = signals[signal]
  const threshold = unit === 'state' ? 0.5 : unit === 'fraction' ? 0.85 : unit === 'celsius' ? 80 : unit === 'seconds' ? 60 : worse === 'above' ? 26 : 14
  return { signal, threshold, clearThreshold: threshold }
}

interface PartProps {
  draft: AlertRule
  change(part: Partial<AlertRule>): void
}

function ConditionFields({ draft, change }: PartProps) {
  const { unit, worse } = signals[draft.signal]
  const number = (label: string, value: number, onChange: (value: number) => void, suffix: string) => (
    <NumberInput label={label} value={value} min={0} suffix={suffix === '' ? '' : ` ${suffix}`} decimalScale={1} onChange={(next) => typeof next === 'number' && onChange(next)} />
  )
  return (
    <>
      {unit === 'state' ? null : (
        <Group grow>
          {number(worse === 'above' ? 'Begins above' : 'Begins below', toShown(unit, draft.threshold), (value) => change({ threshold: fromShown(unit, value) }), unitWord[unit])}
          {number(worse === 'above' ? 'Ends below' : 'Ends above', toShown(unit, draft.clearThreshold), (value) => change({ clearThreshold: fromShown(unit, value) }), unitWord[unit])}
        </Group>
      )}
      <Group grow>
        {number('Told after (seconds)', draft.forSeconds, (value) => change({ forSeconds: Math.round(value) }), '')}
        {number('Over after (seconds)', draft.clearForSeconds, (value) => change({ clearForSeconds: Math.round(value) }), '')}
      </Group>
      <Text size="xs" c="var(--text-dim)">
        While a system does not answer, nothing is known: no time counts, and nothing ends.
      </Text>
    </>
  )
}

function ScopeFields({ draft, change }: PartProps) {
  const { scope } = draft
  const narrow = (part: Partial<AlertRule['scope']>): void => change({ scope: { ...scope, ...part } })
  return (
    <>
      <MultiSelect
        label="Only these kinds"
        placeholder={scope.kinds.length === 0 ? 'Everything that has it' : ''}
        data={kindChoices}
        value={scope.kinds}
        searchable
        onChange={(kinds) => narrow({ kinds: kinds as AlertRule['scope']['kinds'] })}
      />
      <Group grow align="flex-start">
        <TagsInput label="Names" description="* stands for anything; ! leaves out" placeholder="proj-*, !test-*" value={scope.names} onChange={(names) => narrow({ names })} />
        <TagsInput label="Tags" description="Guests that have all of them" value={scope.tags} onChange={(tags) => narrow({ tags })} />
      </Group>
    </>
  )
}
