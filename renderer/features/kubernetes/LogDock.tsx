// The log below the tables: lines of one or many containers, coloured by pod, with search, filter, wrap, pause and file.
import { ActionIcon, Button, Group, Menu, Select, TextInput, Tooltip } from '@mantine/core'
import {
  IconArrowsMaximize, IconArrowsMinimize, IconChevronDown, IconChevronUp, IconClock, IconDownload, IconFilter, IconPlayerPause, IconPlayerPlay, IconTextWrap, IconX,
} from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import { formatCount } from '#shared/model/quantities.ts'
import { downloadUrl } from '#ui/download.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { plainText, type LogEntry } from './log-buffer.ts'
import { closeLogs, openLogs, requestOf, setPaused, useLogs, type LogOptions } from './logs.store.ts'
import { LogLines } from './LogLines.tsx'

export function LogDock() {
  const client = useClient()
  const { target, options, buffer, version, state, error, isTall } = useLogs()
  const [text, setText] = useState('')
  const [isFilter, setFilter] = useState(false)
  const [isWrapped, setWrapped] = useState(false)
  const [hasTimes, setTimes] = useState(true)
  const [match, setMatch] = useState(0)
  const words = text.trim().toLowerCase()
  const { lines, matches } = useMemo(() => chosenLines(buffer.entries, words, isFilter), [buffer, version, words, isFilter]) // eslint-disable-line react-hooks/exhaustive-deps -- the version stands for the buffer
  if (!target) return null
  const change = (next: Partial<LogOptions>): void => openLogs(client, target, { ...options, ...next })
  const save = (): void =>
    void attempt('The log could not be saved', client.kubernetes.saveLogs({ ...requestOf(target, { ...options, tailLines: null }), isFollowed: false }).then((ticket) => downloadUrl(ticket.url)))
  const current = matches.length > 0 ? ((match % matches.length) + matches.length) % matches.length : 0
  return (
    <section className="kube-logs" data-tall={isTall || undefined} aria-label={`Logs of ${target.title}`}>
      <div className="kube-logs-head">
        <strong style={{ fontSize: 13, whiteSpace: 'nowrap', overflow: 'hidden', textOverflow: 'ellipsis', maxWidth: 190 }} title={target.title}>
          {target.title}
        </strong>
        <TextInput
          aria-label="Search the log"
          placeholder="Search"
          size="xs"
          w={190}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value)
            setMatch(0)
          }}
          onKeyDown={(event) => event.key === 'Enter' && setMatch(match + (event.shiftKey ? -1 : 1))}
        />
        {words ? (
          <Group gap={2} wrap="nowrap">
            <span className="kbd-hint" role="status">
              {matches.length === 0 ? 'not found' : isFilter ? `${formatCount(matches.length)} lines` : `${current + 1} of ${formatCount(matches.length)}`}
            </span>
            <Tool label="Previous match" onClick={() => setMatch(match - 1)} icon={<IconChevronUp size={15} />} />
            <Tool label="Next match" onClick={() => setMatch(match + 1)} icon={<IconChevronDown size={15} />} />
            <Tool label="Show only matching lines" isOn={isFilter} onClick={() => setFilter(!isFilter)} icon={<IconFilter size={15} />} />
          </Group>
        ) : null}
        <Group gap={4} ml="auto" wrap="nowrap">
          <Span options={options} onChange={change} />
          <Containers />
          <Button size="compact-xs" variant={options.isPrevious ? 'filled' : 'default'} aria-pressed={options.isPrevious} onClick={() => change({ isPrevious: !options.isPrevious })}>
            Previous run
          </Button>
          <Tool label="Time stamps" isOn={hasTimes} onClick={() => setTimes(!hasTimes)} icon={<IconClock size={15} />} />
          <Tool label="Wrap lines" isOn={isWrapped} onClick={() => setWrapped(!isWrapped)} icon={<IconTextWrap size={15} />} />
          {state === 'paused' ? (
            <Tool label="Go on" isOn onClick={() => setPaused(false)} icon={<IconPlayerPlay size={15} />} />
          ) : (
            <Tool label="Pause" onClick={() => setPaused(true)} icon={<IconPlayerPause size={15} />} />
          )}
          <Tool label="Save to a file" onClick={save} icon={<IconDownload size={15} />} />
          <Tool label={isTall ? 'Smaller' : 'Larger'} onClick={() => useLogs.setState({ isTall: !isTall })} icon={isTall ? <IconArrowsMinimize size={15} /> : <IconArrowsMaximize size={15} />} />
          <Tool label="Close the log" onClick={closeLogs} icon={<IconX size={15} />} />
        </Group>
      </div>
      {error ? <ErrorNotice error={error} onRetry={() => openLogs(client, target, options)} /> : null}
      <LogLines
        label={`Lines of ${target.title}`}
        lines={lines}
        sources={buffer.sources}
        words={words}
        current={words && !isFilter ? matches[current] : undefined}
        isWrapped={isWrapped}
        hasTimes={hasTimes}
        emptyText={emptyText(state, words !== '' && isFilter)}
      />
      <div className="kube-logs-foot" role="status" data-testid="log-state" data-state={state}>
        {stateWord[state]} · {formatCount(buffer.entries.length)} lines
        {buffer.sources.length > 1 ? ` from ${buffer.sources.filter(Boolean).length} containers` : ''}
        {buffer.dropped > 0 ? ` · ${formatCount(buffer.dropped)} older lines dropped here; the file has all of them` : ''}
      </div>
    </section>
  )
}

const stateWord = { idle: '', opening: 'Opening', reading: 'Following', paused: 'Paused, nothing is read meanwhile', ended: 'Ended', failed: 'Failed' } as const
const emptyText = (state: string, isFiltered: boolean): string =>
  isFiltered ? 'No line has these words.' : state === 'ended' ? 'The log is empty.' : state === 'failed' ? '' : 'Waiting for the first line …'

/** The lines to show, and the places of those that match. */
function chosenLines(entries: readonly LogEntry[], words: string, isFilter: boolean): { lines: readonly LogEntry[]; matches: number[] } {
  if (words === '') return { lines: entries, matches: [] }
  const matches: number[] = []
  const kept: LogEntry[] = []
  entries.forEach((entry, index) => {
    if (!plainText(entry.text).toLowerCase().includes(words)) return
    matches.push(index)
    if (isFilter) kept.push(entry)
  })
  return { lines: isFilter ? kept : entries, matches }
}

function Tool(props: { label: string; icon: React.ReactNode; isOn?: boolean; onClick: () => void }) {
  return (
    <Tooltip label={props.label}>
      <ActionIcon size={26} variant={props.isOn ? 'light' : 'subtle'} color={props.isOn ? 'meridian' : 'gray'} aria-label={props.label} aria-pressed={props.isOn} onClick={props.onClick}>
        {props.icon}
      </ActionIcon>
    </Tooltip>
  )
}

const spans: Array<{ value: string; label: string; options: Partial<LogOptions> }> = [
  { value: 'tail', label: 'Last 500 lines', options: { tailLines: 500, sinceSeconds: null } },
  { value: 'tail5000', label: 'Last 5 000 lines', options: { tailLines: 5000, sinceSeconds: null } },
  { value: '300', label: 'Last 5 minutes', options: { tailLines: null, sinceSeconds: 300 } },
  { value: '3600', label: 'Last hour', options: { tailLines: null, sinceSeconds: 3600 } },
  { value: '86400', label: 'Last day', options: { tailLines: null, sinceSeconds: 86_400 } },
  { value: 'all', label: 'From the beginning', options: { tailLines: null, sinceSeconds: null } },
]

function Span({ options, onChange }: { options: LogOptions; onChange: (next: Partial<LogOptions>) => void }) {
  const current = spans.find(({ options: one }) => one.tailLines === options.tailLines && one.sinceSeconds === options.sinceSeconds)
  return (
    <Select
      aria-label="How far back"
      size="xs"
      w={150}
      data={spans.map(({ value, label }) => ({ value, label }))}
      value={current?.value ?? 'tail'}
      allowDeselect={false}
      onChange={(value) => onChange(spans.find((one) => one.value === value)?.options ?? {})}
    />
  )
}

/** Which containers are read, where a pod has several. */
function Containers() {
  const client = useClient()
  const { target, options, buffer } = useLogs()
  const [names, setNames] = useState<string[]>([])
  const seen = [...new Set([...names, ...buffer.sources.filter(Boolean).map((source) => source.container)])]
  if (!target || seen.length < 2) return null
  const chosen = target.containers
  return (
    <Menu position="bottom-end" closeOnItemClick={false}>
      <Menu.Target>
        <Button size="compact-xs" variant="default">
          {chosen ? chosen.join(', ') : `${seen.length} containers`}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          onClick={() => {
            const { containers: _all, ...rest } = target
            openLogs(client, rest, options)
          }}
        >
          All containers
        </Menu.Item>
        {seen.map((name) => (
          <Menu.Item
            key={name}
            onClick={() => {
              setNames(seen)
              openLogs(client, { ...target, containers: [name] }, options)
            }}
          >
            Only {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
