// Before an object is deleted: what goes with it, and its name typed.
import { SegmentedControl, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useClient } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { KubeObjectPage } from '#shared/model/kubernetes.ts'
import { ConfirmDialog } from '#ui/ConfirmDialog.tsx'
import { tell } from './tell.ts'

const policies = [
  { value: 'Background', label: 'In the background' },
  { value: 'Foreground', label: 'Dependents first' },
  { value: 'Orphan', label: 'Leave dependents' },
] as const
type Policy = (typeof policies)[number]['value']
const words: Record<Policy, string> = {
  Background: 'It goes at once; what it owns is cleared away after it.',
  Foreground: 'It stays until everything that it owns has gone.',
  Orphan: 'Only it goes. What it owns stays, and is controlled by nothing.',
}

export function DeleteDialog({ connectionId, object }: { connectionId: ConnectionId; object: KubeObjectPage }) {
  const client = useClient()
  const [propagation, setPropagation] = useState<Policy>('Background')
  const { ref, kind, uid } = object
  const owner = object.owners[0]
  return (
    <ConfirmDialog
      title={`Delete ${kind} ${ref.name}?`}
      confirmLabel={`Delete ${ref.name}`}
      typedName={ref.name}
      onClose={closeDialog}
      onConfirm={(confirmation) => client.kubernetes.remove({ connectionId, ref, confirmation, propagation, uid }).then(tell)}
    >
      <Stack gap="xs">
        <Text size="sm">{consequence(object)}</Text>
        {owner ? (
          <Text size="sm">
            {owner.kind} {owner.name} controls it and will make a new one.
          </Text>
        ) : null}
        <SegmentedControl aria-label="What goes with it" size="xs" data={[...policies]} value={propagation} onChange={(value) => setPropagation(value as Policy)} />
        <Text size="xs" c="var(--text-dim)">
          {words[propagation]}
        </Text>
      </Stack>
    </ConfirmDialog>
  )
}

function consequence({ kind, related }: KubeObjectPage): string {
  if (kind === 'Namespace') return 'Everything in the namespace is deleted with it, volumes included. This cannot be undone.'
  if (kind === 'PersistentVolumeClaim') return 'The data on its volume may be deleted with it, as its reclaim policy says. This cannot be undone.'
  if (kind === 'CustomResourceDefinition') return 'All objects of this kind are deleted with it. This cannot be undone.'
  if (related.length > 0) return `${related.length} ${related.length === 1 ? 'pod stands' : 'pods stand'} behind it. This cannot be undone.`
  return 'This cannot be undone.'
}
