// Text for a machine whose clipboard cannot be reached: pasted or written here, looked at, then sent. For screens it is
// typed key by key at a pace that slow consoles follow.
import { Button, Group, Modal, Progress, Select, Stack, Text, Textarea } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { closeDialog } from '#client/dialogs.store.ts'
import { untypable } from '#ui/keyboard-text.ts'

interface TypeTextProps {
  target: string
  /** Types key by key: offers the pace, shows how far it is. Absent: sends it at once. */
  keyByKey?: boolean
  onSend(text: string, how: { pauseMs: number; signal: AbortSignal; onProgress(typed: number): void }): Promise<void>
}

const paces = [
  { value: '8', label: 'Fast' },
  { value: '30', label: 'As a person' },
  { value: '90', label: 'Slow, for boot menus and BMCs' },
]

export function TypeTextDialog({ target, keyByKey = false, onSend }: TypeTextProps) {
  const [text, setText] = useState('')
  const [pauseMs, setPauseMs] = useState('30')
  const [typed, setTyped] = useState<number | null>(null)
  const controller = useRef(new AbortController())
  useEffect(() => {
    const { current } = controller
    return () => current.abort()
  }, [])
  const strange = keyByKey ? untypable(text) : []
  const send = async (): Promise<void> => {
    setTyped(0)
    await onSend(text, { pauseMs: Number(pauseMs), signal: controller.current.signal, onProgress: setTyped })
    closeDialog()
  }
  return (
    <Modal opened onClose={closeDialog} title={keyByKey ? `Type text on ${target}` : `Paste text into ${target}`} size="lg">
      <Stack>
        <Textarea
          label="Text"
          description={keyByKey ? 'Every letter is typed as on a US keyboard; a line break presses Enter.' : 'It is sent as it stands here; a line break runs the line.'}
          value={text}
          autosize
          minRows={5}
          maxRows={14}
          data-autofocus
          disabled={typed !== null}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {strange.length > 0 ? (
          <Text size="sm" c="var(--health-warning)" role="status">
            A US keyboard has no {strange.slice(0, 8).map((letter) => `“${letter}”`).join(', ')}: the guest may not take them.
          </Text>
        ) : null}
        {keyByKey ? (
          <Select label="Pace" data={paces} value={pauseMs} allowDeselect={false} disabled={typed !== null} onChange={(value) => setPauseMs(value ?? '30')} />
        ) : null}
        {typed !== null && keyByKey ? <Progress value={(100 * typed) / Math.max(1, Array.from(text).length)} aria-label="Typed so far" /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={closeDialog}>
            {typed === null ? 'Cancel' : 'Stop'}
          </Button>
          <Button disabled={text === '' || typed !== null} onClick={() => void send()}>
            {keyByKey ? 'Type it' : 'Send it'}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
