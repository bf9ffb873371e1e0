// The one gate before every statement: what may only read, what needs writing to be allowed for this run, and what
// cannot run at all. It reads the text; the server session is read-only besides, so a statement that deceives this
// file still cannot write. What a role may do at all is the server's to decide. Called by the run desk only.
import { AppError } from '#shared/errors.ts'
import { splitStatements } from '#shared/model/sql-statements.ts'
import { scanSql } from '#shared/model/sql-text.ts'

export interface GateQuestion {
  sql: string
  allowWrite: boolean
  /** The connection, for sentences. */
  label: string
  /** The site refuses every change while true. */
  isSiteReadOnly: boolean
  siteName: string
}

type StatementClass = 'read' | 'write' | 'transaction' | 'setting' | 'client-copy'

const readers = new Set(['select', 'with', 'values', 'table', 'show', 'explain'])
const transactionWords = new Set([
  'begin',
  'start',
  'commit',
  'end',
  'rollback',
  'abort',
  'savepoint',
  'release',
])
const settingWords = new Set(['set', 'reset', 'discard'])

/**
 * Functions that change something outside of the transaction, so that a read-only one does not stop them; those
 * that run text given to them; and the one that could loosen the session.
 */
const sideEffects: readonly RegExp[] = [
  /^set_config$/,
  /^pg_(terminate|cancel)_backend$/,
  /^pg_(reload_conf|rotate_logfile\w*|switch_wal|promote|create_restore_point|backup_start|backup_stop|notify)$/,
  /^pg_(wal_replay|stat_reset|stat_statements_reset|file_write|file_unlink|file_rename|file_sync|replication_|logical_)\w*$/,
  /^pg_(create|drop|copy)_\w*slot$/,
  /^pg_prewarm$/,
  /^lo_\w+$/,
  /^(dblink|query_to_xml|cursor_to_xml)\w*$/,
]

/** Throws the refusal; returns when the statement may run as asked. */
export function passGate(question: GateQuestion): void {
  const { sql, allowWrite, label, isSiteReadOnly, siteName } = question
  const statements = splitStatements(sql)
  if (statements.length === 0)
    throw new AppError('invalid-input', 'There is no statement to run.', {
      remedy: 'Write one, or select the text of one.',
    })
  if (statements.length > 1)
    throw new AppError('invalid-input', `These are ${statements.length} statements; one runs at a time.`, {
      remedy: 'Select the one to run.',
    })
  if (allowWrite && isSiteReadOnly)
    throw new AppError('forbidden', `The site “${siteName}” is read-only: nothing is written on ${label}.`, {
      remedy: 'Switch off “read-only” in the site’s settings first.',
      detail: { kind: 'read-only', scope: siteName },
    })
  const words = wordsOf(statements[0]!.text)
  const kind = classify(words)
  if (kind === 'client-copy')
    throw new AppError('unsupported', 'COPY to or from the client cannot be run here.', {
      remedy: 'Select the rows and export the result, or import the file.',
    })
  if (!allowWrite) return passReader(kind, words, label)
  if (kind === 'transaction')
    throw new AppError(
      'unsupported',
      'Each run is a transaction of its own: BEGIN, COMMIT and the like have nothing to act on.',
      {
        remedy: 'Put what belongs together into one statement, for example WITH or DO.',
      },
    )
}

/** The first word's class, and what it was called; for tests and for the screen's hint. */
export const classifyStatement = (sql: string): StatementClass => classify(wordsOf(sql))

function passReader(kind: StatementClass, words: readonly Word[], label: string): void {
  const first = words[0]?.text.toUpperCase() ?? ''
  if (kind !== 'read') throw refusal(label, whyNot(kind, first))
  for (const word of words) {
    if (word.isEscaped) throw refusal(label, 'A name written with Unicode escapes (U&"…") cannot be checked')
    if (word.isFunction && sideEffects.some((pattern) => pattern.test(word.text)))
      throw refusal(label, `${word.text}() changes something even where nothing may be written`)
  }
}

const whyNot = (kind: Exclude<StatementClass, 'read'>, first: string): string =>
  ({
    write: `${first} may change something`,
    transaction: `${first} would change the transaction, which is read-only`,
    setting: `${first} would change the session, which is read-only and ends with the run`,
    'client-copy': 'COPY cannot be run here',
  })[kind]

const refusal = (label: string, why: string): AppError =>
  new AppError('forbidden', `Not run on ${label}: ${why}.`, {
    remedy: 'Allow writing for one run, if that is what you want.',
    detail: { kind: 'read-only', scope: label },
  })

interface Word {
  /** Lower case as PostgreSQL folds it; quoted names as they are. */
  text: string
  /** An opening parenthesis follows. */
  isFunction: boolean
  isEscaped: boolean
}

/** Words and names of a statement without comments, literals and leading parentheses. */
function wordsOf(sql: string): Word[] {
  const words: Word[] = []
  for (const token of scanSql(sql)) {
    const piece = sql.slice(token.start, token.end)
    const last = words.at(-1)
    if (token.kind === 'word') words.push({ text: piece.toLowerCase(), isFunction: false, isEscaped: false })
    else if (token.kind === 'quoted-identifier')
      words.push({ text: unquote(piece), isFunction: false, isEscaped: /^u&/i.test(piece) })
    else if (piece === '(' && last) last.isFunction = true
    else if (token.kind !== 'space' && token.kind !== 'comment' && last)
      words.push({ text: '', isFunction: false, isEscaped: false })
  }
  return words
}

const unquote = (piece: string): string => piece.slice(piece.indexOf('"') + 1, -1).replaceAll('""', '"')

function classify(words: readonly Word[]): StatementClass {
  const first = words[0]?.text ?? ''
  const second = words[1]?.text ?? ''
  if (readers.has(first)) return 'read'
  if (transactionWords.has(first) || (first === 'prepare' && second === 'transaction')) return 'transaction'
  if (settingWords.has(first)) return 'setting'
  if (first === 'copy' && words.some((word) => word.text === 'stdin' || word.text === 'stdout'))
    return 'client-copy'
  return 'write'
}
