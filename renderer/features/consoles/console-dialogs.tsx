// What is asked before something leaves for a terminal: pasted text with line breaks, and links in foreign output.
import { Button, Code, CopyButton, Group, Modal, ScrollArea, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { closeDialog } from '#client/dialogs.store.ts'

const longestShown = 20_000

export const pasteDialog = (props: { text: string; target: string; onPaste(text: string): void }): ReactNode => (
  <PasteDialog {...props} />
)

function PasteDialog({ text, target, onPaste }: { text: string; target: string; onPaste(text: string): void }) {
  const lines = text.replace(/\r?\n$/, '').split(/\r\n|\r|\n/)
  const send = (what: string): void => {
    closeDialog()
    onPaste(what)
  }
  return (
    <Modal opened onClose={closeDialog} title={`Paste ${lines.length === 1 ? 'a line that ends with Enter' : `${lines.length} lines`} into ${target}?`} size="lg">
      <Stack>
        <Text size="sm">A shell runs every line as soon as it arrives. This is what will be sent:</Text>
        <ScrollArea.Autosize mah={320} type="auto" viewportProps={{ tabIndex: 0, 'aria-label': 'Text to be pasted' }}>
          <Code block>{visible(text).slice(0, longestShown)}</Code>
        </ScrollArea.Autosize>
        <Group justify="flex-end">
          <Button variant="default" onClick={closeDialog}>
            Cancel
          </Button>
          <Button variant="default" onClick={() => send(lines.join(' '))}>
            Paste as one line
          </Button>
          <Button data-autofocus onClick={() => send(text)}>
            Paste
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/** Control characters that a terminal would obey are shown, not hidden. */
const visible = (text: string): string =>
  text
    .replace(/\r\n?/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, (sign) =>
      sign === '\u007f' ? '␡' : String.fromCharCode(0x2400 + sign.charCodeAt(0)),
    )

export const linkDialog = (url: string): ReactNode => <LinkDialog url={url} />

function LinkDialog({ url }: { url: string }) {
  return (
    <Modal opened onClose={closeDialog} title="Open a link from the console?">
      <Stack>
        <Text size="sm">A program on the other side wrote this address. It may lead anywhere.</Text>
        <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
          {url}
        </Code>
        <Group justify="flex-end">
          <Button variant="default" onClick={closeDialog}>
            Cancel
          </Button>
          <CopyButton value={url}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? 'Copied' : 'Copy the address'}
              </Button>
            )}
          </CopyButton>
          <Button
            onClick={() => {
              window.open(url, '_blank', 'noopener,noreferrer')
              closeDialog()
            }}
          >
            Open in the browser
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

export const blockedDialog = (): ReactNode => (
  <Modal opened onClose={closeDialog} title="The window was blocked">
    <Text size="sm">The browser did not allow a new window. Allow pop-ups for this address, then try again.</Text>
  </Modal>
)
