// The snapshots of a guest as the tree they are, with where the present state stands in it.
import { Button, Loader, Menu, Text } from '@mantine/core'
import { IconCamera, IconDots, IconPointFilled } from '@tabler/icons-react'
import { useEffect, useMemo, useRef } from 'react'
import { openDialog } from '#client/dialogs.store.ts'
import { useTasks } from '#client/tasks.store.ts'
import { useLoaded } from '#client/use-loaded.ts'
import type { GuestSnapshot, SnapshotTree } from '#shared/contracts/guests.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { Age } from '#ui/Age.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { guestObstacle, type ObstacleContext } from './guest-obstacles.ts'
import { guestRefOf } from './guest-ref.ts'
import { DeleteSnapshotDialog, DescribeSnapshotDialog, RollBackDialog, TakeSnapshotDialog } from './SnapshotDialogs.tsx'

export function SnapshotPanel({ guest, context }: { guest: Entity; context: ObstacleContext }) {
  const { value: tree, error, reload } = useLoaded(`snapshots ${guest.id}`, (client, options) => client.guests.listSnapshots(guestRefOf(guest)!, options))
  useReloadAfterTasks(guest.id, reload)
  const obstacle = guestObstacle(guest, 'snapshot', context) ?? (tree && !tree.canSnapshot ? 'One of its disks is on a storage that cannot take snapshots.' : null)
  const take = (
    <ActionButton size="xs" leftSection={<IconCamera size={15} aria-hidden />} disabledReason={obstacle} onClick={() => openDialog(<TakeSnapshotDialog guest={guest} />)}>
      Take a snapshot…
    </ActionButton>
  )
  return (
    <>
      {error ? <ErrorNotice error={error} title="The snapshots could not be read" onRetry={reload} /> : null}
      {!tree && !error ? <Loader role="img" size="sm" aria-label="Reading the snapshots" /> : null}
      {tree && tree.snapshots.length === 0 ? (
        <EmptyState icon={<IconCamera size={36} />} title="No snapshots" action={take}>
          A snapshot keeps the guest as it is now, to come back to after a change that went wrong. It is no backup: it stays on the same storage.
        </EmptyState>
      ) : null}
      {tree && tree.snapshots.length > 0 ? (
        <>
          <div style={{ marginBottom: 10 }}>{take}</div>
          <Branch tree={tree} parent={null} guest={guest} obstacle={obstacle} reload={reload} />
        </>
      ) : null}
    </>
  )
}

interface BranchProps {
  tree: SnapshotTree
  parent: string | null
  guest: Entity
  obstacle: string | null
  reload(): void
}

function Branch({ tree, parent, ...rest }: BranchProps) {
  const names = useMemo(() => new Set(tree.snapshots.map((item) => item.name)), [tree])
  // A parent that is no longer there makes its children stand at the root.
  const parentOf = (name: string | null): string | null => (name !== null && names.has(name) ? name : null)
  const children = tree.snapshots.filter((item) => parentOf(item.parent) === parent).sort((a, b) => (a.takenAtMs ?? 0) - (b.takenAtMs ?? 0))
  const isHere = parentOf(tree.currentParent) === parent
  if (children.length === 0 && !isHere) return null
  return (
    <ul className={parent === null ? 'snapshot-tree' : undefined} {...(parent === null ? { 'aria-label': 'Snapshots' } : {})}>
      {children.map((snapshot) => (
        <li key={snapshot.name}>
          <Row snapshot={snapshot} {...rest} />
          <Branch tree={tree} parent={snapshot.name} {...rest} />
        </li>
      ))}
      {isHere ? (
        <li>
          <div className="snapshot-row">
            <IconPointFilled size={14} aria-hidden style={{ color: 'var(--mantine-primary-color-filled)' }} />
            <b>Now</b>
          </div>
        </li>
      ) : null}
    </ul>
  )
}

function Row({ snapshot, guest, obstacle, reload }: Omit<BranchProps, 'tree' | 'parent'> & { snapshot: GuestSnapshot }) {
  return (
    <div className="snapshot-row">
      <IconCamera size={15} aria-hidden style={{ color: 'var(--text-dim)' }} />
      <b>{snapshot.name}</b>
      <Text size="sm" c="var(--text-dim)" truncate>
        <Age atMs={snapshot.takenAtMs} />
        {snapshot.hasMemory ? ' · with memory' : ''}
        {snapshot.description ? ` · ${snapshot.description.trim().split('\n')[0]}` : ''}
      </Text>
      <span className="spacer" />
      <ActionButton
        size="compact-xs"
        variant="default"
        aria-label={`Roll back to ${snapshot.name}`}
        disabledReason={obstacle}
        onClick={() => openDialog(<RollBackDialog guest={guest} snapshot={snapshot} />)}
      >
        Roll back…
      </ActionButton>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button size="compact-xs" variant="default" aria-label={`More on ${snapshot.name}`}>
            <IconDots size={14} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item disabled={obstacle !== null} onClick={() => openDialog(<DescribeSnapshotDialog guest={guest} snapshot={snapshot} onDone={reload} />)}>
            Change the description…
          </Menu.Item>
          <Menu.Item color="red" disabled={obstacle !== null} onClick={() => openDialog(<DeleteSnapshotDialog guest={guest} snapshot={snapshot} />)}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  )
}

/** What a task of this guest has changed is read anew as soon as it has ended. */
export function useReloadAfterTasks(entityId: string, reload: () => void): void {
  const running = useTasks((state) => {
    let count = 0
    for (const task of state.tasks.values()) if (task.entityId === entityId && task.state === 'running') count += 1
    return count
  })
  const last = useRef(running)
  useEffect(() => {
    if (running < last.current) reload()
    last.current = running
  }, [running, reload])
}
