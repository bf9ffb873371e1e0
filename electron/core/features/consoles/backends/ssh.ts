// A login shell over SSH. The connection is this console's own and ends with it.
import type { ClientChannel } from 'ssh2'
import { AppError, cancelled } from '#shared/errors.ts'
import { openSsh, type OpenSsh } from '../../../connectors/ssh/ssh-connection.ts'
import { exited, lost, type ConsoleBackend, type OpenConsole } from '../console-backend.ts'

export const openSshShell: OpenConsole<'ssh'> = async ({ core, connectionId, size, signal }) => {
  const { settings, label } = core.sites.getConnection(connectionId)
  if (settings.kind !== 'ssh')
    throw new AppError('invalid-input', `${label} is not a connection of the kind ssh.`)
  const connection = await openSsh(settings, core.vault.lease(connectionId), { signal })
  try {
    const shell = await openShell(connection, size, signal)
    return sshBackend(connection, shell, `${settings.user}@${settings.host}`)
  } catch (error) {
    connection.dispose()
    throw error
  }
}

function openShell(
  { client }: OpenSsh,
  size: { columns: number; rows: number },
  signal: AbortSignal,
): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(cancelled())
    signal.addEventListener('abort', abort, { once: true })
    client.shell({ term: 'xterm-256color', cols: size.columns, rows: size.rows }, (error, channel) => {
      signal.removeEventListener('abort', abort)
      if (!error) return resolve(channel)
      reject(
        new AppError('forbidden', 'The SSH server gave no shell.', {
          remedy: 'Check the shell of this user, and “ForceCommand” and “PermitTTY” of the server.',
          detail: { kind: 'console', reason: 'no-shell' },
          cause: error,
        }),
      )
    })
  })
}

function sshBackend(connection: OpenSsh, shell: ClientChannel, place: string): ConsoleBackend {
  const { promise: ended, resolve } = Promise.withResolvers<Awaited<ConsoleBackend['ended']>>()
  shell.on('exit', (code: number | null, signalName?: string) =>
    resolve(
      exited(
        code,
        signalName
          ? `The shell was ended by the signal ${signalName}.`
          : code
            ? `The shell ended with exit code ${code}.`
            : 'The shell has ended.',
      ),
    ),
  )
  shell.on('close', () =>
    resolve(
      lost(
        new AppError('unreachable', `The SSH connection to ${place} was cut.`, {
          remedy: 'What ran in the shell may have ended with it; connect again to see.',
          detail: { kind: 'console', reason: 'cut' },
        }),
      ),
    ),
  )
  return {
    kind: 'terminal',
    place,
    output: shell,
    write: (bytes) =>
      new Promise((done, reject) => shell.write(bytes, (error) => (error ? reject(error) : done()))),
    resize: ({ columns, rows }) => shell.setWindow(rows, columns, 0, 0),
    ended,
    dispose: () => connection.dispose(),
  }
}
