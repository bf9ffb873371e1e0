// The commands that make and filter text in a demo shell.
import type { Command, CommandCall } from './machine.ts'
import { resolvePath } from './memory-files.ts'

/** The text of the operand files, or of standard input without any. */
async function inputOf(call: CommandCall, operands: string[]): Promise<string> {
  if (operands.length === 0) return call.readInput()
  return operands
    .map((operand) =>
      call.session.machine.files.read(resolvePath(call.session.directory, operand)).toString('utf8'),
    )
    .join('')
}

const linesOf = (text: string): string[] => {
  const lines = text.split('\n')
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}
const printLines = (call: CommandCall, lines: string[]): number => {
  if (lines.length > 0) call.out(`${lines.join('\n')}\n`)
  return 0
}

const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', e: '\u001b', '\\': '\\', '0': '\0' }
const unescape = (text: string): string =>
  text.replace(/\\([ntre\\0])/g, (_, letter: string) => escapes[letter] ?? letter)

const echo: Command = ({ args, out }) => {
  const flags = /^-[neE]+$/.test(args[0] ?? '') ? (args[0] ?? '') : ''
  const text = (flags === '' ? args : args.slice(1)).join(' ')
  out((flags.includes('e') ? unescape(text) : text) + (flags.includes('n') ? '' : '\n'))
  return 0
}

const printf: Command = ({ args, out }) => {
  const [format = '', ...values] = args
  let next = 0
  out(
    unescape(format).replace(/%([sd%])/g, (_, letter: string) =>
      letter === '%' ? '%' : (values[next++] ?? ''),
    ),
  )
  return 0
}

/** `-n 5`, `-n5` or `-5`; ten without. */
function countOf(args: string[]): { count: number; operands: string[] } {
  const operands: string[] = []
  let count = 10
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? ''
    if (arg === '-n' || arg === '-c') count = Number(args[(index += 1)])
    else if (/^-n?\d+$/.test(arg)) count = Number(arg.replace(/^-n?/, ''))
    else if (!arg.startsWith('-')) operands.push(arg)
  }
  return { count: Number.isFinite(count) ? count : 10, operands }
}

/** `-c 100` and `-c +5` count bytes; undefined without. */
function byteRange(args: string[]): { count: number; isFrom: boolean; operands: string[] } | undefined {
  const at = args.indexOf('-c')
  const value = args[at + 1] ?? ''
  if (at < 0 || !/^\+?\d+$/.test(value)) return undefined
  return { count: Number(value), isFrom: value.startsWith('+'), operands: args.filter((_, index) => index !== at && index !== at + 1) }
}

/** Prints part of the input, counted in bytes. */
async function printBytes(call: CommandCall, operands: string[], part: (bytes: Buffer) => Buffer): Promise<number> {
  call.out(part(Buffer.from(await inputOf(call, operands))).toString('utf8'))
  return 0
}

const head: Command = async (call) => {
  const range = byteRange(call.args)
  if (range) return printBytes(call, range.operands, (bytes) => bytes.subarray(0, range.count))
  const { count, operands } = countOf(call.args)
  return printLines(call, linesOf(await inputOf(call, operands)).slice(0, count))
}
const tail: Command = async (call) => {
  const range = byteRange(call.args)
  if (range)
    return printBytes(call, range.operands, (bytes) => bytes.subarray(range.isFrom ? Math.max(0, range.count - 1) : Math.max(0, bytes.length - range.count)))
  const { count, operands } = countOf(call.args)
  const lines = linesOf(await inputOf(call, operands))
  return printLines(call, lines.slice(Math.max(lines.length - count, 0)))
}

const grep: Command = async (call) => {
  const flags = call.args.filter((arg) => /^-[A-Za-z]+$/.test(arg)).join('')
  const limit = Number(/ -m ?(\d+)/.exec(` ${call.args.join(' ')}`)?.[1] ?? Infinity)
  const [pattern = '', ...named] = call.args.filter((arg) => !/^-(m\d+|[A-Za-z]+)$/.test(arg))
  const operands = named.flatMap((path) => filesOf(call, path, flags))
  const isEmpty = named.length > 0 && operands.length === 0
  const plain = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const expression = compile(flags.includes('F') ? plain(pattern) : pattern, flags.includes('i') ? 'i' : '')
  if (expression === undefined) {
    call.err('grep: Invalid regular expression\n')
    return 2
  }
  const matches = linesOf(isEmpty ? '' : await inputOf(call, operands))
    .filter((line) => expression.test(line) !== flags.includes('v'))
    .slice(0, limit)
  if (flags.includes('c')) call.out(`${matches.length}\n`)
  else if (!flags.includes('q')) printLines(call, matches)
  return matches.length > 0 ? 0 : 1
}

/** With `-R` the files below a directory; with `-s` only those that are there. */
function filesOf(call: CommandCall, path: string, flags: string): string[] {
  const { files } = call.session.machine
  const full = resolvePath(call.session.directory, path)
  if (!files.exists(full)) return flags.includes('s') ? [] : [path]
  if (!files.stat(full).isDirectory || !/r/i.test(flags)) return [path]
  return files.list(full).flatMap((name) => filesOf(call, `${full}/${name}`, flags))
}

/** Long patterns are refused: the demo runs in the application's own process. */
function compile(pattern: string, flags: string): RegExp | undefined {
  try {
    return pattern.length > 200 || /\([^)]*[+*][^)]*\)[+*]/.test(pattern)
      ? undefined
      : new RegExp(pattern, flags)
  } catch {
    return undefined
  }
}

const wc: Command = async (call) => {
  const flags = call.args.filter((arg) => arg.startsWith('-')).join('')
  const text = await inputOf(
    call,
    call.args.filter((arg) => !arg.startsWith('-')),
  )
  const counts = {
    l: text.split('\n').length - 1,
    w: text.split(/\s+/).filter(Boolean).length,
    c: Buffer.byteLength(text),
  }
  const shown = (['l', 'w', 'c'] as const)
    .filter((key) => flags === '' || flags.includes(key))
    .map((key) => counts[key])
  call.out(`${shown.join(' ')}\n`)
  return 0
}

const sort: Command = async (call) => {
  const flags = call.args.filter((arg) => arg.startsWith('-')).join('')
  const lines = linesOf(
    await inputOf(
      call,
      call.args.filter((arg) => !arg.startsWith('-')),
    ),
  )
  lines.sort(
    flags.includes('n') ? (left, right) => Number.parseFloat(left) - Number.parseFloat(right) : undefined,
  )
  if (flags.includes('r')) lines.reverse()
  return printLines(call, flags.includes('u') ? [...new Set(lines)] : lines)
}

export const textCommands: Record<string, Command> = { echo, printf, head, tail, grep, wc, sort }
