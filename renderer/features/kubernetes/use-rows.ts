// Follows the rows of one kind while its table is on the screen; what they are shown by (order, filter) is the table's.
import { useEffect, useRef, useState } from 'react'
import { follow, toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import type { RowsEvent } from '#shared/contracts/kubernetes.ts'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { KubeRow, RowColumn } from '#shared/model/kubernetes.ts'
import { RowTable, type RowView } from './row-table.ts'

export interface LiveRows {
  visible: readonly KubeRow[]
  size: number
  columns: readonly RowColumn[]
  state: RowsEvent['state']
  problem: string | null
  onlyNamespace: string | null
  atMs: number | null
  error: AppError | null
  find(key: string): KubeRow | undefined
  all(): Iterable<KubeRow>
}

type Status = Pick<LiveRows, 'state' | 'problem' | 'onlyNamespace' | 'atMs' | 'error'>
const unknown: Status = { state: 'loading', problem: null, onlyNamespace: null, atMs: null, error: null }

/** `namespaces` only where the identity may not see all of them. */
export function useRows(connectionId: ConnectionId, kindId: string, namespaces: readonly string[], view: RowView): LiveRows {
  const client = useClient()
  const table = useRef(new RowTable())
  const [status, setStatus] = useState<Status>(unknown)
  const [, setVersion] = useState(0)
  const key = `${connectionId} ${kindId} ${namespaces.join(',')}`
  const lastView = useRef<RowView | null>(null)
  if (lastView.current !== view) {
    lastView.current = view
    table.current.setView(view)
  }
  useEffect(() => {
    const controller = new AbortController()
    const mine = new RowTable()
    mine.setView(lastView.current!)
    table.current = mine
    setStatus(unknown)
    void follow(
      (options) => client.kubernetes.watchRows({ connectionId, kindId, namespaces: [...namespaces] }, options),
      (event) => {
        mine.apply(event)
        setVersion((version) => version + 1)
        const { state, problem, onlyNamespace, atMs } = event
        setStatus({ state, problem, onlyNamespace, atMs, error: null })
      },
      { signal: controller.signal, onError: (error) => setStatus((known) => ({ ...known, state: 'lost', error: toAppError(error) })) },
    )
    return () => controller.abort()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` is made of what is followed
  }, [client, key])
  const { current } = table
  return {
    ...status,
    visible: current.visible,
    size: current.size,
    columns: current.columns,
    find: (rowKey) => current.find(rowKey),
    all: () => current.all(),
  }
}
