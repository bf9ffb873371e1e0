// Running a program in a container, as `kubectl exec -it` does: v5 or v4.channel.k8s.io over a WebSocket, one byte for
// the channel, resize as JSON, the end as a Status object. Knows nothing of who reads the bytes.
import { z } from 'zod'
import { AppError } from '#shared/errors.ts'
import { readSocket } from '../https/socket-messages.ts'
import type { KubernetesConnector } from './kubernetes-connector.ts'

const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4 } as const
const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io']

const statusObject = z.object({
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  details: z.object({ causes: z.array(z.object({ reason: z.string().optional(), message: z.string().optional() })).nullish() }).nullish(),
})

export interface PodExec {
  readonly output: AsyncIterable<Uint8Array>
  write(bytes: Uint8Array): Promise<void>
  resize(size: { columns: number; rows: number }): void
  /** Never rejects; known once the output has been read to its end. */
  readonly ended: Promise<PodExecEnd>
  close(): void
}
export type PodExecEnd =
  | { how: 'exited'; exitCode: number }
  /** The container runtime could not start it, in its own words. */
  | { how: 'failed'; reason: string }
  | { how: 'cut'; isSilent: boolean }

export interface PodExecRequest {
  namespace: string
  pod: string
  container?: string | undefined
  command: readonly string[]
  signal: AbortSignal
}

/** Rejects with the AppError of the refused handshake: no such pod, not allowed, container not running. */
export async function execInPod(
  kubernetes: Pick<KubernetesConnector, 'socket'>,
  request: PodExecRequest,
): Promise<PodExec> {
  const { namespace, pod, container, command, signal } = request
  const socket = await kubernetes.socket({
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/exec`,
    // With a terminal standard error is part of the output.
    query: { command, container, stdin: true, stdout: true, stderr: false, tty: true },
    protocols,
    signal,
  })
  const messages = readSocket(socket)
  const { promise: ended, resolve } = Promise.withResolvers<PodExecEnd>()
  const send = (to: number, bytes: Uint8Array): Promise<void> =>
    messages.send(Buffer.concat([Buffer.of(to), bytes]))

  async function* output(): AsyncGenerator<Uint8Array, void, void> {
    for await (const message of messages.incoming) {
      const body = message.subarray(1)
      if (message[0] === channel.status) resolve(readStatus(body))
      else if ((message[0] === channel.stdout || message[0] === channel.stderr) && body.byteLength > 0) yield body
    }
    // Only now: the socket may have closed while the end status still waited to be read.
    resolve({ how: 'cut', isSilent: (await messages.closed).isSilent })
  }
  return {
    output: output(),
    write: (bytes) => send(channel.stdin, bytes),
    resize: ({ columns, rows }) =>
      void send(channel.resize, Buffer.from(JSON.stringify({ Width: columns, Height: rows }))).catch(() => undefined),
    ended,
    close: () => messages.close(),
  }
}

function readStatus(body: Uint8Array): PodExecEnd {
  const parsed = statusObject.safeParse(safeJson(Buffer.from(body).toString('utf8')))
  if (!parsed.success) return { how: 'failed', reason: 'an unreadable end status' }
  const { status, reason, message, details } = parsed.data
  if (status === 'Success') return { how: 'exited', exitCode: 0 }
  const exitCode = Number(details?.causes?.find((cause) => cause.reason === 'ExitCode')?.message)
  if (reason === 'NonZeroExitCode' && Number.isInteger(exitCode)) return { how: 'exited', exitCode }
  return { how: 'failed', reason: (message ?? reason ?? 'no reason given').slice(0, 300) }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The runtime's many ways to say that a program is not there. */
export const isMissingProgram = (end: PodExecEnd): boolean =>
  (end.how === 'exited' && (end.exitCode === 126 || end.exitCode === 127)) ||
  (end.how === 'failed' && /no such file|not found|executable file|exec failed|OCI runtime/i.test(end.reason))

/** Thrown by callers when none of their programs is in the container. */
export const noProgram = (pod: string, tried: readonly string[]): AppError =>
  new AppError('unsupported', `The container of ${pod} has none of ${tried.join(', ')}: there is nothing to talk to.`, {
    remedy: 'Choose another container of the pod, or use its log.',
    detail: { kind: 'console', reason: 'no-shell' },
  })
