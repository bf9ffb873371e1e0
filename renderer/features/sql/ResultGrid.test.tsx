import { fireEvent, screen, within } from '@testing-library/react'
import { Field, Float64, Int64, Schema, Utf8 } from 'apache-arrow'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { freshPage, show } from '../../testing/show.tsx'
import { contentPx, longestTrackPx } from './grid-geometry.ts'
import { copyText, rangeOf } from './grid-selection.ts'
import { ResultGrid } from './ResultGrid.tsx'
import type { ResultTable } from './result-table.ts'

/** A table of any height that owns no row: it counts what is asked of it. */
function endless(rowCount: number, columns = 3) {
  const fields = [new Field('targetid', new Int64()), new Field('z', new Float64(), true), new Field('note', new Utf8(), true)]
  for (let index = 3; index < columns; index += 1) fields.push(new Field(`c${index}`, new Float64()))
  const value = vi.fn((row: number, column: number): unknown => {
    if (column === 0) return 39_627_652_591_521_181n + BigInt(row)
    if (column === 1) return row % 2 === 0 ? null : row / 10
    return column === 2 ? (row % 2 === 0 ? '' : 'NULL') : row
  })
  const table = { schema: new Schema(fields), fields, rowCount, value, subscribe: () => () => undefined, getRevision: () => 0, *columnChunks() {} }
  return { table: table as unknown as ResultTable, value }
}

const grid = (): HTMLElement => screen.getByRole('grid', { name: 'Rows' })
const open = (rowCount: number, columns?: number) => {
  const { table, value } = endless(rowCount, columns)
  const shown = show(<ResultGrid table={table} label="Rows" />)
  grid().focus()
  return { ...shown, value }
}
const cursorText = (): string | undefined => document.getElementById(grid().getAttribute('aria-activedescendant') ?? '')?.textContent

beforeEach(() => freshPage())

describe('a result of ten million rows', () => {
  const rows = 10_000_000

  it('holds only the visible rectangle, and reads no cell outside of it', () => {
    const { value } = open(rows, 400)
    expect(grid()).toHaveAttribute('aria-rowcount', String(rows + 1))
    expect(grid()).toHaveAttribute('aria-colcount', '401')
    expect(screen.getAllByRole('row').length).toBeLessThan(25)
    expect(within(screen.getAllByRole('row')[1]!).getAllByRole('gridcell').length).toBeLessThan(10)
    // A few rows of every column are read once, to know how wide it must be.
    expect(value.mock.calls.length).toBeLessThan(400 * 24 + 400)
    expect(Math.max(...value.mock.calls.map(([row]) => row))).toBeLessThan(25)
  })

  it('is taller than an element may be, so its scrollbar works on a shorter track', () => {
    open(rows)
    expect(contentPx({ rowCount: rows, rowHeightPx: 26, viewportPx: 358 })).toBeGreaterThan(longestTrackPx)
    expect(Number.parseInt((grid().firstElementChild as HTMLElement).style.height)).toBeLessThanOrEqual(longestTrackPx + 42)
  })

  it('reaches the very last row by one key, exactly, and the first again', async () => {
    const { user } = open(rows)
    await user.keyboard('{Control>}{End}{/Control}')
    expect(screen.getByText(String(rows))).toBeInTheDocument()
    expect(screen.getByText(String(39_627_652_591_521_181n + BigInt(rows - 1)))).toBeInTheDocument()
    expect(screen.getAllByRole('row').at(-1)).toHaveAttribute('aria-rowindex', String(rows + 1))
    await user.keyboard('{Control>}{Home}{/Control}')
    expect(cursorText()).toBe('39627652591521181')
  })

  it('goes row by row from any place, without a jump', async () => {
    const { user } = open(rows)
    await user.keyboard('{Control>}{End}{/Control}{Home}{ArrowUp}{ArrowUp}')
    expect(cursorText()).toBe(String(39_627_652_591_521_181n + BigInt(rows - 3)))
    await user.keyboard('{PageUp}')
    expect(cursorText()).toBe(String(39_627_652_591_521_181n + BigInt(rows - 3 - 12)))
  })

  it('adds up wheel turns that come between two pictures', () => {
    open(rows)
    for (let turn = 0; turn < 5; turn += 1) grid().dispatchEvent(new WheelEvent('wheel', { deltaY: 260, bubbles: true, cancelable: true }))
    fireEvent.scroll(grid())
    expect(screen.getAllByRole('rowheader')[0]).toHaveTextContent('51')
  })

  it('follows the scrollbar over the whole height', () => {
    open(rows)
    grid().scrollTop = (longestTrackPx - 358) / 2
    fireEvent.scroll(grid())
    expect(Number(screen.getAllByRole('rowheader')[0]!.textContent)).toBeGreaterThan(4_999_900)
    expect(Number(screen.getAllByRole('rowheader')[0]!.textContent)).toBeLessThan(5_000_100)
  })
})

describe('cells', () => {
  it('tell NULL from an empty text and from the word', () => {
    open(4)
    const [first, second] = screen.getAllByRole('row').slice(1)
    const [, z, note] = within(first!).getAllByRole('gridcell')
    expect(z).toHaveTextContent('NULL')
    expect(z).toHaveAttribute('data-null', 'true')
    expect(note).toHaveTextContent(/^$/)
    expect(note).not.toHaveAttribute('data-null')
    const word = within(second!).getAllByRole('gridcell')[2]!
    expect(word).toHaveTextContent('NULL')
    expect(word).not.toHaveAttribute('data-null')
  })

  it('move by arrows, also sideways, and stop at the edges', async () => {
    const { user } = open(4)
    await user.keyboard('{ArrowRight}{ArrowDown}')
    expect(cursorText()).toBe('0.1')
    await user.keyboard('{ArrowLeft}{ArrowLeft}{ArrowLeft}{ArrowUp}{ArrowUp}{ArrowUp}')
    expect(cursorText()).toBe('39627652591521181')
  })

  it('are copied as tab-separated lines, the whole selection', async () => {
    const { user } = open(4)
    const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue()
    await user.keyboard('{Shift>}{ArrowDown}{ArrowRight}{/Shift}{Control>}c{/Control}')
    expect(write).toHaveBeenCalledWith('39627652591521181\t\n39627652591521182\t0.1')
  })

  it('are refused to the clipboard when they are too many, with the way out', async () => {
    const { user } = open(10_000_000)
    await user.keyboard('{Control>}{Shift>}{End}{/Shift}c{/Control}')
    expect(await screen.findByRole('alert')).toHaveTextContent(/too many for the clipboard.*Export the result/)
  })

  it('say so when the clipboard is closed to the window', async () => {
    const { user } = open(4)
    vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new DOMException('no', 'NotAllowedError'))
    await user.keyboard('{Control>}c{/Control}')
    expect(await screen.findByRole('alert')).toHaveTextContent('This window may not write to the clipboard.')
  })

  it('keep a single text as it is, and never break a line of many', () => {
    const one = rangeOf({ anchor: { row: 0, column: 0 }, cursor: { row: 0, column: 0 } })
    expect(copyText(one, () => 'a\tb\nc')).toBe('a\tb\nc')
    const two = rangeOf({ anchor: { row: 1, column: 1 }, cursor: { row: 1, column: 0 } })
    expect(copyText(two, () => 'a\tb\nc')).toBe('a b c\ta b c')
  })
})

describe('an empty result', () => {
  it('shows its columns and survives every key', async () => {
    const { user } = open(0)
    expect(screen.getByRole('columnheader', { name: /targetid/ })).toBeInTheDocument()
    await user.keyboard('{ArrowDown}{Control>}{End}{/Control}{PageDown}')
    expect(screen.queryByRole('gridcell')).not.toBeInTheDocument()
  })
})
