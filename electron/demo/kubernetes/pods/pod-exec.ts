// `pods/exec` over WebSocket: subprotocols v5 and v4.channel.k8s.io, the channel byte, resize, half-close, and the
// closing Status. The shell behind it is the lab's built-in one.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'
import { runLine } from '../../ssh/shell/interpreter.ts'
import { createSession } from '../../ssh/shell/machine.ts'
import type { ShellSession } from '../../ssh/shell/machine.ts'
import { ShellTerminal } from '../../ssh/shell/terminal.ts'
import type { ApiContext } from '../api/api-context.ts'
import { existing } from '../api/object-writes.ts'
import type { ResourceRequest } from '../api/request-info.ts'
import { queryFlag } from '../api/request-info.ts'
import type { ContainerSpec, Pod } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import { isRecord } from '../storage/kube-object.ts'
import { badRequest } from '../storage/kube-status.ts'
import { containerMachine } from './container-machine.ts'

const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const
const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
const inputLimit = 16 * 2 ** 20

export interface ExecServer {
  /** Takes over the upgrade; throws a Status error while it can still be answered in HTTP. */
  accept(
    context: ApiContext,
    request: ResourceRequest,
    message: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void
  dispose(): void
}

export function createExecServer(): ExecServer {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: 2 ** 20,
    handleProtocols: (offered) => protocols.find((name) => offered.has(name)) ?? false,
  })
  return {
    accept(context, request, message, socket, head) {
      const pod = as<Pod>(existing(context, request))
      const container = chooseContainer(pod, request.query)
      const command = request.query.getAll('command')
      if (command.length === 0) throw badRequest('you must specify at least 1 command for the container')
      const offered = (message.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
      if (!offered.some((name) => protocols.includes(name)))
        throw badRequest(
          `unable to upgrade: ${offered.join(', ')} is not supported, use ${protocols.join(' or ')}`,
        )
      server.handleUpgrade(message, socket, head, (connection) => {
        const session = createSession(containerMachine(context, pod, container), {
          isTerminal: queryFlag(request.query, 'tty'),
        })
        serveExec(connection, session, command, request.query)
      })
    },
    dispose() {
      for (const connection of server.clients) connection.terminate()
      server.close()
    },
  }
}

function chooseContainer(pod: Pod, query: URLSearchParams): ContainerSpec {
  const wanted = query.get('container') ?? ''
  const { name } = pod.metadata
  const [first] = pod.spec.containers
  const container = wanted === '' ? first : pod.spec.containers.find((one) => one.name === wanted)
  if (container === undefined) throw badRequest(`container ${wanted} is not valid for pod ${name}`)
  if (pod.status.phase !== 'Running')
    throw badRequest(
      `cannot exec into a container in a ${pod.status.phase === 'Pending' ? 'pending' : 'completed'} pod; current phase is ${pod.status.phase}`,
    )
  return container
}

const success = { metadata: {}, status: 'Success' }
const failure = (code: number) => ({
  metadata: {},
  status: 'Failure',
  message: `command terminated with non-zero exit code: exit status ${code}`,
  reason: 'NonZeroExitCode',
  details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
})

/** Standard input as it comes in pieces; readers wait for its end. */
class Input {
  private text = ''
  private isEnded = false
  private readonly waiting: (() => void)[] = []

  push(bytes: Buffer): void {
    if (this.text.length < inputLimit) this.text += bytes.toString('utf8')
  }

  end(): void {
    this.isEnded = true
    for (const wake of this.waiting.splice(0)) wake()
  }

  async readAll(): Promise<string> {
    if (!this.isEnded) await new Promise<void>((resolve) => this.waiting.push(resolve))
    const { text } = this
    this.text = ''
    return text
  }
}

function serveExec(
  connection: WebSocket,
  session: ShellSession,
  command: string[],
  query: URLSearchParams,
): void {
  const abort = new AbortController()
  const input = new Input()
  const send = (to: number, bytes: Buffer): void => {
    if (connection.readyState === connection.OPEN) connection.send(Buffer.concat([Buffer.from([to]), bytes]))
  }
  const finish = (code: number): void => {
    send(channel.status, Buffer.from(JSON.stringify(code === 0 ? success : failure(code))))
    connection.close(1000)
  }
  const hasInput = queryFlag(query, 'stdin')
  const out = (text: string): void =>
    queryFlag(query, 'stdout') ? send(channel.stdout, Buffer.from(text)) : undefined
  const err = (text: string): void =>
    queryFlag(query, 'stderr') ? send(channel.stderr, Buffer.from(text)) : undefined
  const isShell = command.length === 1 && /(^|\/)(ba|da|a|z)?sh$/.test(command[0] ?? '')
  const terminal =
    session.isTerminal && hasInput && isShell
      ? new ShellTerminal({ session, write: out, onExit: finish })
      : undefined
  connection.on('message', (data: Buffer) => receive(Buffer.from(data), session, input, terminal))
  connection.on('error', () => connection.terminate())
  connection.on('close', () => {
    abort.abort()
    terminal?.dispose()
    input.end()
  })
  if (terminal !== undefined) return
  if (!hasInput) input.end()
  const print = (write: (text: string) => void) => (text: string) =>
    write(session.isTerminal ? text.replace(/\r?\n/g, '\r\n') : text)
  const streams = {
    readInput: () => input.readAll(),
    out: print(out),
    err: print(session.isTerminal ? out : err),
  }
  runLine(session, command.map(quoted).join(' '), streams, abort.signal).then(finish, () => finish(1))
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

function receive(
  data: Buffer,
  session: ShellSession,
  input: Input,
  terminal: ShellTerminal | undefined,
): void {
  const [to] = data
  const body = data.subarray(1)
  if (to === channel.stdin && body.length > 0) {
    if (terminal === undefined) input.push(body)
    else terminal.feed(body)
  } else if (to === channel.close && body[0] === channel.stdin) input.end()
  else if (to === channel.resize) resize(body, session, terminal)
}

function resize(body: Buffer, session: ShellSession, terminal: ShellTerminal | undefined): void {
  try {
    const size: unknown = JSON.parse(body.toString('utf8'))
    if (!isRecord(size)) return
    const { Width: columns, Height: rows } = size
    if (typeof columns !== 'number' || typeof rows !== 'number') return
    session.columns = columns
    session.rows = rows
    terminal?.resize(columns, rows)
  } catch {
    // A resize that is not JSON changes nothing.
  }
}
