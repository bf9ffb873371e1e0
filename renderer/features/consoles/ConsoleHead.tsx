// The head of a console: what it is and where, its state in a word, and what can be done with it.
import { ActionIcon, ColorSwatch, Menu, Tooltip } from '@mantine/core'
import {
  IconArrowsMaximize,
  IconClipboardText,
  IconDots,
  IconDownload,
  IconEraser,
  IconExternalLink,
  IconLayoutColumns,
  IconLayoutRows,
  IconReload,
  IconSearch,
  IconX,
  IconZoomIn,
  IconZoomOut,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { usePlace } from '#client/location.ts'
import { useSession } from '#client/session.store.ts'
import { consoleKey } from '#shared/model/console.ts'
import { downloadText } from '#ui/download.ts'
import { closeConsole, openInSplit, runOf, type OpenConsole } from './consoles.store.ts'
import { consoleKeys } from './console-keys.ts'
import { toggleFind } from './find.store.ts'
import { colourValue, frameColourOf, frameColours, type FrameColour } from './frame-colour.ts'
import { consoleWindowPath, popOut } from './pop-out.ts'
import { TargetPicker } from './TargetPicker.tsx'
import { TypeTextDialog } from './TypeTextDialog.tsx'
import { changeFontSize, fullScreen } from './use-console-keys.ts'

export function ConsoleHead({ item }: { item: OpenConsole }) {
  const client = useClient()
  const { id, title, opened, phase } = item
  const isPoppedOut = usePlace().path === consoleWindowPath
  const isTerminal = (runOf(id)?.terminal ?? null) !== null
  return (
    <header className="console-head">
      <span className="console-head-mark" aria-hidden />
      <strong className="console-head-title">{title}</strong>
      <span className="console-head-place">{opened?.place ?? ''}</span>
      <span className="console-head-state" role="status">
        {phase === 'connecting' ? 'connecting…' : phase === 'ended' ? endWord(item) : opened?.isViewOnly ? 'view only: the site is read-only' : ''}
      </span>
      <span className="console-bar-space" />
      {isTerminal ? (
        <Tool label={`Find (${consoleKeys.find.shown})`} name="Find" onClick={() => toggleFind(id)}>
          <IconSearch size={15} />
        </Tool>
      ) : null}
      <Tool label={`Split side by side (${consoleKeys['split-right'].shown})`} name="Split side by side" onClick={() => openInSplit(client, id, 'row')}>
        <IconLayoutColumns size={15} />
      </Tool>
      <Tool label={`Split stacked (${consoleKeys['split-down'].shown})`} name="Split stacked" onClick={() => openInSplit(client, id, 'column')}>
        <IconLayoutRows size={15} />
      </Tool>
      {isPoppedOut ? null : (
        <Tool label="Move to a window of its own" name="Pop out" onClick={() => popOut(item)}>
          <IconExternalLink size={15} />
        </Tool>
      )}
      <Tool label={`Full screen (${consoleKeys['full-screen'].shown})`} name="Full screen" onClick={() => fullScreen(id)}>
        <IconArrowsMaximize size={15} />
      </Tool>
      <MoreMenu item={item} isTerminal={isTerminal} />
      <Tool label={`Close (${consoleKeys.close.shown})`} name="Close the console" onClick={() => closeConsole(id)}>
        <IconX size={15} />
      </Tool>
    </header>
  )
}

function endWord({ end, failure }: OpenConsole): string {
  if (failure) return 'could not be opened'
  if (end?.how === 'exited' && end.exitCode !== null) return `ended with exit code ${end.exitCode}`
  return end?.how === 'lost' ? 'connection lost' : 'ended'
}

function Tool(props: { label: string; name: string; onClick(): void; children: ReactNode }) {
  return (
    <Tooltip label={props.label}>
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label={props.name} onClick={props.onClick}>
        {props.children}
      </ActionIcon>
    </Tooltip>
  )
}

function MoreMenu({ item, isTerminal }: { item: OpenConsole; isTerminal: boolean }) {
  const client = useClient()
  const { id } = item
  const run = runOf(id)
  const terminal = run?.terminal
  return (
    <Menu position="bottom-end" width={250}>
      <Menu.Target>
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`More of ${item.title}`}>
          <IconDots size={15} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {item.phase === 'ended' ? (
          <Menu.Item leftSection={<IconReload size={15} />} onClick={() => void run?.connect()}>
            Connect again
          </Menu.Item>
        ) : null}
        <Menu.Item
          leftSection={<IconLayoutColumns size={15} />}
          onClick={() => openDialog(<TargetPicker title="Open beside it" onPick={(address) => openInSplit(client, id, 'row', address)} />)}
        >
          Split with another target…
        </Menu.Item>
        {isTerminal && terminal ? (
          <>
            <Menu.Item leftSection={<IconDownload size={15} />} onClick={() => downloadText(terminal.text(), logName(item.title))}>
              Save the session log
            </Menu.Item>
            <Menu.Item
              leftSection={<IconClipboardText size={15} />}
              disabled={item.phase !== 'open'}
              onClick={() => openDialog(<TypeTextDialog target={item.title} onSend={(text) => Promise.resolve(terminal.paste(text))} />)}
            >
              Paste text…
            </Menu.Item>
            <Menu.Item leftSection={<IconEraser size={15} />} onClick={() => terminal.clear()}>
              Clear the scrollback
            </Menu.Item>
            <Menu.Item leftSection={<IconZoomIn size={15} />} closeMenuOnClick={false} onClick={() => changeFontSize(client, 1)}>
              Larger letters
            </Menu.Item>
            <Menu.Item leftSection={<IconZoomOut size={15} />} closeMenuOnClick={false} onClick={() => changeFontSize(client, -1)}>
              Smaller letters
            </Menu.Item>
          </>
        ) : null}
        <Menu.Label>Colour of the frame</Menu.Label>
        <FrameChoice item={item} />
      </Menu.Dropdown>
    </Menu>
  )
}

function FrameChoice({ item }: { item: OpenConsole }) {
  const client = useClient()
  const settings = useSession((state) => state.settings)
  const current = frameColourOf(item.address, settings)
  const choose = (colour: FrameColour): void => {
    const consoleFrames = { ...settings?.consoleFrames, [consoleKey(item.address)]: colour }
    void attempt('The colour could not be kept', client.app.updateSettings({ consoleFrames }))
  }
  return (
    <div className="console-colours" role="group" aria-label="Colour of the frame">
      {frameColours.map((colour) => (
        <ColorSwatch
          key={colour}
          component="button"
          size={20}
          color={colourValue(colour)}
          aria-label={colour}
          aria-pressed={colour === current}
          style={{ cursor: 'pointer', outline: colour === current ? '2px solid currentColor' : 'none', outlineOffset: 1 }}
          onClick={() => choose(colour)}
        />
      ))}
    </div>
  )
}

const logName = (title: string): string =>
  `${title.replace(/[^\w.-]+/g, '_')}-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.log`
