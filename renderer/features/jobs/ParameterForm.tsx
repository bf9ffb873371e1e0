// The fields of a template, made from its JSON Schema: title, help, unit, limits, and what is wrong with each.
import { Anchor, NumberInput, Select, SimpleGrid, Switch, Textarea, TextInput, Title } from '@mantine/core'
import { useState } from 'react'
import type { Field } from './job-form.ts'

interface ParameterFormProps {
  fields: Field[]
  values: Record<string, unknown>
  /** By the name of the field. */
  problems: ReadonlyMap<string, string>
  onChange(name: string, value: unknown): void
}

export function ParameterForm({ fields, values, problems, onChange }: ParameterFormProps) {
  const [isWhole, setWhole] = useState(false)
  const groups = [...new Set(fields.map(({ group }) => group))]
  const isShown = (field: Field): boolean => isWhole || !field.isAdvanced || problems.has(field.name)
  const hidden = fields.filter((field) => !isShown(field)).length
  return (
    <>
      {groups.map((group) => {
        const shown = fields.filter((field) => field.group === group && isShown(field))
        if (shown.length === 0) return null
        return (
          <section key={group} aria-label={group} className="job-group">
            <Title order={3} size="h6">
              {group}
            </Title>
            <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="sm" verticalSpacing="xs">
              {shown.map((field) => (
                <div key={field.name} style={field.kind === 'lines' ? { gridColumn: '1 / -1' } : undefined}>
                  <FieldInput field={field} value={values[field.name]} problem={problems.get(field.name)} onChange={(value) => onChange(field.name, value)} />
                </div>
              ))}
            </SimpleGrid>
          </section>
        )
      })}
      {hidden > 0 || isWhole ? (
        <Anchor component="button" type="button" size="xs" onClick={() => setWhole(!isWhole)}>
          {isWhole ? 'Fewer fields' : `${hidden} more fields`}
        </Anchor>
      ) : null}
    </>
  )
}

function FieldInput({ field, value, problem, onChange }: { field: Field; value: unknown; problem: string | undefined; onChange: (value: unknown) => void }) {
  const shared = { label: field.title, description: field.help, error: problem, size: 'xs' as const }
  switch (field.kind) {
    case 'switch':
      return <Switch {...shared} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />
    case 'choice':
      return <Select {...shared} data={field.choices} value={typeof value === 'string' ? value : null} allowDeselect={!field.isRequired} onChange={(next) => onChange(next ?? undefined)} />
    case 'lines':
      return <Textarea {...shared} autosize minRows={6} maxRows={18} styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }} value={typeof value === 'string' ? value : ''} onChange={(event) => onChange(event.currentTarget.value)} spellCheck={false} />
    case 'number':
    case 'integer':
      return (
        <NumberInput
          {...shared}
          allowDecimal={field.kind === 'number'}
          // Out of limits is said, not silently corrected.
          clampBehavior="none"
          min={field.minimum}
          max={field.maximum}
          {...(field.unit ? { suffix: ` ${field.unit}` } : {})}
          value={typeof value === 'number' ? value : ''}
          onChange={(next) => onChange(typeof next === 'number' ? next : undefined)}
        />
      )
    case 'text':
      return <TextInput {...shared} value={typeof value === 'string' ? value : ''} onChange={(event) => onChange(event.currentTarget.value)} spellCheck={false} />
  }
}
