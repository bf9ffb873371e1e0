// Lines of a log as the page keeps them: a bounded number, the oldest go first and are counted. Reads the stream of the
// core (`<source>\t<time>\t<text>`, words on lines that begin with `!`) piece by piece.

export interface LogSourceName {
  pod: string
  container: string
}
export interface LogEntry {
  /** Counts from the first line of the stream. */
  id: number
  /** -1 = a word about the stream itself. */
  source: number
  time: string
  text: string
}

export const mostLines = 50_000

export class LogBuffer {
  readonly sources: LogSourceName[] = []
  entries: LogEntry[] = []
  /** Older lines that were let go. */
  dropped = 0
  hasEnded = false
  private rest = ''
  private nextId = 0

  /** Takes a piece of the stream, which may end in the middle of a line. */
  push(text: string): void {
    const lines = (this.rest + text).split('\n')
    this.rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') this.take(line)
    const surplus = this.entries.length - mostLines
    // Let go in larger bites, so that not every line costs a move of all.
    if (surplus > mostLines * 0.1) {
      this.entries = this.entries.slice(surplus)
      this.dropped += surplus
    }
  }

  note(text: string): void {
    this.entries.push({ id: this.nextId++, source: -1, time: '', text })
  }

  private take(line: string): void {
    if (line.startsWith('!')) return this.takeWord(line.slice(1))
    const first = line.indexOf('\t')
    const second = line.indexOf('\t', first + 1)
    if (first < 0 || second < 0) return
    this.entries.push({
      id: this.nextId++,
      source: Number(line.slice(0, first)),
      time: line.slice(first + 1, second),
      text: line.slice(second + 1),
    })
  }

  private takeWord(json: string): void {
    const word = JSON.parse(json) as { type?: string; index?: number; pod?: string; container?: string; text?: string }
    if (word.type === 'source' && word.index !== undefined) this.sources[word.index] = { pod: word.pod ?? '', container: word.container ?? '' }
    else if (word.type === 'note') this.note(word.text ?? '')
    else if (word.type === 'end') this.hasEnded = true
  }
}

/** The colour escapes that programs write for terminals, taken out: the view has its own colours. */
// eslint-disable-next-line no-control-regex -- they are exactly what is looked for
const escapes = /\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007]*\u0007/g
export const plainText = (text: string): string => (text.includes('\u001b') ? text.replace(escapes, '') : text)

/** `2026-07-21T10:00:00.100000000Z` → local `10:00:00.100`, with the day in front where it is not today's. */
export function shortTime(time: string, todayMs: number): string {
  const at = new Date(time)
  if (time === '' || Number.isNaN(at.getTime())) return ''
  const clock = `${at.toLocaleTimeString('en-GB')}.${String(at.getMilliseconds()).padStart(3, '0')}`
  const isToday = new Date(todayMs).toDateString() === at.toDateString()
  return isToday ? clock : `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')} ${clock}`
}
