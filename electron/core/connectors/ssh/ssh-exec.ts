// One command to its end, with limits on time and output: what pollers, checks and launchers use. Quoting is the
// caller's (`quoteArguments`), or use `run`, which quotes.
import type { Readable } from 'node:stream'
import { AppError, cancelled } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import { endpointOf, targetOf } from './ssh-faults.ts'
import type { SshChannel, SshExit } from './ssh-channel.ts'

export interface ExecOptions {
  /** Written to the command, then ended; without it standard input is empty. */
  stdin?: string | Uint8Array | undefined
  /** From the start of the command. Default 30 s. */
  timeoutMs?: number | undefined
  /** Of standard output and standard error together. Beyond it the command is stopped. Default 8 MiB. */
  maxOutputBytes?: number | undefined
  signal?: AbortSignal | undefined
  environment?: Record<string, string> | undefined
  /** True where a person waits and may be asked for a second factor. */
  isInteractive?: boolean | undefined
}

export interface ExecResult extends SshExit {
  stdout: string
  stderr: string
  /** The output was longer than allowed; the command was stopped then. */
  isTruncated: boolean
}

export const defaultExecTimeoutMs = 30_000
const defaultOutputBytes = 8 * 2 ** 20

/** Rejects with `timeout`, `cancelled` or `unreachable`; a command that fails resolves with its exit code. */
export async function collectCommand(
  channel: SshChannel,
  settings: SettingsOf<'ssh'>,
  options: ExecOptions,
): Promise<ExecResult> {
  const { timeoutMs = defaultExecTimeoutMs, maxOutputBytes = defaultOutputBytes, signal } = options
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  let leftBytes = maxOutputBytes
  let isTruncated = false
  const collect = (source: Readable, into: Buffer[]): void => {
    source.on('data', (chunk: Buffer) => {
      if (isTruncated) return
      into.push(chunk.subarray(0, leftBytes))
      leftBytes -= chunk.length
      if (leftBytes >= 0) return
      isTruncated = true
      channel.close()
    })
  }
  collect(channel.output, stdout)
  collect(channel.errors, stderr)
  const stopped = Promise.withResolvers<never>()
  stopped.promise.catch(() => undefined)
  const stop = (error: AppError): void => {
    stopped.reject(error)
    channel.close()
  }
  const onAbort = (): void => stop(cancelled())
  const timer = setTimeout(() => stop(tookTooLong(settings, timeoutMs)), timeoutMs)
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    channel.input.end(options.stdin ?? '')
    const exit = await Promise.race([channel.ended, stopped.promise])
    return { ...exit, stdout: textOf(stdout), stderr: textOf(stderr), isTruncated }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

const textOf = (chunks: Buffer[]): string => Buffer.concat(chunks).toString('utf8')

const tookTooLong = (settings: SettingsOf<'ssh'>, timeoutMs: number): AppError =>
  new AppError('timeout', `A command on ${endpointOf(settings)} did not end within ${Math.round(timeoutMs / 100) / 10} s.`, {
    remedy: 'Look on the host what it hangs on (disk, network file system, device), then try again.',
    target: targetOf(settings),
    detail: { kind: 'outcome-unknown', action: 'run a command' },
  })
