// Kubernetes as one screen: kinds on the left, the table of one kind or the overview beside it, the open object at its
// side, logs below. What it shows is in the address.
import './kubernetes.css'
import { Button, Loader, Select } from '@mantine/core'
import { IconHexagons } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useClient, useFollow } from '#client/client-context.ts'
import { toAppError } from '#client/client.ts'
import { useScreenCommands } from '#client/commands.store.ts'
import { navigate } from '#client/location.ts'
import type { Remote } from '#client/remote.ts'
import type { Connection } from '#shared/model/connection.ts'
import type { KindInfo } from '#shared/model/kubernetes.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { ClusterOverviewPanel } from './ClusterOverviewPanel.tsx'
import { ForwardsPanel } from './ForwardsPanel.tsx'
import { useForwards } from './forwards.store.ts'
import { KindPanel } from './KindPanel.tsx'
import { KindTree } from './KindTree.tsx'
import { KnownPanel } from './KnownPanel.tsx'
import { LogDock } from './LogDock.tsx'
import { goToKube, useKubePlace, type KubePlace } from './place.ts'

export default function KubernetesScreen() {
  const place = useKubePlace()
  const { connection } = place
  useFollow('forwards', (client, options) => client.kubernetes.watchForwards(undefined, options), ({ forwards }) => useForwards.setState({ forwards }))
  if (!connection)
    return (
      <EmptyState
        icon={<IconHexagons size={40} />}
        title="This site has no Kubernetes cluster"
        action={<Button onClick={() => navigate('/connections')}>Add a connection</Button>}
      >
        A kubeconfig is enough. Meridian shows what its identity may see, and offers what it may do.
      </EmptyState>
    )
  return <ClusterScreen key={connection.id} connection={connection} place={place} />
}

interface Catalog {
  version: string
  kinds: KindInfo[]
  gaps: string[]
}

function ClusterScreen({ connection, place }: { connection: Connection; place: KubePlace }) {
  const [catalog, retry] = useCatalog(connection)
  const forwards = useForwards((state) => state.forwards.filter((one) => one.connectionId === connection.id).length)
  const kinds = catalog.state === 'ready' ? catalog.value.kinds : []
  const choose = (kind: string): void => goToKube({ connectionId: connection.id, kind, namespaces: place.namespaces })
  useScreenCommands(
    () => kinds.map((kind) => ({ id: `kubernetes ${kind.id}`, title: `Kubernetes: ${kind.title}`, group: 'Kubernetes', run: () => choose(kind.id) })),
    `${connection.id} ${kinds.length} ${place.namespaces.join(',')}`,
  )
  return (
    <div className="kube">
      <div className="kube-side">
        {place.connections.length > 1 ? (
          <Select
            aria-label="Cluster"
            size="xs"
            m={8}
            data={place.connections.map((one) => ({ value: one.id, label: one.label }))}
            value={connection.id}
            allowDeselect={false}
            onChange={(id) => id && goToKube({ connectionId: id as Connection['id'], kind: place.kind })}
          />
        ) : null}
        <KindTree kinds={kinds} current={place.kind} forwards={forwards} onChoose={choose} />
      </div>
      <div className="kube-main">
        <div className="kube-panel">
          <Panel connection={connection} place={place} catalog={catalog} retry={retry} />
        </div>
        <LogDock />
      </div>
    </div>
  )
}

function Panel(props: { connection: Connection; place: KubePlace; catalog: Remote<Catalog>; retry: () => void }) {
  const { connection, place, catalog, retry } = props
  if (place.kind === 'forwards') return <ForwardsPanel connectionId={connection.id} />
  if (catalog.state === 'failed')
    return (
      <>
        <div style={{ padding: '14px 20px 0' }}>
          <ErrorNotice error={catalog.error} onRetry={retry} />
        </div>
        <KnownPanel connectionId={connection.id} kind={place.kind} />
      </>
    )
  if (catalog.state !== 'ready') return <Loader role="img" m="xl" aria-label="Asking the cluster" />
  if (place.kind === 'overview') return <ClusterOverviewPanel connectionId={connection.id} label={connection.label} />
  const kind = catalog.value.kinds.find((one) => one.id === place.kind)
  if (!kind)
    return (
      <EmptyState title={`This cluster has no ${place.kind}`}>
        {catalog.value.gaps.join(' ') || 'Its API does not list them; the operator that brings them may have been removed.'}
      </EmptyState>
    )
  return <KindPanel key={kind.id} connectionId={connection.id} kind={kind} place={place} />
}

/** What the API server has; asked again after a failure, and by hand. */
function useCatalog(connection: Connection): [Remote<Catalog>, () => void] {
  const client = useClient()
  const [catalog, setCatalog] = useState<Remote<Catalog>>({ state: 'loading' })
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    let isCurrent = true
    let timer: ReturnType<typeof setTimeout> | undefined
    client.kubernetes.catalog({ connectionId: connection.id }).then(
      (value) => isCurrent && setCatalog({ state: 'ready', value }),
      (thrown: unknown) => {
        if (!isCurrent) return
        setCatalog({ state: 'failed', error: toAppError(thrown) })
        timer = setTimeout(() => setAttempt((count) => count + 1), 15_000)
      },
    )
    return () => {
      isCurrent = false
      clearTimeout(timer)
    }
  }, [client, connection.id, attempt])
  return [catalog, () => setAttempt((count) => count + 1)]
}
