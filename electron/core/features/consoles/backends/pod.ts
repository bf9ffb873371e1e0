// A shell in a container of a pod. Which shell there is, is found by trying: bash, then sh. A shell that is not there
// ends at once without a word; one that is there has said something or stays.
import { AppError } from '#shared/errors.ts'
import { execInPod, isMissingProgram, noProgram, type PodExec, type PodExecEnd } from '../../../connectors/kubernetes/pod-exec.ts'
import { exited, lost, type ConsoleBackend, type OpenConsole } from '../console-backend.ts'

const shells = ['bash', 'sh']
/** A runtime says within this time that a program is not there; a shell that is silent for longer is taken as running. */
const probeMs = 4_000

export const openPodShell: OpenConsole<'pod'> = async ({ core, connectionId, target, size, signal }) => {
  const kubernetes = core.connectors.kubernetes(connectionId)
  const { namespace, pod, container } = target
  for (const shell of shells) {
    const exec = await execInPod(kubernetes, { namespace, pod, container, command: [shell], signal })
    exec.resize(size)
    const first = await firstSign(exec, signal)
    if ('end' in first && isMissingProgram(first.end)) {
      exec.close()
      continue
    }
    return podBackend(exec, first, `${namespace}${container ? ` · ${container}` : ''}`, pod)
  }
  throw noProgram(pod, shells)
}

interface Sign {
  /** The first output, already taken. */
  bytes?: Uint8Array
  reader: AsyncIterator<Uint8Array>
  /** A read that was begun and has not answered yet. */
  pending?: Promise<IteratorResult<Uint8Array>>
}

/** Waits until the program has said something, has ended, or has been silent long enough to be running. */
async function firstSign(exec: PodExec, signal: AbortSignal): Promise<Sign | (Sign & { end: PodExecEnd })> {
  const reader = exec.output[Symbol.asyncIterator]()
  const pending = reader.next()
  const { promise: late, resolve } = Promise.withResolvers<'late'>()
  const giveUp = (): void => resolve('late')
  const timer = setTimeout(giveUp, probeMs)
  signal.addEventListener('abort', giveUp, { once: true })
  const first = await Promise.race([pending, late])
  clearTimeout(timer)
  signal.removeEventListener('abort', giveUp)
  if (first === 'late') return { reader, pending }
  if (!first.done) return { reader, bytes: first.value }
  return { reader, end: await exec.ended }
}

function podBackend(exec: PodExec, first: Sign, place: string, pod: string): ConsoleBackend {
  async function* output(): AsyncGenerator<Uint8Array, void, void> {
    if (first.bytes) yield first.bytes
    if (first.pending) {
      const held = await first.pending
      if (held.done) return
      yield held.value
    }
    for (let next = await first.reader.next(); !next.done; next = await first.reader.next()) yield next.value
  }
  return {
    kind: 'terminal',
    place,
    output: output(),
    write: (bytes) => exec.write(bytes),
    resize: (size) => exec.resize(size),
    ended: exec.ended.then((end) => toConsoleEnd(end, pod)),
    dispose: () => exec.close(),
  }
}

function toConsoleEnd(end: PodExecEnd, pod: string) {
  if (end.how === 'exited') return exited(end.exitCode, exitWords(end.exitCode))
  if (end.how === 'failed')
    return lost(
      new AppError('upstream', `Kubernetes could not run the shell in ${pod}: ${end.reason}.`, {
        remedy: 'Look at the pod’s events; its container may have been restarted.',
        detail: { kind: 'console', reason: 'refused' },
      }),
    )
  return lost(
    new AppError(
      'unreachable',
      end.isSilent
        ? `The API server stopped answering while the shell in ${pod} was open.`
        : `The connection to the shell in ${pod} was cut.`,
      {
        remedy: 'What ran in the shell may have ended with it. The pod may have been removed, or the API server restarted.',
        detail: { kind: 'console', reason: 'cut' },
      },
    ),
  )
}

/** The shell's code in words: the signals that people meet have names. */
function exitWords(code: number): string {
  if (code === 0) return 'The shell has ended.'
  if (code === 137) return 'The shell was killed (exit code 137): the container was stopped or ran out of memory.'
  if (code === 143) return 'The shell was asked to stop (exit code 143): the container was stopped.'
  if (code === 130) return 'The shell ended after Ctrl-C (exit code 130).'
  return `The shell ended with exit code ${code}.`
}
