// The open consoles of this window: tabs, how each is split, which one has the focus. Runs (channels, terminals) are
// kept beside the state, because they are not data. Everything goes on while the user is on another screen.
import { create } from 'zustand'
import type { Client } from '#client/client.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { useSession } from '#client/session.store.ts'
import type { ConsoleAddress } from '#shared/model/console.ts'
import { consoleTitle } from '#shared/model/console.ts'
import { ConsoleRun, realParts, type ConsoleParts, type RunState } from './console-run.ts'
import { isConsoleKey } from './console-keys.ts'
import { linkDialog, pasteDialog } from './console-dialogs.tsx'
import { consolesOf, leaf, neighbourOf, splitAt, without, withShare, type Direction, type Layout, type Side } from './layout.ts'

export interface OpenConsole extends RunState {
  id: string
  address: ConsoleAddress
  title: string
  /** Output came while it was not in sight. */
  hasNews: boolean
}

export interface ConsoleTab {
  id: string
  layout: Layout
  activeId: string
}

interface ConsolesState {
  consoles: Readonly<Record<string, OpenConsole>>
  tabs: readonly ConsoleTab[]
  activeTabId: string | null
}

export const useConsoles = create<ConsolesState>(() => ({ consoles: {}, tabs: [], activeTabId: null }))

const runs = new Map<string, ConsoleRun>()
let parts: ConsoleParts = realParts
let count = 0

/** Tests only: other parts to draw on, and nothing open. */
export function resetConsoles(replacement: ConsoleParts = realParts): void {
  for (const run of runs.values()) run.dispose()
  runs.clear()
  parts = replacement
  useConsoles.setState({ consoles: {}, tabs: [], activeTabId: null })
}

export const runOf = (id: string): ConsoleRun | undefined => runs.get(id)
export const activeTabOf = (state: ConsolesState): ConsoleTab | undefined =>
  state.tabs.find((tab) => tab.id === state.activeTabId)

/** Opens a console in a tab of its own. `takeId` moves one here from another window. */
export function openInTab(client: Client, address: ConsoleAddress, takeId?: string): string {
  const id = start(client, address, takeId)
  const tab = { id: `tab-${id}`, layout: leaf(id), activeId: id }
  useConsoles.setState(({ tabs }) => ({ tabs: [...tabs, tab], activeTabId: tab.id }))
  return id
}

/** Opens one beside or below another; without an address the same target once more. */
export function openInSplit(client: Client, id: string, direction: Direction, address?: ConsoleAddress): void {
  const beside = useConsoles.getState().consoles[id]
  if (!beside) return
  const added = start(client, address ?? beside.address)
  changeTabOf(id, (tab) => ({ ...tab, layout: splitAt(tab.layout, id, direction, added), activeId: added }))
}

export function closeConsole(id: string): void {
  runs.get(id)?.dispose()
  runs.delete(id)
  useConsoles.setState(({ consoles, tabs, activeTabId }) => {
    const { [id]: _closed, ...rest } = consoles
    const at = tabs.findIndex((tab) => consolesOf(tab.layout).includes(id))
    const left = tabs.flatMap((tab) => withoutConsole(tab, id))
    const isActiveGone = !left.some((tab) => tab.id === activeTabId)
    return {
      consoles: rest,
      tabs: left,
      activeTabId: isActiveGone ? (left[Math.min(at, left.length - 1)]?.id ?? null) : activeTabId,
    }
  })
  seeActive()
}

export function closeTab(tabId: string): void {
  const tab = useConsoles.getState().tabs.find((item) => item.id === tabId)
  for (const id of tab ? consolesOf(tab.layout) : []) closeConsole(id)
}

export function showTab(tabId: string): void {
  useConsoles.setState({ activeTabId: tabId })
  seeActive()
}

/** The next tab to the right, or with -1 to the left, round and round. */
export function stepTab(step: 1 | -1): void {
  const { tabs, activeTabId } = useConsoles.getState()
  const at = tabs.findIndex((tab) => tab.id === activeTabId)
  const next = tabs[(at + step + tabs.length) % tabs.length]
  if (next) showTab(next.id)
}

export const focusConsole = (id: string): void => changeTabOf(id, (tab) => ({ ...tab, activeId: id }))

/** Moves the focus to the console on that side of the active one. */
export function focusNeighbour(side: Side): void {
  const tab = activeTabOf(useConsoles.getState())
  const next = tab && neighbourOf(tab.layout, tab.activeId, side)
  if (next) focusConsole(next)
}

export const setShare = (tabId: string, path: readonly (0 | 1)[], share: number): void =>
  useConsoles.setState(({ tabs }) => ({
    tabs: tabs.map((tab) => (tab.id === tabId ? { ...tab, layout: withShare(tab.layout, path, share) } : tab)),
  }))

/** True when a person would lose something by closing it. */
export const isLive = (id: string): boolean => useConsoles.getState().consoles[id]?.phase === 'open'

function start(client: Client, address: ConsoleAddress, takeId?: string): string {
  count += 1
  const id = `console-${count}`
  const { settings } = useSession.getState()
  const change = (state: Partial<OpenConsole>): void =>
    useConsoles.setState(({ consoles }) => {
      const known = consoles[id]
      return known ? { consoles: { ...consoles, [id]: { ...known, ...state } } } : {}
    })
  const run = new ConsoleRun({
    client,
    address,
    parts,
    fontSize: settings?.consoleFontSize ?? 13,
    isDark: document.documentElement.dataset['mantineColorScheme'] !== 'light',
    onChange: (state) => change({ ...state, ...(state.opened ? { title: state.opened.title } : {}) }),
    onActivity: () => {
      if (!isInSight(id) && useConsoles.getState().consoles[id]?.hasNews === false) change({ hasNews: true })
    },
    onMultilinePaste: (text) =>
      openDialog(pasteDialog({ text, target: consoleTitle(address), onPaste: (sent) => run.terminal?.paste(sent) })),
    onLink: (url) => openDialog(linkDialog(url)),
    isForeignKey: isConsoleKey,
    onMoved: () => closeConsole(id),
  })
  runs.set(id, run)
  const opened: OpenConsole = { id, address, title: consoleTitle(address), hasNews: false, ...run.state }
  useConsoles.setState(({ consoles }) => ({ consoles: { ...consoles, [id]: opened } }))
  void run.connect(takeId)
  return id
}

function isInSight(id: string): boolean {
  const tab = activeTabOf(useConsoles.getState())
  return tab !== undefined && consolesOf(tab.layout).includes(id) && window.location.hash.startsWith('#/console')
}

/** What is in sight is no news any more. */
export function seeActive(): void {
  useConsoles.setState((state) => {
    const tab = activeTabOf(state)
    const seen = (tab ? consolesOf(tab.layout) : []).filter((id) => state.consoles[id]?.hasNews)
    if (seen.length === 0) return {}
    const changed = seen.map((id) => [id, { ...state.consoles[id]!, hasNews: false }] as const)
    return { consoles: { ...state.consoles, ...Object.fromEntries(changed) } }
  })
}

function changeTabOf(id: string, change: (tab: ConsoleTab) => ConsoleTab): void {
  useConsoles.setState(({ tabs }) => ({
    tabs: tabs.map((tab) => (consolesOf(tab.layout).includes(id) ? change(tab) : tab)),
  }))
}

function withoutConsole(tab: ConsoleTab, id: string): ConsoleTab[] {
  const layout = without(tab.layout, id)
  if (!layout) return []
  return [{ ...tab, layout, activeId: tab.activeId === id ? consolesOf(layout)[0]! : tab.activeId }]
}
