// A host over SSH as an audited system: fixed commands of the checks, run as the connection's account. A command that
// sudo refuses is a thing that could not be looked at, not an empty answer.
import { AppError } from '#shared/errors.ts'
import type { Connection, SettingsOf } from '#shared/model/connection.ts'
import type { CoreServices } from '../../../core-services.ts'
import type { AuditedSystem, CommandAnswer, LookOptions } from './system.ts'

const refusedBySudo =
  /sudo: (a password is required|a terminal is required|.*not allowed to execute)|is not in the sudoers file|Sorry, user .* is not allowed to execute/i
const deniedByKernel = /(Permission denied|Operation not permitted|must be root|You must be root|Access denied)/i
const missingProgram = /: (command )?not found/i
const firstLine = (text: string): string => text.trim().split('\n')[0]!.slice(0, 300)
/** Directories that tell what a host is used for. */
const roleFolders: Record<string, string> = {
  '/etc/pve': 'hypervisor',
  '/etc/rancher': 'kubernetes',
  '/var/lib/kubelet': 'kubernetes',
  '/var/lib/docker': 'containers',
  '/var/lib/containers': 'containers',
}

export function hostSystem(
  core: Pick<CoreServices, 'connectors'>,
  connection: Connection & { settings: SettingsOf<'ssh'> },
): AuditedSystem {
  const { id, label, settings } = connection
  const once = new Map<string, Promise<string>>()

  async function run(command: string, { signal, timeoutMs, failureIsAnswer }: LookOptions & { failureIsAnswer: boolean }): Promise<CommandAnswer> {
    const result = await core.connectors.ssh(id).exec(command, { signal, timeoutMs })
    const complaint = refusedBySudo.exec(result.stderr)?.[0]
    if (complaint !== undefined)
      throw new AppError('forbidden', `${label} refuses the audit command: ${complaint}.`, {
        remedy: `Allow ${settings.user} exactly this command in sudoers: ${command}`,
      })
    const denied = deniedByKernel.exec(result.stderr)
    if (denied)
      throw new AppError('forbidden', `${label} does not let ${settings.user} look: ${firstLine(result.stderr)}`, {
        remedy: 'Give the audit account the right to run this command.',
      })
    const isEmptyFailure = result.exitCode !== 0 && result.stdout.trim() === '' && result.stderr.trim() !== ''
    if (!failureIsAnswer && (isEmptyFailure || missingProgram.test(result.stderr)))
      throw new AppError('unsupported', `${label} could not run the command: ${firstLine(result.stderr)}`, {
        remedy: 'Install what the command needs, or accept that this check cannot look here.',
      })
    if (result.isTruncated)
      throw new AppError('upstream', `The answer of ${label} was longer than can be judged.`, {
        remedy: 'Narrow what the command prints, for example by removing the files it lists.',
      })
    return { out: result.stdout, err: result.stderr, code: result.exitCode ?? -1 }
  }
  const ask = (command: string, options: LookOptions): Promise<string> => {
    const known = once.get(command)
    if (known) return known
    const asked = run(command, { ...options, failureIsAnswer: true }).then(({ out }) => out)
    once.set(command, asked)
    asked.catch(() => once.delete(command))
    return asked
  }
  return {
    targetId: id,
    label,
    kind: 'ssh',
    connectionId: id,
    identity: settings.user,
    parallel: 4,
    facts: { label, host: settings.host },
    run,
    hostname: async (options) => (await ask('hostname', options)).trim(),
    roles: async (options) => {
      const found = await ask(`ls -d ${Object.keys(roleFolders).join(' ')} 2>/dev/null`, options)
      return [...new Set(found.split('\n').flatMap((line) => roleFolders[line.trim()] ?? []))]
    },
  }
}
