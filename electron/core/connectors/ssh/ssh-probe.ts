// The SSH part of the connection test: host key and login, whether a command may be run, which server answered.
import { AppError, cancelled, isAppError } from '#shared/errors.ts'
import type { Probe, ProbeStep } from '../probe.ts'
import { openSsh, type OpenSsh } from './ssh-connection.ts'

const commandTimeoutMs = 10_000

export const probeSsh: Probe<'ssh'> = async function* (settings, secrets, { signal, openHop }) {
  let ssh: OpenSsh
  try {
    const socket = await openHop?.(signal)
    ssh = await openSsh(settings, secrets, { signal, socket })
  } catch (thrown) {
    const error = isAppError(thrown)
      ? thrown
      : new AppError('upstream', `The SSH login to ${settings.host} failed.`, { cause: thrown })
    yield { step: 'authentication', state: 'failed', finding: error.message, error }
    return
  }
  try {
    yield {
      step: 'authentication',
      state: 'passed',
      finding: `Logged in as ${settings.user}; the host key is ${ssh.hostKeySha256}.`,
    }
    const permission = await tryCommand(ssh, settings.user, signal)
    yield permission
    if (permission.state === 'failed') return
    yield {
      step: 'version',
      state: 'passed',
      finding: ssh.serverVersion ? `${ssh.serverVersion}.` : 'The server does not tell its version.',
    }
  } finally {
    ssh.dispose()
  }
}

/** Runs the one command that does nothing. */
async function tryCommand(ssh: OpenSsh, user: string, signal: AbortSignal): Promise<ProbeStep> {
  try {
    const code = await runTrue(ssh, signal)
    return {
      step: 'permission',
      state: 'passed',
      finding:
        code === 0
          ? `${user} may run commands.`
          : `${user} has a restricted shell: a command ended with ${code ?? 'no'} status.`,
    }
  } catch (thrown) {
    if (signal.aborted) throw cancelled()
    const finding = `${user} may log in but not run commands.`
    const error = new AppError('forbidden', finding, {
      remedy: 'Check the shell of that user and “ForceCommand” in the server’s configuration.',
      detail: { kind: 'ssh', stage: 'exec' },
      cause: thrown,
    })
    return { step: 'permission', state: 'failed', finding, error }
  }
}

function runTrue({ client }: OpenSsh, signal: AbortSignal): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error('no answer'))
    const timer = setTimeout(fail, commandTimeoutMs)
    signal.addEventListener('abort', fail, { once: true })
    client.once('close', fail)
    const settle = (finish: () => void): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', fail)
      client.off('close', fail)
      finish()
    }
    client.exec('true', (error, channel) => {
      if (error) return settle(() => reject(error))
      channel.on('exit', (code: number | null) => settle(() => resolve(code)))
      channel.on('close', () => settle(() => resolve(null)))
      channel.resume()
    })
  })
}
