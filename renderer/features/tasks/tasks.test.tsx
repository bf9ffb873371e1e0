import { act, screen, within } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useTasks } from '#client/tasks.store.ts'
import type { TaskLine } from '#shared/contracts/tasks.ts'
import { eventFeed } from '../../testing/event-feed.ts'
import { sampleSiteRecord, siteId } from '../../testing/sample-session.ts'
import { sampleTask } from '../../testing/sample-tasks.ts'
import { freshPage, show } from '../../testing/show.tsx'
import { TaskDrawer } from './TaskDrawer.tsx'
import { TaskStatusItem } from './TaskStatusItem.tsx'

const know = (...tasks: Array<ReturnType<typeof sampleTask>>): void =>
  useTasks.setState({ tasks: new Map(tasks.map((task) => [task.taskId, task])) })

beforeEach(() => {
  freshPage({ sites: [sampleSiteRecord()], siteId })
  useTasks.setState(useTasks.getInitialState(), true)
})

describe('the task drawer', () => {
  it('opens from the status bar, which counts what runs', async () => {
    know(sampleTask(), sampleTask({ taskId: 'task-2', state: 'done', endedAtMs: Date.now() }))
    const { user } = show(<><TaskDrawer /><TaskStatusItem /></>, { tasks: { followLog: eventFeed().watch as never } })
    expect(screen.queryByRole('region', { name: 'Tasks' })).not.toBeInTheDocument()
    await user.click(screen.getByRole('button', { name: '1 task running', expanded: false }))
    expect(screen.getByRole('region', { name: 'Tasks' })).toBeInTheDocument()
    expect(screen.getAllByRole('row')).toHaveLength(3)
  })

  it('shows the log as it grows and says how the task ended', async () => {
    const log = eventFeed<TaskLine[]>([{ number: 1, text: 'starting migration' }])
    know(sampleTask({ title: 'Migrate pg01 to node02', fraction: 0.25, message: 'transferred 25 %' }))
    useTasks.setState({ isOpen: true })
    const readLog = vi.fn().mockResolvedValue([])
    show(<TaskDrawer />, { tasks: { followLog: log.watch as never, readLog } })
    const panel = screen.getByRole('region', { name: 'Task: Migrate pg01 to node02' })
    expect(await within(panel).findByText(/starting migration/)).toBeInTheDocument()
    act(() => log.send([{ number: 2, text: 'migration finished' }]))
    expect(await within(panel).findByText(/migration finished/)).toBeInTheDocument()
    act(() => know(sampleTask({ title: 'Migrate pg01 to node02', state: 'unknown', endedAtMs: Date.now(), message: 'node02 does not answer.', remedy: 'Look at the guest.' })))
    expect(within(panel).getByText('Outcome unknown')).toBeInTheDocument()
    expect(within(panel).getByText('Look at the guest.')).toBeInTheDocument()
    expect(within(panel).getByText(/migration finished/)).toBeInTheDocument()
    expect(readLog).toHaveBeenCalledWith(expect.objectContaining({ afterLine: 2 }), expect.anything())
  })

  it('stops what runs, and says why it cannot while the site is read-only', async () => {
    const stop = vi.fn().mockResolvedValue(sampleTask())
    know(sampleTask())
    useTasks.setState({ isOpen: true })
    const shown = show(<TaskDrawer />, { tasks: { followLog: eventFeed().watch as never, stop } })
    await shown.user.click(screen.getByRole('button', { name: 'Stop' }))
    expect(stop).toHaveBeenCalledWith({ siteId, taskId: 'task-1' })
    act(() => freshPage({ sites: [sampleSiteRecord({ isReadOnly: true })], siteId }))
    expect(screen.getByRole('button', { name: 'Stop' })).toHaveAttribute('aria-disabled', 'true')
  })

  it('takes ended tasks off the list', async () => {
    const dismissEnded = vi.fn().mockResolvedValue(undefined)
    know(sampleTask({ state: 'failed', message: 'no such disk', endedAtMs: Date.now() }))
    useTasks.setState({ isOpen: true })
    const { user } = show(<TaskDrawer />, { tasks: { readLog: vi.fn().mockResolvedValue([]), dismissEnded } })
    expect(screen.getByText(/no such disk/)).toBeInTheDocument()
    await user.click(screen.getByRole('button', { name: 'Clear what has ended' }))
    expect(dismissEnded).toHaveBeenCalledWith({ siteId })
  })
})
