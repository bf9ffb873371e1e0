// One console with its frame, its head and, when it has ended or could not be opened, the reason and the way on.
import { Button, Group, Loader } from '@mantine/core'
import { useComputedColorScheme } from '@mantine/core'
import { IconReload } from '@tabler/icons-react'
import { useEffect } from 'react'
import { navigate } from '#client/location.ts'
import { useSession } from '#client/session.store.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { TerminalView } from '#ui/TerminalView.tsx'
import { ConsoleHead } from './ConsoleHead.tsx'
import { closeConsole, focusConsole, runOf, useConsoles, type OpenConsole } from './consoles.store.ts'
import { FindBar } from './FindBar.tsx'
import { useFind } from './find.store.ts'
import { frameColourOf, frameStyle } from './frame-colour.ts'
import { ScreenView } from './ScreenView.tsx'

export function ConsolePane({ id, isActive }: { id: string; isActive: boolean }) {
  const item = useConsoles((state) => state.consoles[id])
  const settings = useSession((state) => state.settings)
  const isFinding = useFind((state) => state.consoleId === id)
  const isDark = useComputedColorScheme('dark') === 'dark'
  const fontSize = settings?.consoleFontSize ?? 13
  const terminal = runOf(id)?.terminal
  useEffect(() => terminal?.setFontSize(fontSize), [terminal, fontSize])
  useEffect(() => terminal?.setDark(isDark), [terminal, isDark])
  if (!item) return null
  return (
    <section
      className="console-pane"
      aria-label={`Console ${item.title}`}
      data-active={isActive || undefined}
      style={frameStyle(frameColourOf(item.address, settings))}
      onFocusCapture={() => isActive || focusConsole(id)}
      onPointerDownCapture={() => isActive || focusConsole(id)}
    >
      <ConsoleHead item={item} />
      {isFinding && terminal ? <FindBar terminal={terminal} isCurrent={isActive} /> : null}
      <PaneBody item={item} isActive={isActive} isFinding={isFinding} />
    </section>
  )
}

function PaneBody({ item, isActive, isFinding }: { item: OpenConsole; isActive: boolean; isFinding: boolean }) {
  const run = runOf(item.id)
  if (run?.terminal) {
    return (
      <div className="console-body">
        <TerminalView terminal={run.terminal} isFocused={isActive && !isFinding} />
        {item.failure ? <Failure item={item} /> : null}
      </div>
    )
  }
  if (run?.screen && item.phase === 'open') return <ScreenView key={item.opened?.consoleId} item={item} screen={run.screen} isFocused={isActive} />
  return (
    <div className="console-body">
      {item.phase === 'connecting' ? (
        <Group className="console-wait" role="status">
          <Loader size="sm" />
          Connecting to {item.title}…
          <Button size="xs" variant="default" onClick={() => run?.cancel()}>
            Cancel
          </Button>
        </Group>
      ) : (
        <Failure item={item} />
      )}
    </div>
  )
}

/** Why it is not there, and what can be done: connect again, or log in another way. */
function Failure({ item }: { item: OpenConsole }) {
  const run = runOf(item.id)
  const error = item.failure
  const needsLogin = error?.detail?.kind === 'console' && error.detail.reason === 'needs-login'
  return (
    <div className="console-failure">
      {error ? (
        <ErrorNotice error={error} title={`${item.title} could not be opened`} />
      ) : (
        <p role="status">
          {item.end?.message} {item.end?.error?.remedy}
        </p>
      )}
      <Group gap="xs" mt="sm">
        <Button size="xs" leftSection={<IconReload size={15} />} onClick={() => void run?.connect()} autoFocus>
          Connect again
        </Button>
        {needsLogin ? (
          <Button size="xs" variant="default" onClick={() => navigate('/connections', { edit: item.address.connectionId })}>
            Edit the connection
          </Button>
        ) : null}
        <Button size="xs" variant="default" onClick={() => closeConsole(item.id)}>
          Close
        </Button>
      </Group>
    </div>
  )
}
