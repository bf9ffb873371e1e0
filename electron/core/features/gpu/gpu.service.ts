// The GPUs of SSH hosts: one poller per host, shared by all windows; their history; and ending a process, once it is
// still the one that was shown.
import { contract } from '#shared/contracts/index.ts'
import { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { SshConnector } from '../../connectors/ssh/ssh-connector.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import { createGpuStore } from '../../storage/gpu-store.ts'
import { createGpuPoller, type GpuPoller } from './gpu-poller.ts'

type GpuCore = Pick<CoreServices, 'connectors' | 'sites' | 'pipeline' | 'database' | 'platform'>

export function createGpuFeature(core: GpuCore) {
  const { connectors, sites, platform } = core
  const store = createGpuStore(core.database)
  const pollers = new Map<ConnectionId, GpuPoller>()
  const pollerOf = (connectionId: ConnectionId): GpuPoller => {
    const found = pollers.get(connectionId)
    if (found) return found
    const { label } = sites.getConnection(connectionId)
    const connector = (): SshConnector => connectors.ssh(connectionId)
    const made = createGpuPoller({ connectionId, host: label, connector, store, now: platform.now })
    pollers.set(connectionId, made)
    return made
  }

  const os = implementFeature(contract.gpu, core.pipeline)
  const router = os.router({
    watch: os.watch.handler(({ input, signal, context }) =>
      pollerOf(input.connectionId).watch(signal ?? context.peer.signal),
    ),
    history: os.history.handler(({ input }) => {
      const nowMs = platform.now()
      return store.read(input.connectionId, nowMs - input.spanMs, nowMs)
    }),
    endProcess: os.endProcess.handler(async ({ input, signal, context }) => {
      const { connectionId, pid, name, isForced, confirmation } = input
      if (confirmation !== String(pid))
        throw new AppError('invalid-input', `Type the process id, ${pid}, to end it.`, {
          detail: { kind: 'confirmation', expected: String(pid) },
        })
      const { label } = sites.getConnection(connectionId)
      context.audit?.describe(`${isForced ? 'Kill' : 'End'} process ${pid} (${name.slice(0, 200)}) on ${label}`)
      return endProcess(connectors.ssh(connectionId), { pid, name, isForced, host: label }, signal)
    }),
  })
  const dispose = (): void => {
    for (const poller of pollers.values()) poller.dispose()
  }
  return { router, dispose } satisfies Feature<typeof router>
}

interface Ending {
  pid: number
  name: string
  isForced: boolean
  host: string
}

async function endProcess(
  ssh: Pick<SshConnector, 'run'>,
  { pid, name, isForced, host }: Ending,
  signal: AbortSignal | undefined,
): Promise<{ isEnded: boolean }> {
  const argsOf = async (): Promise<string> =>
    (await ssh.run(['ps', '-o', 'args=', '-p', String(pid)], { signal, isInteractive: true })).stdout.trim()
  const running = await argsOf()
  if (running === '')
    throw new AppError('not-found', `Process ${pid} is not running on ${host} any more.`, { remedy: 'The list shows what runs now.' })
  if (!isSameProgram(running, name))
    throw new AppError('conflict', `Process ${pid} on ${host} is another one now: ${running.slice(0, 120)}`, {
      remedy: 'Process ids are used again. Look at the list and choose anew.',
    })
  const sent = await ssh.run(['kill', '-s', isForced ? 'KILL' : 'TERM', String(pid)], { signal })
  if (sent.exitCode !== 0) {
    const isRefused = /not permitted/i.test(sent.stderr)
    throw new AppError(isRefused ? 'forbidden' : 'upstream', `${host} did not end process ${pid}: ${sent.stderr.trim().slice(0, 200)}`, {
      remedy: isRefused ? 'It belongs to another account. Its owner or root can end it.' : 'Look at it in the terminal.',
    })
  }
  return { isEnded: (await argsOf()) === '' }
}

/** nvidia-smi tells the program, ps the whole line; either may be shortened. */
const isSameProgram = (line: string, name: string): boolean => {
  const program = (text: string): string => text.split(/\s+/)[0]?.split('/').at(-1) ?? ''
  return line.includes(name) || program(line) === program(name)
}
