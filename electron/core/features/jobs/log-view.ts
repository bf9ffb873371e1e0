// A job's log as people read it, from the archive and as it grows: time stamps cut to the second, the rows of a result
// table folded into one line, and, for several parts at once, each line with its part.
import type { JobPart } from '#shared/contracts/jobs.ts'
import type { JobLogs } from '../../storage/job-store.ts'

const stepBytes = 256 * 1024

/** Turns pieces of a kept log into text; keeps what is needed between two pieces. */
export function createLogPrinter(prefix = '') {
  let rest = Buffer.alloc(0)
  let foldedRows = 0
  const print = (line: string): string => {
    const [, clock = '', bare = line] = /^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)[\d.]*Z (.*)$/.exec(line) ?? []
    if (bare.startsWith('MERIDIAN_RESULT_ROW ')) {
      foldedRows += 1
      return ''
    }
    if (bare.startsWith('MERIDIAN_PROGRESS ') || bare.startsWith('MERIDIAN_RESULT {')) return ''
    const shown = bare.startsWith('MERIDIAN_RESULT_END ') ? `— a result table of ${foldedRows} rows —` : bare
    return `${prefix}${clock ? `${clock}  ` : ''}${shown}\n`
  }
  return {
    add(chunk: Buffer): string {
      const all = Buffer.concat([rest, chunk])
      const end = all.lastIndexOf(10) + 1
      rest = all.subarray(end)
      return all.subarray(0, end).toString('utf8').split('\n').slice(0, -1).map(print).join('')
    },
    /** The last line, when it has no end. */
    finish(): string {
      const text = rest.toString('utf8')
      rest = Buffer.alloc(0)
      return text === '' ? '' : print(text)
    },
  }
}

export interface LogSource {
  parts(): readonly JobPart[]
  isEnded(): boolean
  /** Resolves when something may have changed. */
  changed(signal: AbortSignal): Promise<void>
}

/** All text so far and what comes, until the job has ended. */
export async function* viewLog(
  logs: JobLogs,
  jobId: string,
  wanted: string | null,
  source: LogSource,
  signal: AbortSignal,
): AsyncGenerator<{ text: string; isCut: boolean }, void, void> {
  const readers = new Map<string, { bytes: number; printer: ReturnType<typeof createLogPrinter> }>()
  const readerOf = (name: string, prefix: string) => {
    const found = readers.get(name) ?? { bytes: 0, printer: createLogPrinter(prefix) }
    readers.set(name, found)
    return found
  }
  while (!signal.aborted) {
    // Asked before reading: what is written after this is followed by another turn.
    const isEnded = source.isEnded()
    const parts = source.parts().filter((part) => wanted === null || part.name === wanted)
    for (const part of parts) {
      const reader = readerOf(part.name, parts.length > 1 ? `${shortName(part)} │ ` : '')
      for (;;) {
        const chunk = await logs.read(jobId, part.name, reader.bytes, stepBytes)
        if (chunk.length === 0 || signal.aborted) break
        reader.bytes += chunk.length
        const text = reader.printer.add(chunk)
        if (text !== '') yield { text, isCut: logs.isFull(jobId, part.name) }
      }
    }
    if (isEnded) {
      const rest = [...readers.values()].map(({ printer }) => printer.finish()).join('')
      if (rest !== '') yield { text: rest, isCut: false }
      return
    }
    await source.changed(signal)
  }
}

const shortName = ({ index, name }: JobPart): string => (index === null ? (name.split('-').at(-1) ?? name) : `#${index}`)
