// The host of consoles by what a person sees and does; terminals are replaced by ones that keep what is written.
import { act, screen, waitFor, within } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useDialog } from '#client/dialogs.store.ts'
import type { ConsoleEnd, OpenedConsole } from '#shared/contracts/consoles.ts'
import { AppError } from '#shared/errors.ts'
import type { ByteChannel } from '#shared/wire/byte-channel.ts'
import type { TerminalHandle, TerminalOptions } from '#ui/terminal.ts'
import { DialogHost } from '../../app/DialogHost.tsx'
import { sampleSettings } from '../../testing/sample-session.ts'
import { freshPage, show } from '../../testing/show.tsx'
import ConsolesScreen from './ConsolesScreen.tsx'
import { resetConsoles } from './consoles.store.ts'

interface FakeTerminal extends TerminalHandle {
  options: TerminalOptions
  written: string
}
let terminals: FakeTerminal[]

function createFakeTerminal(options: TerminalOptions): FakeTerminal {
  const decoder = new TextDecoder()
  const terminal: FakeTerminal = {
    options,
    written: '',
    element: document.createElement('div'),
    size: { columns: 90, rows: 25 },
    write(bytes) {
      terminal.written += typeof bytes === 'string' ? bytes : decoder.decode(bytes)
      return Promise.resolve()
    },
    paste: vi.fn(),
    fit: vi.fn(),
    focus: vi.fn(),
    clear: vi.fn(),
    setFontSize: vi.fn(),
    setDark: vi.fn(),
    find: vi.fn(() => true),
    endFind: vi.fn(),
    onFindResult: vi.fn(),
    selection: () => '',
    text: () => terminal.written,
    dispose: vi.fn(),
  }
  terminals.push(terminal)
  return terminal
}

/** A channel that the test speaks through and ends. */
function createFakeChannel() {
  const { promise: closed, resolve } = Promise.withResolvers<string>()
  const sent: string[] = []
  const waiting: Array<(result: IteratorResult<Uint8Array>) => void> = []
  const channel: ByteChannel = {
    write: (bytes) => Promise.resolve(void sent.push(new TextDecoder().decode(bytes))),
    incoming: { [Symbol.asyncIterator]: () => ({ next: () => new Promise((take) => waiting.push(take)) }) },
    close: (reason = 'closed') => resolve(reason),
    closed,
  }
  return { channel, sent, say: (text: string) => waiting.shift()?.({ done: false, value: new TextEncoder().encode(text) }) }
}

const address = { connectionId: 'c1', target: { kind: 'node', node: 'node03' }, label: 'node03' } as const
const link = `/consoles?${new URLSearchParams({ open: JSON.stringify(address) }).toString()}`
const opened = (consoleId: string): OpenedConsole => ({
  consoleId,
  channel: { channelId: consoleId },
  kind: 'terminal',
  title: 'node03',
  place: 'Radio lab · node03',
  isViewOnly: false,
})
const lostEnd: ConsoleEnd = { how: 'lost', exitCode: null, message: 'The connection to the shell of node03 was cut.', error: null }

function openScreen(open = vi.fn((_input: unknown) => Promise.resolve(opened(`k${open.mock.calls.length}`)))) {
  const channels: ReturnType<typeof createFakeChannel>[] = []
  const updateSettings = vi.fn((changes: object) => Promise.resolve(sampleSettings(changes)))
  const shown = show(
    <>
      <ConsolesScreen />
      <DialogHost />
    </>,
    {
      consoles: { open, resize: () => Promise.resolve(), outcome: () => Promise.resolve(lostEnd) },
      app: { updateSettings },
      openChannel: () => {
        const fake = createFakeChannel()
        channels.push(fake)
        return fake.channel
      },
    },
  )
  return { ...shown, open, channels, updateSettings }
}

beforeEach(() => {
  terminals = []
  resetConsoles({
    createTerminal: createFakeTerminal,
    createScreen: () => {
      throw new Error('no screen in this test')
    },
  })
  useDialog.setState({ content: null })
  freshPage({ settings: sampleSettings() }, link)
})

describe('opening', () => {
  it('follows a link once, shows where it is, and carries bytes both ways', async () => {
    const { open, channels } = openScreen()
    const pane = await screen.findByRole('region', { name: 'Console node03' })
    expect(within(pane).getByText('Radio lab · node03')).toBeInTheDocument()
    expect(open.mock.calls[0]![0]).toMatchObject({ ...address, size: { columns: 100, rows: 30 } })
    expect(window.location.hash).toBe('#/consoles')
    await waitFor(() => expect(channels).toHaveLength(1))
    channels[0]!.say('root@node03:~# ')
    await waitFor(() => expect(terminals[0]!.written).toBe('root@node03:~# '))
    terminals[0]!.options.onInput(new TextEncoder().encode('ls'))
    expect(channels[0]!.sent).toEqual(['ls'])
  })

  it('says why it could not, offers the other login where that helps, and tries again', async () => {
    const refused = new AppError('forbidden', 'Proxmox VE did not accept the API token.', {
      remedy: 'Log in with user and password.',
      detail: { kind: 'console', reason: 'needs-login' },
    })
    const open = vi.fn((_input: unknown): Promise<OpenedConsole> => Promise.reject(refused))
    const { user } = openScreen(open)
    expect(await screen.findByText('node03 could not be opened')).toBeInTheDocument()
    expect(screen.getByText('Log in with user and password.')).toBeInTheDocument()
    expect(screen.getByRole('button', { name: 'Edit the connection' })).toBeInTheDocument()
    open.mockResolvedValueOnce(opened('k2'))
    await user.click(screen.getByRole('button', { name: 'Connect again' }))
    await waitFor(() => expect(screen.queryByText('node03 could not be opened')).toBeNull())
    expect(open).toHaveBeenCalledTimes(2)
  })

  it('ignores a link that is none', async () => {
    freshPage({ settings: sampleSettings() }, '/consoles?open=%7B%22connectionId%22%3A1%7D')
    openScreen()
    expect(await screen.findByText('No console is open')).toBeInTheDocument()
  })
})

describe('a dropped console', () => {
  it('says why, keeps its screen, and Enter connects it again', async () => {
    const { open, channels } = openScreen()
    await waitFor(() => expect(channels).toHaveLength(1))
    channels[0]!.say('before ')
    await waitFor(() => expect(terminals[0]!.written).toContain('before'))
    act(() => channels[0]!.channel.close('cut'))
    await waitFor(() => expect(terminals[0]!.written).toContain('The connection to the shell of node03 was cut. Enter connects again.'))
    expect(await screen.findByText('connection lost')).toBeInTheDocument()
    terminals[0]!.options.onInput(new TextEncoder().encode('x'))
    expect(open).toHaveBeenCalledTimes(1)
    terminals[0]!.options.onInput(new TextEncoder().encode('\r'))
    await waitFor(() => expect(channels).toHaveLength(2))
    expect(terminals).toHaveLength(1)
    expect(screen.queryByText('connection lost')).toBeNull()
  })
})

describe('pasting several lines', () => {
  it('shows what would be sent, with control characters made visible, and sends it only when told', async () => {
    const { user } = openScreen()
    await waitFor(() => expect(terminals).toHaveLength(1))
    act(() => terminals[0]!.options.onMultilinePaste('cd /\nrm -r *\u001b[A\n'))
    const dialog = await screen.findByRole('dialog', { name: 'Paste 2 lines into node03?' })
    expect(dialog).toHaveTextContent('rm -r *␛[A')
    await user.click(within(dialog).getByRole('button', { name: 'Cancel' }))
    expect(terminals[0]!.paste).not.toHaveBeenCalled()
    act(() => terminals[0]!.options.onMultilinePaste('a\nb\n'))
    await user.click(await screen.findByRole('button', { name: 'Paste as one line' }))
    expect(terminals[0]!.paste).toHaveBeenCalledWith('a b')
  })
})

describe('the host', () => {
  it('splits by the keyboard, and the room of a closed console goes to the other', async () => {
    const { user, open } = openScreen()
    await screen.findByRole('region', { name: 'Console node03' })
    await user.keyboard('{Alt>}{Shift>}[Equal]{/Shift}{/Alt}')
    await waitFor(() => expect(screen.getAllByRole('region', { name: 'Console node03' })).toHaveLength(2))
    expect(open).toHaveBeenCalledTimes(2)
    expect(screen.getByRole('separator', { name: 'Divide side by side' })).toBeInTheDocument()
    await user.click(screen.getAllByRole('button', { name: 'Close the console' })[0]!)
    expect(screen.getAllByRole('region', { name: 'Console node03' })).toHaveLength(1)
    await user.click(screen.getByRole('button', { name: 'Close node03' }))
    expect(await screen.findByText('No console is open')).toBeInTheDocument()
    expect(terminals.every((terminal) => vi.mocked(terminal.dispose).mock.calls.length === 1)).toBe(true)
  })

  it('keeps the colour that the user gives to a target', async () => {
    const { user, updateSettings } = openScreen()
    await user.click(await screen.findByRole('button', { name: 'More of node03' }))
    expect(screen.getByRole('button', { name: 'red' })).toHaveAttribute('aria-pressed', 'true')
    await user.click(screen.getByRole('button', { name: 'teal' }))
    expect(updateSettings).toHaveBeenCalledWith({ consoleFrames: { 'c1/node/node03': 'teal' } })
  })
})
