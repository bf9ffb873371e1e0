// A login shell over SSH, on the host's shared connection: files, forwards and figures of the same host use it, too.
// The shell ends with its console; the connection lives on while anybody uses it.
import { AppError, isAppError } from '#shared/errors.ts'
import type { ConsoleEnd } from '#shared/contracts/consoles.ts'
import type { SshChannel, SshExit } from '../../../connectors/ssh/ssh-channel.ts'
import { exited, lost, type ConsoleBackend, type OpenConsole } from '../console-backend.ts'

export const openSshShell: OpenConsole<'ssh'> = async ({ core, connectionId, size, signal }) => {
  const connector = core.connectors.ssh(connectionId)
  const { settings } = core.sites.getConnection(connectionId)
  if (settings.kind !== 'ssh') throw new AppError('invalid-input', 'This is not an SSH connection.')
  // The signal ends the opening only; from then on the console's own `dispose` does.
  const opening = new AbortController()
  const giveUp = (): void => opening.abort()
  if (signal.aborted) giveUp()
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    const shell = await connector.shell({ size, signal: opening.signal, isInteractive: true })
    return sshBackend(shell, `${settings.user}@${settings.host}`)
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

function sshBackend(shell: SshChannel, place: string): ConsoleBackend {
  return {
    kind: 'terminal',
    place,
    output: shell.output as AsyncIterable<Uint8Array>,
    write: (bytes) =>
      new Promise((done, reject) => shell.input.write(bytes, (error) => (error ? reject(error) : done()))),
    resize: (size) => shell.resize(size),
    ended: shell.ended.then(tellExit, (error: unknown) => tellLoss(error, place)),
    dispose: () => shell.close(),
  }
}

const tellExit = ({ exitCode, signalName }: SshExit): ConsoleEnd =>
  exited(
    exitCode,
    signalName
      ? `The shell was ended by the signal ${signalName}.`
      : exitCode
        ? `The shell ended with exit code ${exitCode}.`
        : 'The shell has ended.',
  )

const tellLoss = (error: unknown, place: string): ConsoleEnd =>
  lost(
    new AppError('unreachable', `The SSH connection to ${place} was cut.`, {
      remedy: 'What ran in the shell may have ended with it; connect again to see.',
      detail: { kind: 'console', reason: 'cut' },
      cause: isAppError(error) ? error : undefined,
    }),
  )
