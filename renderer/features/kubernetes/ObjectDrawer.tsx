// The open object beside the table: what it is and how it is, in words first; its events; its YAML. Kept live.
import { CloseButton, Group, Loader, Tabs, Text, Title } from '@mantine/core'
import { useEffect, useMemo, useState } from 'react'
import { useClient } from '#client/client-context.ts'
import { follow } from '#client/client.ts'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { KubeObjectPage, ObjectRef } from '#shared/model/kubernetes.ts'
import { CodeView } from '#ui/CodeView.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { EntityActions } from '#ui/EntityActions.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { HealthMark } from '#ui/HealthMark.tsx'
import { objectActions } from './object-actions.tsx'
import { ObjectEvents } from './ObjectEvents.tsx'
import { ObjectSummary } from './ObjectSummary.tsx'
import { useObstacle } from './use-obstacle.ts'

interface ObjectDrawerProps {
  connectionId: ConnectionId
  objectRef: ObjectRef
  tab: string
  onTab(tab: string): void
  onClose(): void
}

export function ObjectDrawer(props: ObjectDrawerProps) {
  const { connectionId, objectRef, tab, onTab, onClose } = props
  const client = useClient()
  const { object, isGone, error } = useObject(connectionId, objectRef)
  const obstacle = useObstacle(connectionId)
  const actions = useMemo(() => (object ? objectActions({ client, connectionId, object, obstacle }) : []), [client, connectionId, object, obstacle])
  return (
    <aside className="kube-drawer" data-wide={tab === 'yaml' || undefined} aria-label={`Details of ${objectRef.name}`}>
      <Group justify="space-between" wrap="nowrap" align="flex-start" px={16} pt={14}>
        <div style={{ minWidth: 0 }}>
          <Text size="xs" c="var(--text-dim)">
            {object?.kind ?? ''}
            {objectRef.namespace ? ` in ${objectRef.namespace}` : ''}
          </Text>
          <Title order={2} size="h4" style={{ overflowWrap: 'anywhere' }}>
            {objectRef.name}
          </Title>
          {object && object.status && !isGone ? (
            <Text size="sm" mt={2} component="div">
              <HealthMark health={object.health} label={object.status} />
            </Text>
          ) : null}
        </div>
        <CloseButton aria-label="Close the details" onClick={onClose} />
      </Group>
      {error ? (
        <div style={{ padding: '10px 16px' }}>
          <ErrorNotice error={error} />
        </div>
      ) : null}
      {isGone ? <EmptyState title="It is gone">{object ? 'It was deleted while it was open.' : 'There is no object of this name.'}</EmptyState> : null}
      {!object && !isGone && !error ? <Loader role="img" m="xl" aria-label="Reading the object" /> : null}
      {object && !isGone ? (
        <>
          <div style={{ padding: '0 16px' }}>
            <EntityActions actions={actions} />
          </div>
          <Tabs value={tab} onChange={(next) => next && onTab(next)} className="kube-tabs" keepMounted={false}>
            <Tabs.List>
              <Tabs.Tab value="summary">Summary</Tabs.Tab>
              <Tabs.Tab value="events">Events {object.events.length > 0 ? object.events.length : ''}</Tabs.Tab>
              <Tabs.Tab value="yaml">YAML</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="summary" className="kube-tab-panel" tabIndex={0}>
              <ObjectSummary connectionId={connectionId} object={object} />
            </Tabs.Panel>
            <Tabs.Panel value="events" className="kube-tab-panel" tabIndex={0}>
              <ObjectEvents events={object.events} />
            </Tabs.Panel>
            <Tabs.Panel value="yaml" className="kube-tab-panel" style={{ padding: 0 }}>
              <CodeView label={`YAML of ${objectRef.name}`} value={object.yaml} language="yaml" />
            </Tabs.Panel>
          </Tabs>
        </>
      ) : null}
    </aside>
  )
}

function useObject(connectionId: ConnectionId, ref: ObjectRef): { object: KubeObjectPage | null; isGone: boolean; error: AppError | null } {
  const client = useClient()
  const [state, setState] = useState<{ object: KubeObjectPage | null; isGone: boolean; error: AppError | null }>({ object: null, isGone: false, error: null })
  const key = `${connectionId} ${ref.kindId} ${ref.namespace ?? ''} ${ref.name}`
  useEffect(() => {
    const controller = new AbortController()
    setState({ object: null, isGone: false, error: null })
    void follow(
      (options) => client.kubernetes.watchObject({ connectionId, ref }, options),
      ({ object }) => setState((known) => (object ? { object, isGone: false, error: null } : { object: known.object, isGone: true, error: null })),
      { signal: controller.signal, onError: (error) => setState((known) => ({ ...known, error })) },
    )
    return () => controller.abort()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` is made of what is followed
  }, [client, key])
  return state
}
