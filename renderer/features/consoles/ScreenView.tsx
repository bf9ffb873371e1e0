// The screen of a machine with its own tools: key combinations, clipboard, typed text, picture, scaling, view only.
import { Button, Menu, SegmentedControl, Switch, Tooltip } from '@mantine/core'
import { IconCamera, IconClipboard, IconKeyboard } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { attempt } from '#client/attempt.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { downloadBlob } from '#ui/download.ts'
import { keyCombinations } from '#ui/keyboard-text.ts'
import type { ScreenHandle, ScreenScaling } from '#ui/screen.ts'
import { ClipboardDialog } from './ClipboardDialog.tsx'
import type { OpenConsole } from './consoles.store.ts'
import { TypeTextDialog } from './TypeTextDialog.tsx'

interface ScreenViewProps {
  item: OpenConsole
  screen: ScreenHandle
  isFocused: boolean
}

export function ScreenView({ item, screen, isFocused }: ScreenViewProps) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    place.current?.append(screen.element)
    return () => screen.element.remove()
  }, [screen])
  useEffect(() => {
    if (isFocused) screen.focus()
  }, [screen, isFocused])
  return (
    <div className="console-body console-screen">
      <ScreenTools item={item} screen={screen} />
      <div ref={place} className="screen-place" />
    </div>
  )
}

function ScreenTools({ item, screen }: Omit<ScreenViewProps, 'isFocused'>) {
  const [scaling, setScaling] = useState<ScreenScaling>('fit')
  const isForced = item.opened?.isViewOnly ?? false
  const [isViewOnly, setViewOnly] = useState(isForced)
  useEffect(() => screen.setScaling(scaling), [screen, scaling])
  useEffect(() => screen.setViewOnly(isViewOnly), [screen, isViewOnly])
  const save = async (): Promise<void> => {
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '')
    downloadBlob(await screen.picture(), `${item.title.replace(/[^\w.-]+/g, '_')}-${stamp}.png`)
  }
  const [first, ...others] = keyCombinations
  return (
    <div className="console-tools" role="toolbar" aria-label="Screen">
      <Button size="compact-xs" variant="default" disabled={isViewOnly} onClick={() => first && screen.press(first)}>
        {first?.label}
      </Button>
      <Menu position="bottom-start">
        <Menu.Target>
          <Button size="compact-xs" variant="default" disabled={isViewOnly}>
            Keys
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {others.map((combination) => (
            <Menu.Item key={combination.label} onClick={() => screen.press(combination)}>
              {combination.label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<IconKeyboard size={14} aria-hidden />}
        disabled={isViewOnly}
        onClick={() => openDialog(<TypeTextDialog keyByKey target={item.title} onSend={(text, how) => screen.type(text, how)} />)}
      >
        Type text…
      </Button>
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<IconClipboard size={14} aria-hidden />}
        onClick={() =>
          openDialog(
            <ClipboardDialog target={item.title} fromGuest={item.clipboard} isViewOnly={isViewOnly} onSend={(text) => screen.sendClipboard(text)} />,
          )
        }
      >
        Clipboard…
      </Button>
      <Tooltip label="Saves what is shown as a PNG">
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<IconCamera size={14} aria-hidden />}
          onClick={() => void attempt('The picture could not be taken', save)}
        >
          Picture
        </Button>
      </Tooltip>
      <span className="console-bar-space" />
      <Switch
        size="xs"
        label="View only"
        checked={isViewOnly}
        disabled={isForced}
        onChange={(event) => setViewOnly(event.currentTarget.checked)}
      />
      <SegmentedControl
        size="xs"
        aria-label="Scaling"
        value={scaling}
        data={[
          { value: 'fit', label: 'Fit' },
          { value: 'actual', label: '1 : 1' },
          { value: 'resize', label: 'Resize guest' },
        ]}
        onChange={(value) => setScaling(value as ScreenScaling)}
      />
    </div>
  )
}
