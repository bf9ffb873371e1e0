// Search in a terminal's scrollback: as it is typed, Enter for the next, Shift Enter for the one before.
import { ActionIcon, Checkbox, TextInput } from '@mantine/core'
import { IconChevronDown, IconChevronUp, IconX } from '@tabler/icons-react'
import { useEffect, useState, type KeyboardEvent } from 'react'
import type { TerminalHandle } from '#ui/terminal.ts'
import { endFind } from './find.store.ts'

export function FindBar({ terminal, isCurrent }: { terminal: TerminalHandle; isCurrent: boolean }) {
  const [text, setText] = useState('')
  const [isCaseSensitive, setCaseSensitive] = useState(false)
  const [isRegex, setRegex] = useState(false)
  const [result, setResult] = useState<{ index: number; count: number } | null>(null)
  useEffect(() => terminal.onFindResult((index, count) => setResult({ index, count })), [terminal])
  useEffect(() => () => terminal.endFind(), [terminal])
  const find = (what: string, direction: 'next' | 'previous', how = { isCaseSensitive, isRegex }): void => {
    try {
      terminal.find(what, direction, how)
    } catch {
      // Half of a regular expression is none: the next letter may complete it.
      setResult({ index: -1, count: 0 })
    }
  }
  const close = (): void => {
    endFind()
    terminal.focus()
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') find(text, event.shiftKey ? 'previous' : 'next')
    else if (event.key === 'Escape') close()
    else return
    event.preventDefault()
  }
  return (
    <div className="console-find" role="search">
      <TextInput
        aria-label="Find in the scrollback"
        placeholder="Find"
        size="xs"
        autoFocus={isCurrent}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value)
          if (event.currentTarget.value === '') setResult(null)
          find(event.currentTarget.value, 'next')
        }}
        onKeyDown={onKey}
      />
      <span className="kbd-hint" role="status">
        {text === '' || !result ? '' : result.count === 0 ? 'Nothing found' : `${result.index + 1} of ${result.count}`}
      </span>
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Previous match" onClick={() => find(text, 'previous')}>
        <IconChevronUp size={16} />
      </ActionIcon>
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Next match" onClick={() => find(text, 'next')}>
        <IconChevronDown size={16} />
      </ActionIcon>
      <Checkbox
        size="xs"
        label="Match case"
        checked={isCaseSensitive}
        onChange={(event) => {
          setCaseSensitive(event.currentTarget.checked)
          find(text, 'next', { isCaseSensitive: event.currentTarget.checked, isRegex })
        }}
      />
      <Checkbox
        size="xs"
        label="Regular expression"
        checked={isRegex}
        onChange={(event) => {
          setRegex(event.currentTarget.checked)
          find(text, 'next', { isCaseSensitive, isRegex: event.currentTarget.checked })
        }}
      />
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Close the search" onClick={close}>
        <IconX size={15} />
      </ActionIcon>
    </div>
  )
}
