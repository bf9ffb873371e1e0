// The workbench: databases and their tables at the left, the editor above, the result below as rows or pictures.
import './sql-screen.css'
import { Button, SegmentedControl, Select, Switch, Tooltip, VisuallyHidden } from '@mantine/core'
import { IconDatabaseOff, IconPlayerPlayFilled, IconPlayerStopFilled } from '@tabler/icons-react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { attempt } from '#client/attempt.ts'
import type { Client } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { useScreenCommands } from '#client/commands.store.ts'
import { useInventory } from '#client/inventory.store.ts'
import { navigate } from '#client/location.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import { AppError } from '#shared/errors.ts'
import type { Connection, ConnectionId } from '#shared/model/connection.ts'
import { statementAt } from '#shared/model/sql-statements.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { modName } from '#ui/keys.ts'
import { EditorDivider, useEditorPercent } from './EditorDivider.tsx'
import { RunHistory } from './RunHistory.tsx'
import { ResultPanel } from './ResultPanel.tsx'
import { SchemaBrowser } from './SchemaBrowser.tsx'
import { SqlEditor, type EditorHandle } from './SqlEditor.tsx'
import { useSqlLink } from './use-sql-link.ts'
import { cancelRun, chooseConnection, runStatement, setText, useSql } from './sql.store.ts'

const sides = [
  { value: 'tables', label: 'Tables' },
  { value: 'history', label: 'History' },
]

export default function SqlScreen() {
  const client = useClient()
  const site = useSession(currentSite)
  const databases = useMemo(() => (site?.connections ?? []).filter((connection) => connection.settings.kind === 'postgres'), [site])
  const connectionId = useSql((state) => state.connectionId)
  useEffect(() => {
    if (databases.some((connection) => connection.id === connectionId)) return
    const first = databases[0]
    if (first) void chooseConnection(client, first.id)
  }, [client, databases, connectionId])
  if (databases.length === 0) {
    return (
      <EmptyState icon={<IconDatabaseOff size={40} />} title="This site has no database yet" action={<Button onClick={() => navigate('/connections')}>Connect a PostgreSQL server</Button>}>
        Connect a PostgreSQL server to browse its tables and to query them here. Statements run read-only unless you raise that for one run.
      </EmptyState>
    )
  }
  return <Workbench databases={databases} />
}

function Workbench({ databases }: { databases: Connection[] }) {
  const client = useClient()
  const { connectionId, text, result, startError, catalogs, isStarting } = useSql()
  const blocked = useBlock(connectionId)
  const [side, setSide] = useState('tables')
  const [percent, setPercent] = useEditorPercent()
  const editor = useRef<EditorHandle | null>(null)
  /** Where the last statement began in the text, so that an error's position can be marked. */
  const ranFrom = useRef(0)
  const isRunning = result?.run.state === 'running'
  const catalog = (connectionId && catalogs.get(connectionId)) || ({ state: 'idle' } as const)

  const run = useCallback(() => {
    const handle = editor.current
    if (!handle || useSql.getState().isStarting) return
    if (blocked) return void attempt('The statement was not run', Promise.reject(blocked))
    const { text: whole, selection, cursor, selectionStart } = handle.read()
    const statement = selection.trim() ? { text: selection, start: selectionStart } : statementAt(whole, cursor)
    if (!statement || statement.text.trim() === '') return
    ranFrom.current = statement.start
    void runStatement(client, statement.text)
  }, [client, blocked])
  const replace = useCallback((sql: string) => {
    setText(sql)
    setTimeout(() => editor.current?.focus())
  }, [])
  useSqlLink(databases, replace)
  useScreenCommands(
    () => [
      { id: 'sql-run', title: 'Run the statement', group: 'SQL', shortcut: 'mod+Enter', disabledReason: blocked?.message ?? null, run },
      { id: 'sql-cancel', title: 'Cancel the running statement', group: 'SQL', disabledReason: isRunning ? null : 'Nothing is running.', run: () => cancel(client) },
      { id: 'sql-refresh', title: 'Read the catalogue again', group: 'SQL', run: () => connectionId && void chooseConnection(client, connectionId, true) },
    ],
    `${isRunning}:${connectionId}:${blocked?.message ?? ''}`,
  )
  // A server that came back is asked for its catalogue again: nobody should have to press a button for that.
  const cameBack = useInventory((state) => state.sources.some((source) => source.connectionId === connectionId && source.state === 'live'))
  useEffect(() => {
    if (!cameBack || !connectionId) return
    const known = useSql.getState().catalogs.get(connectionId)
    if (known?.state === 'failed' || (known?.state === 'ready' && !known.value.isLive)) void chooseConnection(client, connectionId, true)
  }, [client, cameBack, connectionId])
  const failure = startError ?? result?.error ?? null
  const position = failure?.detail?.kind === 'sql' && failure.detail.position ? ranFrom.current + failure.detail.position - 1 : null
  return (
    <div className="sql-shell">
      <aside className="sql-side" aria-label="Databases">
        <div style={{ padding: '0 8px 8px', display: 'grid', gap: 6 }}>
          <Select
            aria-label="Database"
            size="xs"
            data={databases.map((connection) => ({ value: connection.id, label: labelOf(connection) }))}
            value={connectionId}
            allowDeselect={false}
            onChange={(id) => id && void chooseConnection(client, id as ConnectionId)}
          />
          <SegmentedControl size="xs" data={sides} value={side} onChange={setSide} aria-label="Side panel" />
        </div>
        {side === 'tables' ? (
          <SchemaBrowser catalog={catalog} onInsert={(name) => editor.current?.insert(name)} onReplace={replace} onRefresh={() => connectionId && void chooseConnection(client, connectionId, true)} />
        ) : (
          <RunHistory onReplace={replace} />
        )}
      </aside>
      <section className="sql-work" aria-label="SQL workbench" style={{ gridTemplateRows: `auto ${percent}% 7px minmax(0, 1fr)` }}>
        <VisuallyHidden component="h1">SQL</VisuallyHidden>
        <RunBar blocked={blocked} isRunning={isRunning} isStarting={isStarting} onRun={run} />
        <div className="sql-editor">
          <SqlEditor
            value={text}
            catalog={catalog.state === 'ready' ? catalog.value : null}
            errorAt={position}
            onChange={setText}
            onRun={run}
            onReady={(handle) => {
              editor.current = handle
            }}
          />
        </div>
        <EditorDivider percent={percent} onChange={setPercent} />
        <ResultPanel />
      </section>
    </div>
  )
}

const labelOf = (connection: Connection): string =>
  connection.settings.kind === 'postgres' ? `${connection.label} · ${connection.settings.database}` : connection.label

const cancel = (client: Client): void => void attempt('The statement could not be cancelled', cancelRun(client))

/** Why nothing can be run now, in the words of the last failure; null = it can be tried. */
function useBlock(connectionId: ConnectionId | null): AppError | null {
  const source = useInventory((state) => state.sources.find((item) => item.connectionId === connectionId))
  const isLost = source?.state === 'lost'
  const { label, problem, remedy } = source ?? {}
  return useMemo(
    () => (isLost ? new AppError('unreachable', `${label} is not reachable. ${problem ?? ''}`.trim(), remedy ? { remedy } : {}) : null),
    [isLost, label, problem, remedy],
  )
}

function RunBar({ blocked, isRunning, isStarting, onRun }: { blocked: AppError | null; isRunning: boolean; isStarting: boolean; onRun: () => void }) {
  const client = useClient()
  const allowWrite = useSql((state) => state.allowWrite)
  const isReadOnlySite = useSession((state) => currentSite(state)?.isReadOnly ?? false)
  return (
    <div className="sql-bar">
      {isRunning ? (
        <Button size="xs" color="red" leftSection={<IconPlayerStopFilled size={14} />} onClick={() => cancel(client)}>
          Cancel
        </Button>
      ) : (
        <ActionButton size="xs" leftSection={<IconPlayerPlayFilled size={14} />} onClick={onRun} loading={isStarting} disabledReason={blocked?.message ?? null}>
          Run
        </ActionButton>
      )}
      <span className="kbd-hint">{modName} Enter</span>
      <div style={{ flex: 1 }} />
      <Tooltip label={isReadOnlySite ? 'The whole site is read-only (Connections).' : 'For the next run only; it is written in the audit log.'} multiline maw={280}>
        <div>
          <Switch
            size="xs"
            color="red"
            label="Allow writing for one run"
            checked={allowWrite}
            disabled={isReadOnlySite}
            onChange={(event) => useSql.setState({ allowWrite: event.currentTarget.checked })}
          />
        </div>
      </Tooltip>
    </div>
  )
}
