// A run at work: how far each system is, what cannot be reached, and the way to stop it.
import { Button, Group, Progress, Text } from '@mantine/core'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import type { ComplianceRun } from '#shared/contracts/compliance.ts'
import { VerdictCounts } from './marks.tsx'

export function RunProgress({ run }: { run: ComplianceRun }) {
  const client = useClient()
  const [done, total] = run.systems.reduce(([left, right], system) => [left + system.done, right + system.total], [0, 0])
  return (
    <section className="compliance-card" aria-label="Run at work" style={{ marginBottom: 14 }}>
      <Group justify="space-between" mb={6}>
        <Text fw={600} size="sm">
          Looking at {run.systems.length} systems: {done} of {total} checks
        </Text>
        <Button size="xs" variant="default" onClick={() => void attempt('The run could not be cancelled', client.compliance.cancelRun({ runId: run.runId }))}>
          Cancel the run
        </Button>
      </Group>
      <Progress value={total === 0 ? 0 : (100 * done) / total} aria-label="Progress of the run" mb="sm" />
      {run.systems.map((system) => (
        <Group key={system.targetId} gap="sm" wrap="nowrap">
          <Text size="xs" w={260} truncate>
            {system.label}
          </Text>
          <Progress value={system.total === 0 ? 0 : (100 * system.done) / system.total} w={160} size="sm" aria-label={`Progress of ${system.label}`} color={system.problem ? 'red' : 'meridian'} />
          <Text size="xs" c="var(--text-dim)" truncate>
            {system.problem ?? `${system.done} of ${system.total}`}
          </Text>
        </Group>
      ))}
      <div style={{ marginTop: 8, fontSize: 12 }}>
        <VerdictCounts counts={run.counts} />
      </div>
    </section>
  )
}
