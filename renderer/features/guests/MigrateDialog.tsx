// Moving a guest: every other node with what it has free, and why it cannot be chosen or what to expect there.
import { Loader, Radio, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useClient } from '#client/client-context.ts'
import { useLoaded } from '#client/use-loaded.ts'
import type { MigrationPlan, MigrationTarget } from '#shared/contracts/guests.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { formatBytes, formatPercent } from '#shared/model/quantities.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { healthColor, healthSymbol } from '#ui/theme.ts'
import { ActionDialog } from './ActionDialog.tsx'
import { showTask } from './guest-commands.ts'
import { guestRefOf } from './guest-ref.ts'
import { StorageSelect } from './StorageSelect.tsx'
import './guests.css'

export function MigrateDialog({ guest }: { guest: Entity }) {
  const client = useClient()
  const ref = guestRefOf(guest)!
  const { value: plan, error, reload } = useLoaded(`migrate ${guest.id}`, (calls, options) => calls.guests.migrationPlan(ref, options))
  const [target, setTarget] = useState<string | null>(null)
  const [storage, setStorage] = useState<string | null>(null)
  const best = plan?.targets.find((item) => item.verdict !== 'refused')?.node ?? null
  useEffect(() => {
    if (plan) setTarget((chosen) => chosen ?? best)
  }, [plan, best])
  const chosen = plan?.targets.find((item) => item.node === target)
  const hasDisks = (plan?.localDisks.length ?? 0) > 0
  return (
    <ActionDialog
      title={`Migrate ${guest.name}`}
      submitLabel={target ? `Migrate to ${target}` : 'Migrate'}
      size="xl"
      disabledReason={obstacleOf(plan, chosen, storage)}
      onSubmit={() => showTask(client.guests.migrate({ ...ref, target: target!, ...(storage ? { targetStorage: storage } : {}) }))}
    >
      {error ? <ErrorNotice error={error} title="Where it could go could not be read" onRetry={reload} /> : null}
      {!plan && !error ? <Loader role="img" size="sm" aria-label="Asking the nodes" /> : null}
      {plan ? (
        <>
          <Text size="sm">{summaryOf(plan)}</Text>
          {plan.obstacles.map((obstacle) => (
            <Text key={obstacle} size="sm">
              <span aria-hidden style={{ color: healthColor('error') }}>
                {healthSymbol.error}
              </span>{' '}
              {obstacle}
            </Text>
          ))}
          <TargetTable plan={plan} target={target} onChoose={setTarget} />
          {hasDisks && chosen ? (
            <StorageSelect
              label="Storage for its disks"
              storages={chosen.storages}
              value={storage}
              onChange={setStorage}
              {...(chosen.needsStorage ? {} : { sameLabel: 'storages of the same names' })}
              error={chosen.needsStorage && !storage ? 'One of its storages is not there.' : null}
            />
          ) : null}
        </>
      ) : null}
    </ActionDialog>
  )
}

function obstacleOf(plan: MigrationPlan | null, chosen: MigrationTarget | undefined, storage: string | null): string | null {
  if (!plan) return 'Asking the nodes.'
  if (plan.obstacles[0]) return plan.obstacles[0]
  if (!chosen) return 'Choose a node.'
  if (chosen.verdict === 'refused') return chosen.reasons[0] ?? 'This node cannot take it.'
  return chosen.needsStorage && !storage ? 'Choose where its disks go.' : null
}

function summaryOf(plan: MigrationPlan): string {
  const bytes = plan.localDisks.reduce((sum, disk) => sum + (disk.sizeBytes ?? 0), 0)
  const disks = plan.localDisks.length === 0 ? 'Its disks are on shared storage and stay where they are.' : `${plan.localDisks.length} local ${plan.localDisks.length === 1 ? 'disk' : 'disks'} of up to ${formatBytes(bytes)} move with it.`
  const how = !plan.isRunning ? 'It is stopped.' : plan.type === 'qemu' ? 'It goes on running while it moves.' : 'A running container is stopped, moved and started again.'
  return `Now on ${plan.node}. ${how} ${disks}`
}

const marks = { possible: 'ok', warning: 'warning', refused: 'error' } as const

function TargetTable({ plan, target, onChoose }: { plan: MigrationPlan; target: string | null; onChoose: (node: string) => void }) {
  return (
    <Radio.Group value={target} onChange={onChoose} aria-label="Target node">
      <table className="target-table">
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">CPU</th>
            <th scope="col">Memory free</th>
            <th scope="col">Storage</th>
            <th scope="col">What to expect</th>
          </tr>
        </thead>
        <tbody>
          {plan.targets.map((item) => {
            const isRefused = item.verdict === 'refused'
            return (
              <tr key={item.node} data-refused={isRefused || undefined} onClick={() => isRefused || onChoose(item.node)}>
                <td>
                  <Radio size="xs" value={item.node} label={item.node} disabled={isRefused} />
                </td>
                <td>
                  {formatPercent(item.cpuFraction)} <span className="dim">of {item.cpuCount ?? '—'}</span>
                </td>
                <td>
                  {formatBytes(item.memoryFreeBytes)} <span className="dim">of {formatBytes(item.memoryTotalBytes)}</span>
                </td>
                <td>{storageText(plan, item)}</td>
                <td>
                  <span aria-hidden style={{ color: healthColor(marks[item.verdict]) }}>
                    {healthSymbol[marks[item.verdict]]}
                  </span>{' '}
                  {item.reasons.length > 0 ? item.reasons.join(' ') : isRefused ? 'Not possible' : 'Nothing in the way'}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </Radio.Group>
  )
}

/** What is free where its disks would go by name. */
function storageText(plan: MigrationPlan, target: MigrationTarget): string {
  const names = [...new Set(plan.localDisks.map((disk) => disk.storage))]
  if (names.length === 0) return '—'
  return names
    .map((name) => {
      const there = target.storages.find((item) => item.storage === name)
      return there ? `${name}: ${formatBytes(there.freeBytes)}` : `${name}: not there`
    })
    .join(', ')
}
