// What will be sent, live beside the form: as it is made, edited by hand, or against what the template makes.
import { Alert, Button, Group, SegmentedControl, Text } from '@mantine/core'
import { useState } from 'react'
import type { JobProblem } from '#shared/contracts/jobs.ts'
import { CodeDiff, CodeView } from '#ui/CodeView.tsx'

interface ManifestPaneProps {
  /** As the template makes it. */
  made: string
  edited: string | null
  problems: JobProblem[]
  verdict: string | null
  onEdit(text: string | null): void
}

export function ManifestPane({ made, edited, problems, verdict, onEdit }: ManifestPaneProps) {
  const [view, setView] = useState<'text' | 'difference'>('text')
  const isEditing = edited !== null
  return (
    <section aria-label="Manifest" className="job-manifest">
      <Group gap="xs" className="job-pane-head" wrap="nowrap">
        <b>Manifest</b>
        {isEditing ? (
          <SegmentedControl size="xs" aria-label="Show" data={[{ value: 'text', label: 'Edited' }, { value: 'difference', label: 'Difference' }]} value={view} onChange={(next) => setView(next as typeof view)} />
        ) : null}
        <Group gap="xs" ml="auto" wrap="nowrap">
          {isEditing ? (
            <Button size="compact-xs" variant="default" onClick={() => onEdit(null)}>
              As the template
            </Button>
          ) : (
            <Button size="compact-xs" variant="default" disabled={made === ''} onClick={() => onEdit(made)}>
              Edit by hand
            </Button>
          )}
        </Group>
      </Group>
      <div className="job-code">
        {isEditing && view === 'difference' ? (
          <CodeDiff label="Manifest" before={made} after={edited} language="yaml" />
        ) : (
          <CodeView key={String(isEditing)} label={isEditing ? 'Manifest, editable' : 'Manifest'} value={edited ?? made} language="yaml" {...(isEditing ? { onChange: onEdit } : {})} />
        )}
      </div>
      {isEditing ? (
        <Text size="xs" c="var(--text-dim)" px="sm" pb={4}>
          The form no longer changes this text. Labels and provenance are added when it is sent.
        </Text>
      ) : null}
      <div className="job-problems" aria-live="polite">
        {problems.map((problem, index) => (
          <Alert key={index} color="red" variant="light" py={6} px="sm">
            {problem.line ? <b>Line {problem.line}: </b> : null}
            {problem.message}
          </Alert>
        ))}
        {verdict ? (
          <Alert color={problems.length === 0 ? 'green' : 'red'} variant="light" py={6} px="sm" data-testid="check-verdict">
            {verdict}
          </Alert>
        ) : null}
      </div>
    </section>
  )
}
