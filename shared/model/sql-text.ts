// SQL text as PostgreSQL's scanner sees it: where comments, literals and identifiers begin and end. Pure; used by the
// editor (splitting), the write gate (classification) and masking. Rules: PostgreSQL, 4.1 (lexical structure), with
// standard_conforming_strings on.

export interface SqlToken {
  kind: 'word' | 'quoted-identifier' | 'string' | 'number' | 'symbol' | 'comment' | 'space'
  start: number
  end: number
}

const isWordStart = (char: string): boolean => /[A-Za-z_\u0080-\uffff]/.test(char)
const wordAt = /[A-Za-z0-9_$\u0080-\uffff]*/y
const numberAt =
  /(?:0[xX][0-9A-Fa-f_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?(?:[eE][+-]?[0-9]+)?)/y
const spaceAt = /\s+/y
const dollarTagAt = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y

const match = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}

/** Every token of the text, in order and without gaps. What is never closed runs to the end. */
export function* scanSql(text: string): Generator<SqlToken, void, void> {
  let position = 0
  while (position < text.length) {
    const token = tokenAt(text, position)
    yield token
    position = token.end
  }
}

function tokenAt(text: string, start: number): SqlToken {
  const char = text[start]!
  const next = text[start + 1]
  const token = (kind: SqlToken['kind'], end: number): SqlToken => ({
    kind,
    start,
    end: Math.min(end, text.length),
  })
  const space = match(spaceAt, text, start)
  if (space > start) return token('space', space)
  if (char === '-' && next === '-') return token('comment', endOfLine(text, start))
  if (char === '/' && next === '*') return token('comment', endOfBlockComment(text, start))
  if (char === "'") return token('string', endOfQuoted(text, start + 1, "'", false))
  if (char === '"') return token('quoted-identifier', endOfQuoted(text, start + 1, '"', false))
  if (char === '$') return dollarToken(text, start, token)
  if (isWordStart(char)) return wordToken(text, start, token)
  if (/[0-9]/.test(char)) return token('number', Math.max(match(numberAt, text, start), start + 1))
  return token('symbol', start + 1)
}

type MakeToken = (kind: SqlToken['kind'], end: number) => SqlToken

/** A dollar-quoted literal, or a parameter such as `$1`. */
function dollarToken(text: string, start: number, token: MakeToken): SqlToken {
  const bodyStart = match(dollarTagAt, text, start)
  if (bodyStart === start) return token('symbol', start + 1)
  const tag = text.slice(start, bodyStart)
  const close = text.indexOf(tag, bodyStart)
  return token('string', close < 0 ? text.length : close + tag.length)
}

/** A word, or a literal with a prefix: E'…', B'…', X'…', N'…', U&'…', U&"…". */
function wordToken(text: string, start: number, token: MakeToken): SqlToken {
  const prefix = /^(?:[eE]'|[bBxXnN]'|[uU]&['"])/.exec(text.slice(start, start + 3))?.[0]
  if (!prefix) return token('word', match(wordAt, text, start))
  const quote = prefix.at(-1)!
  const hasEscapes = prefix.length === 2 && prefix[0]!.toLowerCase() === 'e'
  return token(
    quote === '"' ? 'quoted-identifier' : 'string',
    endOfQuoted(text, start + prefix.length, quote, hasEscapes),
  )
}

function endOfLine(text: string, from: number): number {
  const end = text.slice(from).search(/[\r\n]/)
  return end < 0 ? text.length : from + end
}

/** Block comments nest. */
function endOfBlockComment(text: string, start: number): number {
  let depth = 0
  for (let position = start; position < text.length;) {
    if (text.startsWith('/*', position)) depth += 1
    else if (text.startsWith('*/', position)) depth -= 1
    else {
      position += 1
      continue
    }
    position += 2
    if (depth === 0) return position
  }
  return text.length
}

function endOfQuoted(text: string, from: number, quote: string, hasEscapes: boolean): number {
  for (let position = from; position < text.length; position += 1) {
    if (hasEscapes && text[position] === '\\') position += 1
    else if (text[position] === quote) {
      if (text[position + 1] !== quote) return position + 1
      position += 1
    }
  }
  return text.length
}

/** An identifier in double quotes, whatever it holds; a NUL cannot be part of one and is dropped. */
export const quoteIdentifier = (name: string): string =>
  `"${name.replaceAll('\0', '').replaceAll('"', '""')}"`

/** A string literal that reads the same whatever standard_conforming_strings says. */
export function quoteLiteral(value: string): string {
  const quoted = `'${value.replaceAll('\0', '').replaceAll("'", "''")}'`
  return quoted.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

const masked = "'[masked]'"

/**
 * The literal of `PASSWORD '…'`, of a connection string and of the like → `'[masked]'`, wherever that literal stands: for
 * everything that is kept.
 */
export function maskSqlSecrets(text: string): string {
  const tokens = [...scanSql(text)]
  const secrets = secretLiterals(text, tokens)
  return tokens
    .map((token) => {
      const piece = text.slice(token.start, token.end)
      if (token.kind === 'string') return secrets.has(piece) ? masked : piece
      return token.kind === 'comment' ? piece.replace(/(password\s*[:=]?\s*)\S+/gi, '$1[masked]') : piece
    })
    .join('')
}

function secretLiterals(text: string, tokens: readonly SqlToken[]): Set<string> {
  const secrets = new Set<string>()
  let lastWord = ''
  for (const token of tokens) {
    const piece = text.slice(token.start, token.end)
    if (token.kind === 'space' || token.kind === 'comment') continue
    if (
      token.kind === 'string' &&
      (/^(?:password|passphrase|secret)$/i.test(lastWord) || /\bpassword\s*=/i.test(piece))
    )
      secrets.add(piece)
    if (token.kind === 'word' || token.kind === 'quoted-identifier') lastWord = piece.replaceAll('"', '')
    else if (piece !== '=' && piece !== ',') lastWord = ''
  }
  return secrets
}
