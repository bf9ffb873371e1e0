// The clipboard of a screen's machine, both ways. Its text comes only where the guest has an agent or a VNC server of
// its own; so what was last copied there is shown, and what is to go there is written here.
import { Button, Code, CopyButton, Group, Modal, Stack, Text, Textarea } from '@mantine/core'
import { useState } from 'react'
import { closeDialog } from '#client/dialogs.store.ts'

interface ClipboardDialogProps {
  target: string
  fromGuest: string | null
  isViewOnly: boolean
  onSend(text: string): void
}

export function ClipboardDialog({ target, fromGuest, isViewOnly, onSend }: ClipboardDialogProps) {
  const [text, setText] = useState('')
  return (
    <Modal opened onClose={closeDialog} title={`Clipboard of ${target}`} size="lg">
      <Stack>
        <Text size="sm" fw={600}>
          Last copied in the guest
        </Text>
        {fromGuest === null ? (
          <Text size="sm" c="var(--text-dim)">
            Nothing yet. A guest shares its clipboard only with a guest agent for it (spice-vdagent, and “Clipboard: VNC” in
            its display options).
          </Text>
        ) : (
          <>
            <Code block style={{ maxHeight: 180, overflow: 'auto' }}>
              {fromGuest}
            </Code>
            <CopyButton value={fromGuest}>
              {({ copied, copy }) => (
                <Button size="xs" variant="default" onClick={copy} style={{ alignSelf: 'flex-start' }}>
                  {copied ? 'Copied' : 'Copy it here'}
                </Button>
              )}
            </CopyButton>
          </>
        )}
        <Textarea
          label="Put on the guest’s clipboard"
          value={text}
          autosize
          minRows={4}
          maxRows={12}
          data-autofocus
          disabled={isViewOnly}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={closeDialog}>
            Close
          </Button>
          <Button
            disabled={text === '' || isViewOnly}
            onClick={() => {
              onSend(text)
              closeDialog()
            }}
          >
            Send to the guest
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
