import { screen, waitFor } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { AuditRecord } from '#shared/contracts/audit.ts'
import { AppError } from '#shared/errors.ts'
import { freshPage, show } from '../../testing/show.tsx'
import AuditScreen from './AuditScreen.tsx'

const record = (id: number, extra: Partial<AuditRecord> = {}): AuditRecord => ({
  id, atMs: Date.now(), procedure: 'sites.remove', title: `Action ${id}`, subject: 'Radio lab', siteId: null, outcome: 'done', message: null, elapsedMs: 12, ...extra,
})
const page = (from: number, size: number): AuditRecord[] => Array.from({ length: size }, (_unused, index) => record(from - index))

beforeEach(() => freshPage())

describe('the audit log', () => {
  it('shows each write with how it ended and why it failed', async () => {
    const list = () => Promise.resolve([record(2, { outcome: 'failed', message: 'The vault is locked.' }), record(1, { outcome: 'unknown' })])
    show(<AuditScreen />, { audit: { list } })
    expect(await screen.findByText('The vault is locked.')).toBeInTheDocument()
    expect(screen.getByText('outcome unknown')).toBeInTheDocument()
  })

  it('reads older pages from the last record on, until there are no more', async () => {
    const list = vi.fn(({ beforeId }: { beforeId?: number }) => Promise.resolve(beforeId === undefined ? page(200, 100) : page(100, 3)))
    const { user } = show(<AuditScreen />, { audit: { list: list as never } })
    await user.click(await screen.findByRole('button', { name: 'Show older' }))
    expect(list).toHaveBeenLastCalledWith({ limit: 100, beforeId: 101 })
    expect(await screen.findByText('Action 98')).toBeInTheDocument()
    expect(screen.queryByRole('button', { name: 'Show older' })).not.toBeInTheDocument()
  })

  it('asks the core for the outcome and the words, and drops an older page of another question', async () => {
    let answerOlder: (records: AuditRecord[]) => void = () => undefined
    const list = vi.fn((input: { beforeId?: number; outcome?: string; text?: string }) => {
      if (input.beforeId !== undefined) return new Promise<AuditRecord[]>((resolve) => (answerOlder = resolve))
      return Promise.resolve(input.outcome ? [record(7, { title: 'The failed one', outcome: 'failed' })] : page(200, 100))
    })
    const { user } = show(<AuditScreen />, { audit: { list: list as never } })
    await user.click(await screen.findByRole('button', { name: 'Show older' }))
    await user.click(screen.getByRole('radio', { name: 'failed' }))
    expect(await screen.findByText('The failed one')).toBeInTheDocument()
    answerOlder(page(100, 5))
    await user.type(screen.getByRole('textbox', { name: 'Search the audit log' }), 'site')
    await waitFor(() => expect(list).toHaveBeenLastCalledWith({ limit: 100, text: 'site', outcome: 'failed' }))
    expect(screen.queryByText('Action 98')).not.toBeInTheDocument()
  })

  it('can be asked again after a failure', async () => {
    const list = vi.fn().mockRejectedValueOnce(new AppError('unreachable', 'The core is gone.')).mockResolvedValue([])
    const { user } = show(<AuditScreen />, { audit: { list } })
    expect(await screen.findByRole('alert')).toHaveTextContent('The core is gone.')
    await user.click(screen.getByRole('button', { name: 'Try again' }))
    expect(await screen.findByRole('heading', { name: 'Nothing here yet' })).toBeInTheDocument()
  })

  it('shows why an export did not work', async () => {
    const exportCsv = () => Promise.reject(new AppError('internal', 'The disk is full.'))
    const { user } = show(<AuditScreen />, { audit: { list: () => Promise.resolve([]), exportCsv } })
    await user.click(screen.getByRole('button', { name: 'Export CSV' }))
    expect(await screen.findByText('The audit log could not be exported')).toBeInTheDocument()
  })
})
