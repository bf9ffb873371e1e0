// The lines of a log: only what is visible is in the document, so that fifty thousand scroll like fifty. Stays at the
// end while it grows, until the reader scrolls up. Wrapped lines are shown as the last few thousand, at their own height.
import { Button } from '@mantine/core'
import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { plainText, shortTime, type LogEntry, type LogSourceName } from './log-buffer.ts'

const lineHeightPx = 18
const overscanLines = 20
/** Lines of unknown height are all in the document; more of them would make scrolling heavy. */
const mostWrapped = 2_000

interface LogLinesProps {
  label: string
  lines: readonly LogEntry[]
  sources: readonly LogSourceName[]
  words: string
  /** The place of the match to bring into view. */
  current: number | undefined
  isWrapped: boolean
  hasTimes: boolean
  emptyText: string
}

export function LogLines(props: LogLinesProps) {
  const { lines, isWrapped, current } = props
  const host = useRef<HTMLDivElement>(null)
  const [isAtEnd, setAtEnd] = useState(true)
  const [scroll, setScroll] = useState({ top: 0, height: 300 })
  const lastId = lines.at(-1)?.id
  const measure = (): void => {
    const element = host.current
    if (!element) return
    setAtEnd(element.scrollTop + element.clientHeight >= element.scrollHeight - 2 * lineHeightPx)
    setScroll({ top: element.scrollTop, height: element.clientHeight || 300 })
  }
  useEffect(() => {
    const observer = new ResizeObserver(measure)
    observer.observe(host.current!)
    return () => observer.disconnect()
  }, [])
  const toEnd = (): void => {
    const element = host.current
    if (element) element.scrollTop = element.scrollHeight
  }
  useLayoutEffect(() => {
    if (isAtEnd && current === undefined) toEnd()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only new lines move the view, not the reader's scrolling
  }, [lastId, lines.length, isWrapped])
  useEffect(() => {
    if (current === undefined || !host.current) return
    host.current.scrollTop = Math.max(0, current * lineHeightPx - host.current.clientHeight / 2)
  }, [current])
  const shown = isWrapped ? lines.slice(-mostWrapped) : lines
  const first = isWrapped ? 0 : Math.max(0, Math.floor(scroll.top / lineHeightPx) - overscanLines)
  const last = isWrapped ? shown.length : Math.min(shown.length, Math.ceil((scroll.top + scroll.height) / lineHeightPx) + overscanLines)
  const severalSources = props.sources.filter(Boolean).length > 1
  const row = (entry: LogEntry, index: number) => (
    <Line key={entry.id} entry={entry} isCurrent={index === current} sources={props.sources} hasPrefix={severalSources} hasTimes={props.hasTimes} words={props.words} />
  )
  return (
    <div className="kube-lines-frame">
      <div className="kube-lines" ref={host} role="log" aria-label={props.label} aria-live="off" tabIndex={0} data-wrapped={isWrapped || undefined} onScroll={measure}>
        {lines.length === 0 ? <div className="kube-lines-empty">{props.emptyText}</div> : null}
        {isWrapped ? (
          shown.map(row)
        ) : (
          <div style={{ height: shown.length * lineHeightPx, position: 'relative' }}>
            <div style={{ position: 'absolute', top: first * lineHeightPx, left: 0, minWidth: '100%' }}>{shown.slice(first, last).map((entry, offset) => row(entry, first + offset))}</div>
          </div>
        )}
      </div>
      {isAtEnd || lines.length === 0 ? null : (
        <Button className="kube-lines-end" size="compact-xs" variant="default" onClick={toEnd}>
          To the end
        </Button>
      )}
    </div>
  )
}

const inks = 8
/** The same pod keeps its colour, whatever the others are. */
function inkOf({ pod, container }: LogSourceName): number {
  let sum = 0
  for (const letter of `${pod}/${container}`) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0
  return sum % inks
}

function Line(props: { entry: LogEntry; isCurrent: boolean; sources: readonly LogSourceName[]; hasPrefix: boolean; hasTimes: boolean; words: string }) {
  const { entry, sources, words } = props
  if (entry.source < 0) return <div className="kube-line kube-line-note">{entry.text}</div>
  const source = sources[entry.source]
  const text = plainText(entry.text)
  return (
    <div className="kube-line" data-current={props.isCurrent || undefined}>
      {props.hasTimes ? (
        <span className="kube-line-time" title={entry.time}>
          {shortTime(entry.time, Date.now())}{' '}
        </span>
      ) : null}
      {props.hasPrefix && source ? (
        <span className={`kube-ink kube-ink-${inkOf(source)}`}>
          {source.pod}/{source.container}{' '}
        </span>
      ) : null}
      <span className={severityOf(text)}>{words ? <Highlighted text={text} words={words} /> : text}</span>
    </div>
  )
}

const severityOf = (text: string): string | undefined =>
  /\b(ERROR|FATAL|CRITICAL|panic|Traceback)\b/.test(text.slice(0, 200)) ? 'kube-line-error' : /\b(WARN|WARNING)\b/.test(text.slice(0, 200)) ? 'kube-line-warning' : undefined

function Highlighted({ text, words }: { text: string; words: string }) {
  const parts: React.ReactNode[] = []
  const lower = text.toLowerCase()
  let at = 0
  for (let found = lower.indexOf(words); found >= 0 && parts.length < 100; found = lower.indexOf(words, at)) {
    parts.push(text.slice(at, found), <mark key={found}>{text.slice(found, found + words.length)}</mark>)
    at = found + words.length
  }
  return (
    <>
      {parts}
      {text.slice(at)}
    </>
  )
}
