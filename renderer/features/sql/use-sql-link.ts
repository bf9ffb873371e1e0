// Links into the workbench: a kept result to open, or a statement that waits in the editor. Nothing is ever run by a
// link. The address is tidied once it has been followed, so that a reload does not put it in again.
import { useEffect } from 'react'
import { useClient } from '#client/client-context.ts'
import { navigate, usePlace } from '#client/location.ts'
import type { Connection } from '#shared/model/connection.ts'
import { chooseConnection, loadHistory, openKeptResult } from './sql.store.ts'

const longestStatement = 20_000

/** `onText` is told of the statement, so that the editor can show it. */
export function useSqlLink(databases: readonly Connection[], onText: (sql: string) => void): void {
  const client = useClient()
  const { path, query } = usePlace()
  const runId = query.get('run')
  const sql = query.get('sql')
  const wanted = query.get('connection')
  useEffect(() => {
    if (path !== '/sql' || (runId === null && sql === null)) return
    const connection = databases.find((item) => item.id === wanted)
    if (connection) void chooseConnection(client, connection.id)
    if (sql !== null) onText(sql.slice(0, longestStatement))
    if (runId !== null) {
      void openKeptResult(client, runId)
      // What belongs to it (the tables of its jobs) is found in the history.
      void loadHistory(client)
    }
    navigate('/sql', {}, { replace: true })
    // eslint-disable-next-line react-hooks/exhaustive-deps -- followed once per link
  }, [client, path, runId, sql, wanted])
}
