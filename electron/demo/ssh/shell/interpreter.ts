// Runs command lines in a demo shell session: expansion, pipes, redirects, exit codes. Used by SSH exec and shell and
// by pod exec. Commands come from the tables beside it; nothing reaches the real machine.
import { auditCommands } from './audit-commands.ts'
import { fileCommands } from './file-commands.ts'
import type { Command, CommandCall, ShellSession } from './machine.ts'
import { FileError, resolvePath } from './memory-files.ts'
import type { Pipeline, SimpleCommand, Word } from './command-line.ts'
import { parseCommandLine, SyntaxRefusal } from './command-line.ts'
import { systemCommands } from './system-commands.ts'
import { textCommands } from './text-commands.ts'

export interface ShellStreams {
  /** Standard input up to its end; an empty text when there is none. */
  readInput(): Promise<string>
  out(text: string): void
  err(text: string): void
}

const commands: Record<string, Command> = { ...auditCommands, ...fileCommands, ...systemCommands, ...textCommands }
const notFound = 127
const interrupted = 130
const lineLimit = 64 * 1024
const pipeLimit = 8 * 2 ** 20

/** Runs one line; resolves with its exit code and never rejects. */
export async function runLine(
  session: ShellSession,
  line: string,
  streams: ShellStreams,
  signal: AbortSignal,
): Promise<number> {
  let code = 0
  session.machine.scripts?.refresh()
  try {
    if (line.length > lineLimit) throw new SyntaxRefusal('argument list too long')
    for (const pipeline of parseCommandLine(line)) {
      if (signal.aborted) return interrupted
      if (session.exitCode !== undefined) break
      const isWanted = pipeline.after === ';' || (pipeline.after === '&&') === (session.lastCode === 0)
      if (!isWanted) continue
      code = await runPipeline(session, pipeline, streams, signal)
      session.lastCode = code
    }
  } catch (error) {
    if (!(error instanceof SyntaxRefusal)) throw error
    streams.err(`bash: ${error.message}\n`)
    code = session.lastCode = 2
  }
  return session.exitCode ?? session.lastCode
}

async function runPipeline(
  session: ShellSession,
  { commands: stages }: Pipeline,
  streams: ShellStreams,
  signal: AbortSignal,
): Promise<number> {
  let input: string | undefined
  let code = 0
  for (const [index, stage] of stages.entries()) {
    const isLast = index === stages.length - 1
    let collected = ''
    const piped: ShellStreams = {
      readInput: input === undefined ? () => streams.readInput() : constant(input),
      out: isLast
        ? (text) => streams.out(text)
        : (text) => (collected = (collected + text).slice(0, pipeLimit)),
      err: (text) => streams.err(text),
    }
    code = await runSimple(session, stage, piped, signal)
    input = collected
  }
  return code
}

const constant = (text: string) => (): Promise<string> => Promise.resolve(text)

function expandWord(session: ShellSession, word: Word): string[] {
  const text = word
    .map((piece) => ('text' in piece ? piece.text : variable(session, piece.variable)))
    .join('')
  const [first] = word
  const isBareVariable = word.length === 1 && first !== undefined && 'variable' in first && !first.isQuoted
  if (isBareVariable) return text.split(/\s+/).filter((part) => part !== '')
  const isHome = first !== undefined && 'text' in first && /^~(\/|$)/.test(first.text)
  return [isHome ? session.environment['HOME'] + text.slice(1) : text]
}

function variable(session: ShellSession, name: string): string {
  if (name === '?') return String(session.lastCode)
  if (name === '$') return '4711'
  if (name === '#') return '0'
  if (name === 'PWD') return session.directory
  return session.environment[name] ?? ''
}

async function runSimple(
  session: ShellSession,
  command: SimpleCommand,
  streams: ShellStreams,
  signal: AbortSignal,
): Promise<number> {
  const args = command.words.flatMap((word) => expandWord(session, word))
  const values = command.assignments.map(
    ({ name, value }) => [name, expandWord(session, value).join(' ')] as const,
  )
  const [name, ...rest] = args
  if (name === undefined) {
    for (const [key, value] of values) session.environment[key] = value
    return 0
  }
  const before = session.environment
  if (values.length > 0) session.environment = { ...before, ...Object.fromEntries(values) }
  try {
    const redirected = redirect(session, command, streams)
    const code = await runNamed(session, name, rest, redirected, signal)
    redirected.finish()
    return code
  } catch (error) {
    if (signal.aborted) return interrupted
    if (!(error instanceof FileError)) throw error
    streams.err(`bash: ${error.message}\n`)
    return 1
  } finally {
    if (values.length > 0) session.environment = before
  }
}

interface Redirected extends ShellStreams {
  finish(): void
}

function redirect(session: ShellSession, command: SimpleCommand, streams: ShellStreams): Redirected {
  const { files } = session.machine
  const pathOf = (word: Word | undefined): string =>
    resolvePath(session.directory, expandWord(session, word ?? []).join(' '))
  let { readInput, out, err } = streams
  const endings: (() => void)[] = []
  for (const { kind, target } of command.redirects) {
    if (kind === '<') {
      const text = files.read(pathOf(target)).toString('utf8')
      readInput = constant(text)
    } else if (kind === '2>&1') err = out
    else {
      const path = pathOf(target)
      const isDiscarded = path === '/dev/null'
      let text = kind === '>>' && files.exists(path) ? files.read(path).toString('utf8') : ''
      const collect = (part: string): void => {
        if (!isDiscarded) text = (text + part).slice(0, pipeLimit)
      }
      if (kind === '2>') err = collect
      else out = collect
      if (!isDiscarded) endings.push(() => files.write(path, Buffer.from(text)))
    }
  }
  return { readInput, out, err, finish: () => endings.forEach((end) => end()) }
}

async function runNamed(
  session: ShellSession,
  name: string,
  args: string[],
  streams: ShellStreams,
  signal: AbortSignal,
): Promise<number> {
  const bare = name.replace(/^(\/usr)?(\/local)?\/s?bin\//, '')
  const command = Object.hasOwn(commands, bare) ? commands[bare] : undefined
  const isMissing = command === undefined || !isInstalled(session, bare)
  if (isMissing) {
    streams.err(
      name.includes('/')
        ? `bash: ${name}: No such file or directory\n`
        : `bash: ${name}: command not found\n`,
    )
    return notFound
  }
  const call: CommandCall = {
    session,
    name: bare,
    args,
    ...streams,
    signal,
    run: (line) => runLine(session, line, streams, signal),
  }
  try {
    return await command(call)
  } catch (error) {
    if (signal.aborted) return interrupted
    if (!(error instanceof FileError)) throw error
    streams.err(`${bare}: ${error.message}\n`)
    return 1
  }
}

/** Some programs are only where their device or daemon is. */
function isInstalled({ machine }: ShellSession, name: string): boolean {
  if (name === 'python3') return machine.scripts?.canRun === true
  if (name === 'nvidia-smi' || name === 'gpu-burn') return machine.gpu !== undefined
  if (name === 'sshd') return machine.sshdSettings !== undefined
  if (Object.hasOwn(auditCommands, name)) return machine.posture !== undefined
  return true
}
