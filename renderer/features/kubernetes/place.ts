// Where the screen is: cluster, page or kind, namespaces and the open object, all in the address, so that a link, the
// Back button and the palette lead to the same view.
import { navigate, usePlace } from '#client/location.ts'
import { useSession, currentSite } from '#client/session.store.ts'
import type { Connection, ConnectionId } from '#shared/model/connection.ts'
import type { ObjectRef } from '#shared/model/kubernetes.ts'

export interface KubePlace {
  connection: Connection | null
  connections: Connection[]
  /** `overview`, `forwards` or a kind id. */
  kind: string
  namespaces: string[]
  /** `namespace/name` of the open object. */
  object: string | null
  tab: string
}

const path = '/kubernetes'

export function useKubePlace(): KubePlace {
  const { query } = usePlace()
  const site = useSession(currentSite)
  const connections = (site?.connections ?? []).filter((one) => one.settings.kind === 'kubernetes')
  const connection = connections.find((one) => one.id === query.get('connection')) ?? connections[0] ?? null
  return {
    connection,
    connections,
    kind: query.get('kind') ?? 'overview',
    namespaces: (query.get('namespaces') ?? '').split(',').filter(Boolean),
    object: query.get('object'),
    tab: query.get('tab') ?? 'summary',
  }
}

interface Target {
  connectionId: ConnectionId
  kind: string
  namespaces?: readonly string[]
  object?: string | null
  tab?: string
}

export function goToKube(target: Target, options: { replace?: boolean } = {}): void {
  const { namespaces = [], object, tab } = target
  navigate(
    path,
    {
      connection: target.connectionId,
      kind: target.kind,
      ...(namespaces.length > 0 ? { namespaces: namespaces.join(',') } : {}),
      ...(object ? { object } : {}),
      ...(tab && tab !== 'summary' ? { tab } : {}),
    },
    options,
  )
}

/** To the object of a reference, in the table of its kind. */
export const goToObject = (connectionId: ConnectionId, ref: ObjectRef, tab?: string): void =>
  goToKube({ connectionId, kind: ref.kindId, object: keyOf(ref), ...(tab ? { tab } : {}) })

export const keyOf = ({ namespace, name }: Pick<ObjectRef, 'namespace' | 'name'>): string => (namespace === null ? name : `${namespace}/${name}`)

export function refOf(kindId: string, key: string): ObjectRef {
  const slash = key.indexOf('/')
  return slash < 0 ? { kindId, namespace: null, name: key } : { kindId, namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
