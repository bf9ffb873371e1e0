// One SSH session channel of a demo machine: environment, pseudo-terminal, exec, shell and SFTP. Output that the
// client does not read stops at the channel's window; a closed channel stops the command.
import type { PseudoTtyInfo, ServerChannel, Session } from 'ssh2'
import { runLine } from './shell/interpreter.ts'
import type { Machine } from './shell/machine.ts'
import { createSession } from './shell/machine.ts'
import { ShellTerminal } from './shell/terminal.ts'
import { serveSftp } from './sftp-service.ts'

const inputLimit = 16 * 2 ** 20

/** Serves a session as the client asks. `delayMs` is held back before a command starts. */
export function serveSession(session: Session, machine: Machine, delayMs: () => number): void {
  const environment: Record<string, string> = {}
  let pty: PseudoTtyInfo | undefined
  let terminal: ShellTerminal | undefined
  session.on('env', (accept, _reject, info) => {
    if (/^(LANG|LC_\w+|TERM)$/.test(info.key)) environment[info.key] = info.val
    accept?.()
  })
  session.on('pty', (accept, _reject, info) => {
    pty = info
    accept?.()
  })
  session.on('window-change', (accept, _reject, info) => {
    terminal?.resize(info.cols, info.rows)
    if (pty !== undefined) Object.assign(pty, { cols: info.cols, rows: info.rows })
    accept?.()
  })
  const shellSession = () => {
    const size = pty === undefined ? {} : { columns: pty.cols, rows: pty.rows }
    const made = createSession(machine, { isTerminal: pty !== undefined, ...size })
    Object.assign(made.environment, environment)
    return made
  }
  const after = (start: () => void): void => {
    const waitMs = delayMs()
    if (waitMs > 0) setTimeout(start, waitMs).unref()
    else start()
  }
  session.on('exec', (accept, _reject, info) => {
    const channel = accept()
    after(() => runCommand(channel, info.command, shellSession()))
  })
  session.on('shell', (accept) => {
    const channel = accept()
    const made = shellSession()
    after(() => {
      if (pty === undefined) runScript(channel, made)
      else terminal = openTerminal(channel, made, machine)
    })
  })
  session.on('sftp', (accept) => {
    serveSftp(accept(), machine.files, machine.home, { uid: machine.uid, name: machine.user })
  })
}

type ShellState = ReturnType<typeof createSession>

function finish(channel: ServerChannel, code: number): void {
  if (channel.destroyed) return
  channel.exit(code)
  channel.end()
}

/** Everything the client sends on the channel, once it has sent it all. */
function inputOf(channel: ServerChannel): () => Promise<string> {
  let text = ''
  const ended = new Promise<void>((resolve) => {
    channel.on('data', (chunk: Buffer) => {
      if (text.length < inputLimit) text += chunk.toString('utf8')
    })
    channel.on('end', resolve)
    channel.on('close', resolve)
  })
  return async () => {
    await ended
    const all = text
    text = ''
    return all
  }
}

function abortOf(channel: ServerChannel): AbortSignal {
  const abort = new AbortController()
  channel.on('close', () => abort.abort())
  channel.on('error', () => abort.abort())
  return abort.signal
}

function runCommand(channel: ServerChannel, command: string, session: ShellState): void {
  const isTerminal = session.isTerminal
  const shown = (text: string): string => (isTerminal ? text.replace(/\r?\n/g, '\r\n') : text)
  const write = (text: string): void => void (channel.destroyed || channel.write(shown(text)))
  const err = isTerminal
    ? write
    : (text: string): void => void (channel.destroyed || channel.stderr.write(text))
  runLine(session, command, { readInput: inputOf(channel), out: write, err }, abortOf(channel)).then(
    (code) => finish(channel, code),
    () => finish(channel, 255),
  )
}

/** A shell without a terminal reads its script from standard input. */
function runScript(channel: ServerChannel, session: ShellState): void {
  const read = inputOf(channel)
  const signal = abortOf(channel)
  const streams = {
    readInput: () => Promise.resolve(''),
    out: (text: string): void => void (channel.destroyed || channel.write(text)),
    err: (text: string): void => void (channel.destroyed || channel.stderr.write(text)),
  }
  read()
    .then((script) => runLine(session, script, streams, signal))
    .then(
      (code) => finish(channel, code),
      () => finish(channel, 255),
    )
}

function openTerminal(channel: ServerChannel, session: ShellState, machine: Machine): ShellTerminal {
  const terminal = new ShellTerminal({
    session,
    write: (text) => void (channel.destroyed || channel.write(text)),
    onExit: (code) => finish(channel, code),
    banner: `Welcome to ${machine.osName} (GNU/Linux ${machine.kernel} x86_64)\r\n\r\n`,
  })
  channel.on('data', (bytes: Buffer) => terminal.feed(bytes))
  channel.on('close', () => terminal.dispose())
  channel.on('error', () => terminal.dispose())
  return terminal
}
