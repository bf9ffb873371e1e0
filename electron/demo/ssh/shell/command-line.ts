// Takes a command line apart: quotes, variables, pipes, redirects, and the operators ; && || between pipelines.
// A small part of the shell language, enough for what people and programs type into the demo lab. Pure.

export interface Redirect {
  kind: '>' | '>>' | '<' | '2>' | '2>&1'
  target: Word | undefined
}

/** A piece of a word: plain text, or a variable still to be filled in. */
export type Piece = { text: string } | { variable: string; isQuoted: boolean }
export type Word = Piece[]

export interface SimpleCommand {
  assignments: { name: string; value: Word }[]
  words: Word[]
  redirects: Redirect[]
}

export interface Pipeline {
  /** How it hangs on the one before: `;` always, `&&` after success, `||` after failure. */
  after: ';' | '&&' | '||'
  commands: SimpleCommand[]
}

/** What a line that cannot be read is refused with. */
export class SyntaxRefusal extends Error {}

type Token = { operator: string } | { word: Word; isQuoted: boolean }

const operators = ['2>&1', '2>', '&&', '||', '>>', '>', '<', '|', ';', '\n']

/** Throws SyntaxRefusal on unbalanced quotes and misplaced operators. */
export function parseCommandLine(line: string): Pipeline[] {
  const pipelines: Pipeline[] = []
  let pipeline: Pipeline = { after: ';', commands: [] }
  let command = emptyCommand()
  const tokens = tokenize(line)
  const isEmpty = (): boolean =>
    command.words.length + command.assignments.length + command.redirects.length === 0
  const endCommand = (operator: string): void => {
    if (isEmpty()) throw new SyntaxRefusal(`syntax error near unexpected token \`${operator}'`)
    pipeline.commands.push(command)
    command = emptyCommand()
  }
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index]
    if (token === undefined) break
    if ('word' in token) addWord(command, token)
    else if (token.operator === '|') endCommand('|')
    else if (['&&', '||', ';', '\n'].includes(token.operator)) {
      const isSeparator = token.operator === ';' || token.operator === '\n'
      if (isSeparator && isEmpty() && pipeline.commands.length === 0) continue
      endCommand(token.operator)
      pipelines.push(pipeline)
      pipeline = { after: isSeparator ? ';' : (token.operator as '&&' | '||'), commands: [] }
    } else index += addRedirect(command, token.operator, tokens[index + 1])
  }
  if (!isEmpty()) endCommand('newline')
  else if (pipeline.after !== ';' || pipeline.commands.length > 0)
    throw new SyntaxRefusal('syntax error: unexpected end of file')
  if (pipeline.commands.length > 0) pipelines.push(pipeline)
  return pipelines
}

const emptyCommand = (): SimpleCommand => ({ assignments: [], words: [], redirects: [] })

function addWord(command: SimpleCommand, { word }: { word: Word }): void {
  const [first, ...rest] = word
  const match = first !== undefined && 'text' in first ? /^([A-Za-z_]\w*)=(.*)$/s.exec(first.text) : null
  if (match === null || command.words.length > 0) command.words.push(word)
  else command.assignments.push({ name: match[1] ?? '', value: [{ text: match[2] ?? '' }, ...rest] })
}

/** Returns how many tokens it used up beyond the operator. */
function addRedirect(command: SimpleCommand, operator: string, next: Token | undefined): number {
  if (operator === '2>&1') {
    command.redirects.push({ kind: '2>&1', target: undefined })
    return 0
  }
  if (next === undefined || !('word' in next))
    throw new SyntaxRefusal("syntax error near unexpected token `newline'")
  command.redirects.push({ kind: operator as Redirect['kind'], target: next.word })
  return 1
}

function tokenize(line: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < line.length) {
    const rest = line.slice(at)
    const blank = /^(?:[ \t\r]+|\\\n)/.exec(rest)
    const operator = operators.find((one) => rest.startsWith(one))
    if (blank !== null) at += blank[0].length
    else if (rest.startsWith('#')) at += rest.indexOf('\n') < 0 ? rest.length : rest.indexOf('\n')
    else if (operator !== undefined) {
      tokens.push({ operator })
      at += operator.length
    } else {
      const read = readWord(line, at)
      tokens.push(read)
      at = read.end
    }
  }
  return tokens
}

function readWord(line: string, start: number): { word: Word; isQuoted: boolean; end: number } {
  const word: Word = []
  let at = start
  let isQuoted = false
  const text = (piece: string): void => {
    const last = word.at(-1)
    if (last !== undefined && 'text' in last) last.text += piece
    else word.push({ text: piece })
  }
  while (at < line.length && !/[\s|;<>]/.test(line[at] ?? '') && !line.startsWith('&&', at)) {
    const letter = line[at] ?? ''
    if (letter === "'") {
      const end = line.indexOf("'", at + 1)
      if (end < 0) throw new SyntaxRefusal("unexpected EOF while looking for matching `''")
      text(line.slice(at + 1, end))
      isQuoted = true
      at = end + 1
    } else if (letter === '"') {
      at = readQuoted(line, at + 1, word, text)
      isQuoted = true
    } else if (letter === '\\') {
      text(line[at + 1] ?? '')
      at += 2
    } else if (letter === '$') at = readVariable(line, at, word, text, false)
    else {
      text(letter)
      at += 1
    }
  }
  if (isQuoted && word.length === 0) word.push({ text: '' })
  return { word, isQuoted, end: at }
}

function readQuoted(line: string, start: number, word: Word, text: (piece: string) => void): number {
  let at = start
  text('')
  while (at < line.length && line[at] !== '"') {
    const letter = line[at] ?? ''
    if (letter === '\\' && /["\\$`]/.test(line[at + 1] ?? '')) {
      text(line[at + 1] ?? '')
      at += 2
    } else if (letter === '$') at = readVariable(line, at, word, text, true)
    else {
      text(letter)
      at += 1
    }
  }
  if (at >= line.length) throw new SyntaxRefusal('unexpected EOF while looking for matching `"\'')
  return at + 1
}

function readVariable(
  line: string,
  at: number,
  word: Word,
  text: (piece: string) => void,
  isQuoted: boolean,
): number {
  const match = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)|([?$#]))/.exec(line.slice(at))
  if (match === null) {
    text('$')
    return at + 1
  }
  word.push({ variable: match[1] ?? match[2] ?? match[3] ?? '', isQuoted })
  return at + match[0].length
}
