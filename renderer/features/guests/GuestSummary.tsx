// A guest at a glance: how it is now, what it is made of, and its last hour.
import { Progress, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useLoaded } from '#client/use-loaded.ts'
import type { GuestDetails } from '#shared/contracts/guests.ts'
import { factLabel, formatFact } from '#shared/model/facts.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { formatBytes, formatDuration, formatPercent } from '#shared/model/quantities.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { guestRefOf } from './guest-ref.ts'
import { PerformancePanel } from './PerformancePanel.tsx'
import { useReloadAfterTasks } from './SnapshotPanel.tsx'

const everyMs = 5000
/** Told by the meters, the details or the heading already. */
const shownElsewhere = new Set(['vmid', 'type', 'cpuFraction', 'cpuCount', 'memoryBytes', 'memoryTotalBytes', 'diskTotalBytes', 'diskBytes', 'startedAtMs', 'lock', 'haState', 'node', 'cluster', 'isTemplate', 'agent', 'pool'])

export function GuestSummary({ guest }: { guest: Entity }) {
  const ref = guestRefOf(guest)!
  const { value, error, reload } = useLoaded(`guest ${guest.id}`, (client, options) => client.guests.describe(ref, options), { everyMs })
  useReloadAfterTasks(guest.id, reload)
  return (
    <>
      {error ? <ErrorNotice error={error} title="Its present state could not be read" onRetry={reload} /> : null}
      <Meters guest={guest} details={value} />
      <div className="machine-grid">
        <section className="machine-card" aria-label="State">
          <h2>State</h2>
          <dl className="machine-facts">
            <Fact label="State" value={value?.state ?? guest.status} />
            <Fact label="Node" value={value?.node ?? guest.facts['node']} />
            <Fact label="Running for" value={value?.uptimeMs == null ? null : formatDuration(value.uptimeMs)} />
            <Fact label="Lock" value={value?.lock} />
            <Fact label="High availability" value={value?.haState} />
            <Fact label="Guest agent" value={guest.facts['agent'] ?? (value && !value.hasAgent ? 'not configured' : null)} />
            <Fact label="Pool" value={value?.pool} />
            <Fact label="Addresses" value={guest.addresses.join('\n') || null} />
          </dl>
        </section>
        <section className="machine-card" aria-label="Made of">
          <h2>Made of</h2>
          <dl className="machine-facts">
            {Object.entries(guest.facts)
              .filter(([key]) => !shownElsewhere.has(key))
              .map(([key, fact]) => (
                <Fact key={key} label={factLabel(key)} value={Array.isArray(fact) ? fact.join('\n') : formatFact(key, fact)} />
              ))}
          </dl>
        </section>
      </div>
      <Text size="sm" fw={600} mt="lg" mb="xs">
        The last hour
      </Text>
      <PerformancePanel connectionId={ref.connectionId} target={{ kind: 'guest', vmid: ref.vmid }} isBrief />
    </>
  )
}

function Fact({ label, value }: { label: string; value: ReactNode }) {
  if (value === null || value === undefined || value === '') return null
  return (
    <>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </>
  )
}

function Meters({ guest, details }: { guest: Entity; details: GuestDetails | null }) {
  const number = (key: string): number | null => (typeof guest.facts[key] === 'number' ? guest.facts[key] : null)
  const cpu = details ? details.cpuFraction : number('cpuFraction')
  const memory = details ? details.memoryBytes : number('memoryBytes')
  const total = details?.memoryTotalBytes ?? number('memoryTotalBytes')
  const disk = details?.diskTotalBytes ?? number('diskTotalBytes')
  const count = details?.cpuCount ?? number('cpuCount')
  return (
    <div className="machine-meters">
      <Meter label="CPU" fraction={cpu} text={cpu === null ? 'not running' : `${formatPercent(cpu)} of ${count ?? '—'} CPUs`} />
      <Meter
        label="Memory"
        fraction={memory !== null && total ? memory / total : null}
        text={memory === null ? `up to ${formatBytes(total)}` : `${formatBytes(memory)} of ${formatBytes(total)}`}
      />
      <Meter label="System disk" fraction={null} text={formatBytes(disk)} />
    </div>
  )
}

function Meter({ label, fraction, text }: { label: string; fraction: number | null; text: string }) {
  const color = (fraction ?? 0) > 0.975 ? 'red' : (fraction ?? 0) > 0.9 ? 'yellow' : 'meridian'
  return (
    <div className="machine-card">
      <h2>{label}</h2>
      {fraction === null ? null : <Progress value={fraction * 100} color={color} size="sm" aria-label={label} mb={6} />}
      <Text size="sm">
        {text}
      </Text>
    </div>
  )
}
