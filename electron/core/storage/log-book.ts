// The local log: one line a fact, to a file that is rotated, and the newest lines in memory for the log screen.
// Values that look like credentials are masked here too, as a last net: nobody should log one in the first place.
import { createWriteStream, existsSync, mkdirSync, renameSync, statSync, type WriteStream } from 'node:fs'
import { dirname } from 'node:path'
import type { LogLine } from '#shared/contracts/app.ts'
import type { Log } from '../platform.ts'

export interface LogBook {
  log: Log
  /** Newest last. */
  recent(limit: number): LogLine[]
  dispose(): Promise<void>
}

const keptLines = 5000
const maxFileBytes = 10 * 1024 * 1024
const secretLike =
  /((?:password|passphrase|secret|token|ticket|cookie|authorization|csrf\w*|private[_-]?key)["']?\s*[:=]\s*["']?)(?!\[)[^\s"',;]+/gi

/** Masks what follows a credential's name. Exported for every other place that prints foreign text. */
export const maskSecrets = (text: string): string =>
  text
    .replace(
      /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
      '[private key]',
    )
    .replace(/(PVEAPIToken|PBSAPIToken)=\S+/g, '$1=[masked]')
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 [masked]')
    .replace(/(\/\/[^\s/:@]+:)[^\s/@]+@/g, '$1[masked]@')
    .replace(secretLike, '$1[masked]')

export function createLogBook(
  path: string | null,
  now: () => number,
  mirror?: (line: LogLine) => void,
): LogBook {
  const lines: LogLine[] = []
  const file = path === null ? undefined : openRotated(path)
  const write = (level: LogLine['level'], text: string, fields: Record<string, unknown>): void => {
    const suffix = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join('')
    const line = { atMs: now(), level, text: onOneLine(maskSecrets(text + suffix)) }
    lines.push(line)
    if (lines.length > keptLines) lines.splice(0, lines.length - keptLines)
    file?.write(`${new Date(line.atMs).toISOString()} ${level.toUpperCase().padEnd(5)} ${line.text}\n`)
    mirror?.(line)
  }
  const logWith = (own: Record<string, unknown>): Log => ({
    debug: (text, fields) => write('debug', text, { ...own, ...fields }),
    info: (text, fields) => write('info', text, { ...own, ...fields }),
    warn: (text, fields) => write('warn', text, { ...own, ...fields }),
    error: (text, fields) => write('error', text, { ...own, ...fields }),
    child: (fields) => logWith({ ...own, ...fields }),
  })
  return {
    log: logWith({}),
    recent: (limit) => lines.slice(-limit),
    dispose: () => new Promise((resolve) => (file ? file.end(() => resolve()) : resolve())),
  }
}

/** One line a fact: foreign text must not be able to forge another. */
const onOneLine = (text: string): string => text.replace(/\s*[\r\n\u2028\u2029]+\s*/g, ' ↵ ')

function openRotated(path: string): WriteStream {
  mkdirSync(dirname(path), { recursive: true })
  if (existsSync(path) && statSync(path).size > maxFileBytes) renameSync(path, `${path}.1`)
  const file = createWriteStream(path, { flags: 'a', mode: 0o600 })
  // A full disk must not end the application for the sake of its log.
  file.on('error', () => undefined)
  return file
}
