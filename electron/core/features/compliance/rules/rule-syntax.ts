// Reads the rule language of the checks: a small part of CEL (Common Expression Language), with `.?field` and `[?key]`
// for what may be absent and `??` for its stand-in. A rule becomes a tree; nothing is ever handed to a JavaScript
// evaluator. Used once per rule when the catalogue is loaded; a rule that cannot be read keeps it from loading.

export type Rule =
  | { kind: 'value'; value: string | number | boolean | null }
  | { kind: 'name'; name: string }
  | { kind: 'list'; items: Rule[] }
  | { kind: 'field'; of: Rule; key: Rule; isOptional: boolean }
  | { kind: 'call'; name: string; args: Rule[] }
  | { kind: 'macro'; name: MacroName; of: Rule; variable: string; body: Rule }
  | { kind: 'unary'; operator: '!' | '-'; of: Rule }
  | { kind: 'binary'; operator: BinaryOperator; left: Rule; right: Rule }
  | { kind: 'choice'; when: Rule; then: Rule; otherwise: Rule }

export const macroNames = ['all', 'exists', 'filter', 'map', 'flatMap', 'count'] as const
export type MacroName = (typeof macroNames)[number]

const levels = [
  ['||'],
  ['&&'],
  ['==', '!=', '<=', '>=', '<', '>', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
  ['??'],
] as const
export type BinaryOperator = (typeof levels)[number][number]

/** Why a rule cannot be read: says what and where. */
export class RuleSyntaxError extends Error {}

type Token = { kind: 'number' | 'text' | 'name' | 'mark' | 'end'; text: string; at: number }

const tokenPattern =
  /\s+|(?<number>\d+(?:\.\d+)?)|(?<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?<name>[A-Za-z_]\w*)|(?<mark>\|\||&&|==|!=|<=|>=|\?\?|\.\?|\[\?|[-+*/%<>!?:.,()[\]])/y
const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r' }
const maxDepth = 60

/** The tree of a rule. Throws RuleSyntaxError. */
export function parseRule(text: string): Rule {
  const tokens = tokenize(text)
  let index = 0
  let depth = 0
  const peek = (): Token => tokens[index]!
  const fail = (expected: string): never => {
    const { at, text: found } = peek()
    throw new RuleSyntaxError(`Expected ${expected} at character ${at + 1}, found “${found || 'the end'}”: ${text}`)
  }
  const isMark = (mark: string): boolean =>
    peek().text === mark && (peek().kind === 'mark' || (mark === 'in' && peek().kind === 'name'))
  const take = (mark: string): boolean => {
    if (!isMark(mark)) return false
    index += 1
    return true
  }
  const demand = (mark: string): void => {
    if (!take(mark)) fail(`“${mark}”`)
  }
  const name = (): string => {
    if (peek().kind !== 'name') fail('a name')
    return tokens[index++]!.text
  }

  function expression(): Rule {
    if ((depth += 1) > maxDepth) fail('a simpler rule')
    const when = binary(0)
    if (!take('?')) {
      depth -= 1
      return when
    }
    const then = expression()
    demand(':')
    const otherwise = expression()
    depth -= 1
    return { kind: 'choice', when, then, otherwise }
  }
  function binary(level: number): Rule {
    const operators = levels[level]
    if (!operators) return unary()
    let left = binary(level + 1)
    for (;;) {
      const operator = operators.find(isMark)
      if (!operator) return left
      index += 1
      left = { kind: 'binary', operator, left, right: binary(level + 1) }
    }
  }
  function unary(): Rule {
    if (take('!')) return { kind: 'unary', operator: '!', of: unary() }
    if (take('-')) return { kind: 'unary', operator: '-', of: unary() }
    return postfix()
  }
  function postfix(): Rule {
    let of = primary()
    for (;;) {
      if (take('.?')) of = { kind: 'field', of, key: { kind: 'value', value: name() }, isOptional: true }
      else if (isMark('[') || isMark('[?')) {
        const isOptional = tokens[index++]!.text === '[?'
        const key = expression()
        demand(']')
        of = { kind: 'field', of, key, isOptional }
      } else if (take('.')) {
        const member = name()
        if (!take('(')) of = { kind: 'field', of, key: { kind: 'value', value: member }, isOptional: false }
        else if ((macroNames as readonly string[]).includes(member)) {
          const variable = name()
          demand(',')
          const body = expression()
          demand(')')
          of = { kind: 'macro', name: member as MacroName, of, variable, body }
        } else of = { kind: 'call', name: member, args: [of, ...items(')')] }
      } else return of
    }
  }
  function items(end: string): Rule[] {
    const found: Rule[] = []
    if (take(end)) return found
    do found.push(expression())
    while (take(','))
    demand(end)
    return found
  }
  function primary(): Rule {
    const token = peek()
    if (token.kind === 'number') {
      index += 1
      return { kind: 'value', value: Number(token.text) }
    }
    if (token.kind === 'text') {
      index += 1
      return { kind: 'value', value: unquote(token.text) }
    }
    if (take('(')) {
      const inner = expression()
      demand(')')
      return inner
    }
    if (take('[')) return { kind: 'list', items: items(']') }
    const word = name()
    if (word === 'true' || word === 'false') return { kind: 'value', value: word === 'true' }
    if (word === 'null') return { kind: 'value', value: null }
    return take('(') ? { kind: 'call', name: word, args: items(')') } : { kind: 'name', name: word }
  }

  const rule = expression()
  if (peek().kind !== 'end') fail('the end')
  return rule
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  tokenPattern.lastIndex = 0
  while (tokenPattern.lastIndex < text.length) {
    const at = tokenPattern.lastIndex
    const match = tokenPattern.exec(text)
    if (!match) throw new RuleSyntaxError(`Cannot read character ${at + 1} of the rule: ${text}`)
    for (const kind of ['number', 'text', 'name', 'mark'] as const) {
      const found = match.groups?.[kind]
      if (found !== undefined) tokens.push({ kind, text: found, at })
    }
  }
  return [...tokens, { kind: 'end', text: '', at: text.length }]
}

const unquote = (quoted: string): string =>
  quoted.slice(1, -1).replace(/\\(.)/gs, (_, letter: string) => escapes[letter] ?? letter)
