// A shell on the GPU's host, in place. It lives as long as this screen; what should outlive it belongs into a console.
import { Button, Loader, useComputedColorScheme } from '@mantine/core'
import { IconExternalLink, IconReload } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { toAppError, type Client } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { openConsole } from '#client/console-link.ts'
import { withHostKey } from '#client/host-key.store.ts'
import { useSession } from '#client/session.store.ts'
import type { AppError } from '#shared/errors.ts'
import type { Connection } from '#shared/model/connection.ts'
import type { ByteChannel } from '#shared/wire/byte-channel.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { createTerminal, type TerminalHandle } from '#ui/terminal.ts'
import { TerminalView } from '#ui/TerminalView.tsx'

type Phase = { state: 'connecting' } | { state: 'open' } | { state: 'ended'; words: string } | { state: 'failed'; error: AppError }

export function HostTerminal({ host }: { host: Connection }) {
  const client = useClient()
  const fontSize = useSession((state) => state.settings?.consoleFontSize ?? 13)
  const isDark = useComputedColorScheme('dark') === 'dark'
  const [terminal, setTerminal] = useState<TerminalHandle | null>(null)
  const [phase, setPhase] = useState<Phase>({ state: 'connecting' })
  const [round, setRound] = useState(0)
  const look = useRef({ fontSize, isDark })
  look.current = { fontSize, isDark }
  useEffect(() => {
    setPhase({ state: 'connecting' })
    return runShell(client, host, look.current, setTerminal, setPhase)
  }, [client, host, round])
  useEffect(() => terminal?.setDark(isDark), [terminal, isDark])
  useEffect(() => terminal?.setFontSize(fontSize), [terminal, fontSize])
  return (
    <section className="gpu-terminal" aria-label={`Terminal of ${host.label}`}>
      <header>
        <strong>{host.label}</strong>
        <span className="gpu-dim" role="status">
          {phase.state === 'connecting' ? <Loader role="img" size={12} aria-label="Connecting" /> : phase.state === 'ended' ? phase.words : ''}
        </span>
        <span style={{ flex: 1 }} />
        {phase.state === 'ended' || phase.state === 'failed' ? (
          <Button size="compact-xs" variant="default" leftSection={<IconReload size={13} aria-hidden />} onClick={() => setRound(round + 1)}>
            Connect again
          </Button>
        ) : null}
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          leftSection={<IconExternalLink size={13} aria-hidden />}
          onClick={() => openConsole({ connectionId: host.id, target: { kind: 'ssh' }, label: host.label })}
        >
          Open as a console
        </Button>
      </header>
      {phase.state === 'failed' ? <ErrorNotice error={phase.error} /> : null}
      {terminal ? <TerminalView terminal={terminal} isFocused={phase.state === 'open'} /> : null}
    </section>
  )
}

/** Opens a shell and a terminal for it; the returned function ends both. */
function runShell(
  client: Client,
  host: Connection,
  look: { fontSize: number; isDark: boolean },
  setTerminal: (terminal: TerminalHandle | null) => void,
  setPhase: (phase: Phase) => void,
): () => void {
  const controller = new AbortController()
  const { signal } = controller
  let terminal: TerminalHandle | undefined
  let channel: ByteChannel | undefined
  const open = async (): Promise<void> => {
    const address = { connectionId: host.id, target: { kind: 'ssh' as const }, label: host.label }
    const size = { columns: 90, rows: 30 }
    const opened = await withHostKey(client, () => client.consoles.open({ ...address, size }, { signal }))
    const bytes = (channel = client.openChannel(opened.channel))
    if (signal.aborted) return bytes.close()
    const type = (text: Uint8Array): void => void bytes.write(text).catch(() => undefined)
    const shown = (terminal = createTerminal({
      label: `Terminal of ${host.label}`,
      ...look,
      onInput: type,
      onResize: (now) => void client.consoles.resize({ consoleId: opened.consoleId, size: now }).catch(() => undefined),
      // Lines that would run at once belong into a console, which asks first.
      onMultilinePaste: (text) => shown.paste(text.replace(/[\r\n]+/g, ' ').trimEnd()),
      onLink: () => undefined,
      isForeignKey: () => false,
    }))
    setTerminal(shown)
    setPhase({ state: 'open' })
    for await (const chunk of bytes.incoming) await shown.write(chunk)
    const end = await client.consoles.outcome({ consoleId: opened.consoleId }).catch(() => null)
    if (!signal.aborted) setPhase({ state: 'ended', words: end?.message ?? 'The connection was lost.' })
  }
  open().catch((thrown: unknown) => {
    if (!signal.aborted) setPhase({ state: 'failed', error: toAppError(thrown) })
  })
  return () => {
    controller.abort()
    channel?.close('The screen was left.')
    setTerminal(null)
    terminal?.dispose()
  }
}
