// Where statements begin and end in a text, as PostgreSQL's own scanner sees it: quotes, dollar quotes, nested
// comments and E-strings hide semicolons. Pure; used by the editor (what runs at the cursor) and by the write gate.

export interface Statement {
  /** Without the closing semicolon, without blank ends. */
  text: string
  /** Offset of `text` in the whole. */
  start: number
  /** Offset after the statement, its semicolon included. */
  end: number
}

/** The next offset after whatever begins at `at`: a quoted thing, a comment, or one character. */
function skip(sql: string, at: number): number {
  const char = sql[at]
  if (char === "'") return skipQuoted(sql, at, "'", isEscapeString(sql, at))
  if (char === '"') return skipQuoted(sql, at, '"', false)
  if (char === '-' && sql[at + 1] === '-') {
    const newline = sql.indexOf('\n', at)
    return newline < 0 ? sql.length : newline + 1
  }
  if (char === '/' && sql[at + 1] === '*') return skipComment(sql, at)
  if (char === '$') return skipDollar(sql, at)
  return at + 1
}

/** `E'…'` (and `U&'…'` does not count) takes backslashes; a letter before the E makes it part of a name. */
const isEscapeString = (sql: string, at: number): boolean => /(^|[^A-Za-z0-9_$])[eE]$/.test(sql.slice(Math.max(0, at - 2), at))

function skipQuoted(sql: string, at: number, quote: string, hasEscapes: boolean): number {
  for (let index = at + 1; index < sql.length; index += 1) {
    if (hasEscapes && sql[index] === '\\') index += 1
    else if (sql[index] === quote) {
      if (sql[index + 1] !== quote) return index + 1
      index += 1
    }
  }
  return sql.length
}

/** Comments nest in PostgreSQL. */
function skipComment(sql: string, at: number): number {
  let depth = 0
  for (let index = at; index < sql.length; index += 1) {
    const pair = sql.slice(index, index + 2)
    if (pair === '/*') depth += 1
    else if (pair === '*/') depth -= 1
    else continue
    index += 1
    if (depth === 0) return index + 1
  }
  return sql.length
}

function skipDollar(sql: string, at: number): number {
  if (/[A-Za-z0-9_$\u0080-\uffff]/.test(sql[at - 1] ?? '')) return at + 1
  const tag = /^\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/.exec(sql.slice(at, at + 130))?.[0]
  if (!tag) return at + 1
  const close = sql.indexOf(tag, at + tag.length)
  return close < 0 ? sql.length : close + tag.length
}

/** All statements in order; blank ones (stray semicolons, comments alone) are left out. */
export function splitStatements(sql: string): Statement[] {
  const statements: Statement[] = []
  let start = 0
  const add = (end: number, next: number): void => {
    const raw = sql.slice(start, end)
    const text = raw.trim()
    if (firstKeyword(text) !== '') statements.push({ text, start: start + raw.indexOf(text), end: next })
    start = next
  }
  let at = 0
  while (at < sql.length) {
    if (sql[at] === ';') {
      add(at, at + 1)
      at += 1
    } else at = skip(sql, at)
  }
  add(sql.length, sql.length)
  return statements
}

/** The statement the cursor is in, or right behind; undefined in an empty text. */
export function statementAt(sql: string, cursor: number): Statement | undefined {
  const statements = splitStatements(sql)
  return statements.find((statement) => cursor <= statement.end) ?? statements.at(-1)
}

/** The statement with comments as one blank and literals as empty ones, for looking at its words only. */
export function skeleton(sql: string): string {
  let words = ''
  let at = 0
  while (at < sql.length) {
    const next = skip(sql, at)
    const piece = sql.slice(at, next)
    if (piece.startsWith('--') || piece.startsWith('/*')) words += ' '
    else if (piece.length > 1 && (piece.startsWith("'") || piece.startsWith('$'))) words += "''"
    else words += piece
    at = next
  }
  return words
}

/** The first word of the statement in upper case, comments and brackets passed over; '' when there is none. */
export const firstKeyword = (sql: string): string => /[A-Za-z_]+|[^\s(]/.exec(skeleton(sql))?.[0].toUpperCase() ?? ''

/** A name as PostgreSQL reads it back, whatever it holds. NUL cannot be in a name and throws. */
export function quoteIdentifier(name: string): string {
  if (name.includes('\u0000')) throw new Error('A name cannot hold a NUL character.')
  return `"${name.replaceAll('"', '""')}"`
}
