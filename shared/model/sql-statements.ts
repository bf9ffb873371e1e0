// Splitting a script into statements, the way psql would: at semicolons that stand outside of literals, comments,
// parentheses and SQL-standard function bodies. Pure; used by the editor to run one statement of many.
import { scanSql } from './sql-text.ts'

export interface SqlStatement {
  /** Without the semicolon, and without space or comments around it. */
  text: string
  /** Offsets of `text` in the script. */
  start: number
  end: number
}

/** The statements of a script, in order; pieces that hold only space and comments are left out. */
export function splitStatements(script: string): SqlStatement[] {
  return spansOf(script).flatMap(({ start, end }) =>
    start < end ? [{ text: script.slice(start, end), start, end }] : [],
  )
}

/**
 * The statement at a cursor: the one it stands in, else the one that ends on the same line before it, else the next,
 * else the last. Undefined for a script without statements.
 */
export function statementAt(script: string, offset: number): SqlStatement | undefined {
  const statements = splitStatements(script)
  const inside = statements.find((statement) => offset >= statement.start && offset <= statement.end)
  if (inside) return inside
  const before = statements.findLast((statement) => statement.end <= offset)
  if (before && !script.slice(before.end, offset).includes('\n')) return before
  return statements.find((statement) => statement.start >= offset) ?? before
}

interface Span {
  start: number
  end: number
}

function spansOf(script: string): Span[] {
  const spans: Span[] = []
  let span: Span | undefined
  let depth = 0
  let body = newBody()
  const close = (): void => {
    if (span) spans.push(span)
    span = undefined
    depth = 0
    body = newBody()
  }
  for (const token of scanSql(script)) {
    if (token.kind === 'space' || token.kind === 'comment') continue
    const piece = script.slice(token.start, token.end)
    if (piece === ';' && depth === 0 && !body.isOpen()) {
      close()
      continue
    }
    if (piece === '(' || piece === '[') depth += 1
    else if (piece === ')' || piece === ']') depth = Math.max(0, depth - 1)
    else if (token.kind === 'word') body.see(piece.toLowerCase())
    span = { start: span?.start ?? token.start, end: token.end }
  }
  close()
  return spans
}

/** `CREATE FUNCTION … BEGIN ATOMIC … END`: the one place where a semicolon does not end a statement. */
function newBody() {
  let words = 0
  let isRoutine = false
  let wasBegin = false
  let depth = 0
  let first = ''
  return {
    isOpen: () => depth > 0,
    see(word: string): void {
      words += 1
      if (words === 1) first = word
      if (first === 'create' && words <= 4 && (word === 'function' || word === 'procedure')) isRoutine = true
      if (!isRoutine) return
      if (wasBegin && word === 'atomic') depth += 1
      else if (depth > 0 && word === 'case') depth += 1
      else if (depth > 0 && word === 'end') depth -= 1
      wasBegin = word === 'begin'
    },
  }
}
