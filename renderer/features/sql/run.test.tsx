import { act, screen, waitFor, within } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Run } from '#shared/contracts/sql.ts'
import { AppError, toWireError } from '#shared/errors.ts'
import { arrowBody, type ArrowBody } from '../../testing/arrow-stream.ts'
import { eventFeed } from '../../testing/event-feed.ts'
import { connectionId, sampleRun } from '../../testing/sample-session.ts'
import { freshPage, show } from '../../testing/show.tsx'
import type { Procedures } from '../../testing/fake-client.ts'
import { ResultPanel } from './ResultPanel.tsx'
import { RunHistory } from './RunHistory.tsx'
import { cancelRun, openKeptResult, runStatement, useSql } from './sql.store.ts'

const stream = { streamId: 's', url: '/stream/s' }
const done = (extra: Partial<Run> = {}): Run => sampleRun({ state: 'done', rows: 4, elapsedMs: 1234, resultBytes: 2048, ...extra })
const quasars = (): ArrowBody => arrowBody({ targetid: BigInt64Array.of(39627652591521181n, 2n), z: [2.5, null] }, { targetid: BigInt64Array.of(3n, 4n), z: [2.7, 2.9] })

/** The workbench's result with a core that answers as told. */
function panel(sql: Procedures['sql'], body?: ArrowBody | (() => Promise<Response>)) {
  const fetchStream = vi.fn(() => (typeof body === 'function' ? body() : Promise.resolve(body!.response)))
  return show(<ResultPanel />, { sql: { history: () => Promise.resolve([]), ...sql }, fetchStream })
}
const status = (): HTMLElement => screen.getByTestId('result-status')

beforeEach(() => {
  freshPage()
  useSql.setState({ ...useSql.getInitialState(), connectionId, text: '' }, true)
})
afterEach(() => void vi.useRealTimers())

describe('a run', () => {
  it('shows rows while they arrive, and says at the end how it ended', async () => {
    const body = quasars()
    let end: (run: Run) => void = () => undefined
    const { client } = panel({ start: () => Promise.resolve({ run: sampleRun(), stream }), outcome: () => new Promise((resolve) => (end = resolve)) }, body)
    const run = runStatement(client, 'SELECT * FROM zpix')
    act(() => body.next())
    expect(await screen.findByText('39627652591521181')).toBeInTheDocument()
    expect(status()).toHaveAttribute('data-state', 'running')
    expect(status()).toHaveTextContent('2 rows · running')
    expect(screen.getByRole('button', { name: 'Export' })).toBeDisabled()
    act(() => body.finish())
    await waitFor(() => expect(status()).toHaveTextContent('4 rows'))
    act(() => end(done()))
    await run
    await waitFor(() => expect(status()).toHaveTextContent('4 rows · complete · 1.2 s · 2.00 KiB kept'))
    expect(screen.getByRole('button', { name: 'Export' })).toBeEnabled()
    expect(screen.getByText('NULL')).toHaveAttribute('data-null', 'true')
  })

  it('keeps what had arrived when the server fails, with its own words', async () => {
    const body = quasars()
    const error = toWireError(new AppError('upstream', 'division by zero', { detail: { kind: 'sql', sqlState: '22012', position: 8 } }), 'r')
    const { client } = panel({ start: () => Promise.resolve({ run: sampleRun(), stream }), outcome: () => Promise.resolve(done({ state: 'failed', error })) }, body)
    body.finish()
    await act(() => runStatement(client, 'SELECT 1/0'))
    expect(await screen.findByRole('alert')).toHaveTextContent('division by zero')
    expect(screen.getByText('39627652591521181')).toBeInTheDocument()
    expect(status()).toHaveAttribute('data-state', 'failed')
    expect(useSql.getState().result?.error?.detail).toMatchObject({ kind: 'sql', position: 8 })
  })

  it('says that a result was cut, and where to raise the limit', async () => {
    const body = quasars()
    body.finish()
    const { client } = panel({ start: () => Promise.resolve({ run: sampleRun(), stream }), outcome: () => Promise.resolve(done({ state: 'cut', rows: 5_000_000 })) }, body)
    await act(() => runStatement(client, 'SELECT * FROM zpix'))
    expect(await screen.findByText(/this result was cut at 5.000.000\. Raise/)).toBeInTheDocument()
  })

  it('says why it could not be started, and can be dismissed', async () => {
    const start = () => Promise.reject(new AppError('forbidden', 'INSERT would write; this run is read-only.', { remedy: 'Allow writing for one run.' }))
    const { client, user } = panel({ start })
    await act(() => runStatement(client, 'INSERT INTO t VALUES (1)'))
    expect(screen.getByRole('alert')).toHaveTextContent('INSERT would write')
    await user.click(screen.getByRole('button', { name: 'Dismiss' }))
    expect(screen.queryByRole('alert')).not.toBeInTheDocument()
  })

  it('raises the write gate for one run only', async () => {
    const start = vi.fn((_input: { allowWrite?: boolean }) => Promise.reject(new AppError('internal', 'x')))
    const { client } = panel({ start: start as never })
    useSql.setState({ allowWrite: true })
    await act(() => runStatement(client, 'DELETE FROM t'))
    await act(() => runStatement(client, 'DELETE FROM t'))
    expect(start.mock.calls.map(([input]) => input.allowWrite)).toEqual([true, false])
  })

  it('is cancelled in the server, and shown so', async () => {
    const body = quasars()
    const cancel = vi.fn(() => Promise.resolve(done({ state: 'cancelled', rows: 2 })))
    const { client } = panel({ start: () => Promise.resolve({ run: sampleRun(), stream }), cancel, outcome: () => Promise.resolve(done({ state: 'cancelled', rows: 2 })) }, body)
    const run = runStatement(client, 'SELECT pg_sleep(60)')
    await waitFor(() => expect(status()).toHaveAttribute('data-state', 'running'))
    await act(() => cancelRun(client))
    expect(cancel).toHaveBeenCalledWith({ runId: 'run-1' })
    expect(status()).toHaveAttribute('data-state', 'cancelled')
    body.finish()
    await act(() => run)
    expect(screen.queryByRole('alert')).not.toBeInTheDocument()
  })

  it('started twice shows the second only, and ends the first in the server', async () => {
    const answers: Array<(answer: { run: Run; stream: typeof stream }) => void> = []
    const cancel = vi.fn(() => Promise.resolve(done({ state: 'cancelled' })))
    const body = quasars()
    body.finish()
    const start = () => new Promise<{ run: Run; stream: typeof stream }>((resolve) => answers.push(resolve))
    const { client } = panel({ start, cancel, outcome: () => Promise.resolve(done({ runId: 'second' })) }, body)
    const first = runStatement(client, 'SELECT 1')
    const second = runStatement(client, 'SELECT 2')
    await waitFor(() => expect(answers).toHaveLength(2))
    answers[1]!({ run: sampleRun({ runId: 'second', sql: 'SELECT 2' }), stream })
    await act(() => second)
    answers[0]!({ run: sampleRun({ runId: 'first' }), stream })
    await act(() => first)
    expect(useSql.getState().result?.run.runId).toBe('second')
    expect(cancel).toHaveBeenCalledWith({ runId: 'first' })
  })

  it('whose core was lost keeps its rows, says so, and learns the end when the core is back', async () => {
    vi.useFakeTimers()
    const body = quasars()
    const lost = new AppError('unreachable', 'The connection to the application core was lost: closed')
    const outcome = vi.fn().mockRejectedValueOnce(lost).mockRejectedValueOnce(lost).mockResolvedValue(done({ state: 'interrupted', rows: 2 }))
    const { client } = panel({ start: () => Promise.resolve({ run: sampleRun(), stream }), outcome }, body)
    const run = runStatement(client, 'SELECT * FROM zpix')
    await act(() => vi.advanceTimersByTimeAsync(200))
    body.next()
    await act(() => vi.advanceTimersByTimeAsync(200))
    body.breakOff()
    await act(() => vi.advanceTimersByTimeAsync(200))
    expect(screen.getByRole('alert')).toHaveTextContent('broke off')
    expect(screen.getByText('39627652591521181')).toBeInTheDocument()
    await act(() => vi.advanceTimersByTimeAsync(2000))
    await act(() => run)
    expect(outcome).toHaveBeenCalledTimes(3)
    expect(status()).toHaveAttribute('data-state', 'interrupted')
  })

  it('never passes for complete when rows are missing', async () => {
    const body = quasars()
    body.finish()
    const columns = [{ name: 'targetid', pgType: 'int8', unit: null, description: null }]
    const { client } = panel({ start: () => Promise.resolve({ run: sampleRun(), stream }), outcome: () => Promise.resolve(done({ rows: 9, columns })) }, body)
    await act(() => runStatement(client, 'SELECT * FROM zpix'))
    expect(screen.getByRole('alert')).toHaveTextContent(/Only 4 of 9 rows arrived here\..*The whole result is kept/)
  })

  it('without columns says what the server said', async () => {
    const body = arrowBody({})
    body.finish()
    const { client } = panel({ start: () => Promise.resolve({ run: sampleRun(), stream }), outcome: () => Promise.resolve(done({ rows: 0, commandTag: 'CREATE TABLE', resultBytes: 0 })) }, body)
    await act(() => runStatement(client, 'CREATE TABLE t ()'))
    expect(await screen.findByRole('heading', { name: 'CREATE TABLE' })).toBeInTheDocument()
  })
})

describe('saving and exporting', () => {
  const shown = async (sql: Procedures['sql']) => {
    const body = quasars()
    body.finish()
    const result = panel({ start: () => Promise.resolve({ run: sampleRun(), stream }), outcome: () => Promise.resolve(done()), ...sql }, body)
    await act(() => runStatement(result.client, 'SELECT 1'))
    return result
  }

  it('keeps a result under a name', async () => {
    const saveResult = vi.fn(() => Promise.resolve(done({ isSaved: true, name: 'Quasars' })))
    const { user } = await shown({ saveResult })
    await user.click(screen.getByRole('button', { name: 'Save' }))
    await user.type(await screen.findByRole('textbox', { name: 'Name' }), ' Quasars {Enter}')
    expect(saveResult).toHaveBeenCalledWith({ runId: 'run-1', name: 'Quasars' })
    await waitFor(() => expect(status()).toHaveTextContent('saved as “Quasars”'))
    await user.click(screen.getByRole('button', { name: 'Rename' }))
    expect(await screen.findByRole('textbox', { name: 'Name' })).toHaveValue('Quasars')
  })

  it('says why a file could not be made', async () => {
    const exportResult = () => Promise.reject(new AppError('not-found', 'The rows of this result are not kept any more.'))
    const { user } = await shown({ exportResult })
    await user.click(screen.getByRole('button', { name: 'Export' }))
    await user.click(await screen.findByRole('menuitem', { name: 'Parquet' }))
    expect(await screen.findByRole('dialog', { name: 'The export did not work' })).toHaveTextContent('not kept any more')
  })
})

describe('the history', () => {
  const saved = done({ runId: 'kept', name: 'Quasars', isSaved: true, sql: 'SELECT * FROM zpix' })
  const gone = done({ runId: 'gone', sql: 'SELECT 2', resultBytes: 0 })
  const showHistory = (sql: Procedures['sql'], fetchStream?: Procedures['fetchStream']) => {
    const onReplace = vi.fn()
    const feed = eventFeed<Run>()
    const children = (
      <>
        <RunHistory onReplace={onReplace} />
        <ResultPanel />
      </>
    )
    const procedures = { sql: { history: () => Promise.resolve([saved, gone]), watchRuns: feed.watch as never, ...sql }, ...(fetchStream ? { fetchStream } : {}) }
    return { onReplace, feed, ...show(children, procedures) }
  }

  it('opens a saved result from disk, with no server: only the kept file is asked for', async () => {
    const body = quasars()
    body.finish()
    const openResult = vi.fn(() => Promise.resolve({ run: saved, stream }))
    const { user, onReplace } = showHistory({ openResult, outcome: () => Promise.resolve(saved) }, () => Promise.resolve(body.response))
    await user.click(await screen.findByRole('button', { name: /^Open Quasars/ }))
    expect(openResult).toHaveBeenCalledWith({ runId: 'kept' })
    expect(onReplace).toHaveBeenCalledWith('SELECT * FROM zpix')
    expect(await screen.findByText('39627652591521181')).toBeInTheDocument()
    await waitFor(() => expect(status()).toHaveTextContent('saved as “Quasars”'))
  })

  it('puts the text of a run whose rows are gone into the editor, and asks for nothing', async () => {
    const { user, onReplace } = showHistory({})
    await user.click(await screen.findByRole('button', { name: /^Open SELECT 2/ }))
    expect(onReplace).toHaveBeenCalledWith('SELECT 2')
    expect(screen.queryByRole('alert')).not.toBeInTheDocument()
  })

  it('searches, narrows to what is saved, and follows runs as they go', async () => {
    const { user, feed } = showHistory({})
    const list = await screen.findByRole('list', { name: 'Runs' })
    await waitFor(() => expect(within(list).getAllByRole('listitem')).toHaveLength(2))
    await waitFor(() => expect(feed.open()).toBe(1))
    feed.send(sampleRun({ runId: 'new', sql: 'SELECT now()' }))
    expect(await within(list).findByRole('button', { name: /^Open SELECT now\(\)/ })).toBeInTheDocument()
    await user.type(screen.getByRole('textbox', { name: 'Search the history' }), 'zpix')
    expect(within(list).getAllByRole('listitem')).toHaveLength(1)
    await user.clear(screen.getByRole('textbox', { name: 'Search the history' }))
    await user.click(screen.getByRole('switch', { name: 'Saved only' }))
    expect(within(list).getAllByRole('listitem')).toHaveLength(1)
  })

  it('says why a run could not be deleted', async () => {
    const { user } = showHistory({ deleteRun: () => Promise.reject(new AppError('conflict', 'It is still running.')) })
    await user.click(await screen.findByRole('button', { name: 'More for SELECT 2' }))
    await user.click(await screen.findByRole('menuitem', { name: 'Delete' }))
    expect(await screen.findByText('The run could not be deleted')).toBeInTheDocument()
  })

  it('says why a kept result could not be opened', async () => {
    const { client } = showHistory({ openResult: () => Promise.reject(new AppError('not-found', 'The file is gone.')) })
    await act(() => openKeptResult(client, 'kept'))
    expect(screen.getByRole('alert')).toHaveTextContent('The file is gone.')
  })
})
