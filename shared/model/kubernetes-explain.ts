// Why a pod does not run, in words: from its conditions, its containers' states, its claims and its events. Pure: what
// is not in the input is not guessed. The strongest reason comes first.
import { flagAt, listAt, numberAt, textAt, timeAt } from './kubernetes-fields.ts'
import type { Explanation } from './kubernetes.ts'
import { explainUnschedulable } from './kubernetes-scheduling.ts'
import { formatDuration } from './quantities.ts'

export interface ToldEvent {
  type: string
  reason: string
  message: string
  lastAtMs: number | null
}

export interface PodCase {
  pod: unknown
  /** The pod's own, newest first. */
  events: readonly ToldEvent[]
  /** Phase of each claim the pod uses; null = there is no such claim. Absent = not known. */
  claims?: Readonly<Record<string, string | null>>
  nowMs: number
}

const because = (what: string, remedy: string | null = null): Explanation => ({ what, remedy })

/** Empty when nothing keeps it from running. */
export function explainPod(podCase: PodCase): Explanation[] {
  const { pod, events } = podCase
  const phase = textAt(pod, 'status.phase')
  const found = [...explainEnding(podCase), ...explainEviction(pod)]
  if (phase === 'Succeeded') return found
  found.push(...explainClaims(podCase))
  const scheduled = listAt(pod, 'status.conditions').find((item) => textAt(item, 'type') === 'PodScheduled')
  if (phase !== 'Failed' && scheduled && textAt(scheduled, 'status') === 'False')
    return [...found, ...explainPlacing(pod, textAt(scheduled, 'reason'), textAt(scheduled, 'message'))]
  if (phase === 'Pending' && !textAt(pod, 'spec.nodeName') && !scheduled)
    found.push(
      because(
        'No scheduler has looked at this pod yet.',
        `If it stays so, check that the scheduler ${textAt(pod, 'spec.schedulerName') || 'default-scheduler'} runs.`,
      ),
    )
  for (const status of listAt(pod, 'status.initContainerStatuses'))
    found.push(...explainContainer(status, pod, `The init container ${textAt(status, 'name')}`, events))
  for (const status of listAt(pod, 'status.containerStatuses'))
    found.push(...explainContainer(status, pod, `The container ${textAt(status, 'name')}`, events))
  found.push(...explainStart(podCase))
  if (phase === 'Running' && found.length === 0) found.push(...explainUnready(podCase))
  return distinct(found)
}

function explainEnding({ pod, nowMs }: PodCase): Explanation[] {
  const askedAtMs = timeAt(pod, 'metadata.deletionTimestamp')
  if (askedAtMs === null) return []
  const finalizers = listAt(pod, 'metadata.finalizers')
  const lateMs = nowMs - askedAtMs
  if (finalizers.length > 0)
    return [
      because(
        `It is being deleted, and waits for ${finalizers.join(', ')} to let it go.`,
        'Find out what sets this finalizer and why it does not finish; removing it by hand skips that clean-up.',
      ),
    ]
  if (lateMs > 60_000)
    return [
      because(
        `It should have been gone ${formatDuration(lateMs)} ago, and its node has not confirmed the end.`,
        `Check whether the node ${textAt(pod, 'spec.nodeName')} is up: a node that is lost cannot confirm.`,
      ),
    ]
  return [because('It is being deleted: its containers are given time to end.')]
}

function explainEviction(pod: unknown): Explanation[] {
  const reason = textAt(pod, 'status.reason')
  const message = textAt(pod, 'status.message')
  const target = listAt(pod, 'status.conditions').find((item) => textAt(item, 'type') === 'DisruptionTarget')
  if (reason === 'Evicted')
    return [
      because(
        `Its node evicted it: ${sentence(message || 'the node ran short of a resource')}`,
        'Give it a request that covers what it uses, or free the resource on the node.',
      ),
    ]
  if (reason === 'DeadlineExceeded') return [because('It ran longer than its activeDeadlineSeconds allow, and was ended.', 'Raise the deadline or make the work smaller.')]
  if (reason === 'NodeLost' || reason === 'NodeShutdown' || reason === 'Terminated')
    return [because(`Its node went away: ${sentence(message || reason)}`)]
  if (target && textAt(target, 'status') === 'True' && textAt(target, 'reason') === 'PreemptionByScheduler')
    return [because('A pod of higher priority took its place.', 'Give it a priority class, or add capacity.')]
  if (target && textAt(target, 'status') === 'True' && textAt(target, 'reason') === 'EvictionByEvictionAPI')
    return [because('It was evicted on request, for example because its node is drained.')]
  if (/^(OutOf|NodeAffinity|UnexpectedAdmissionError|Preempting)/.test(reason))
    return [because(`The node refused it (${reason}): ${sentence(message)}`, 'Its controller will try again; free the resource it asks for.')]
  return []
}

function explainClaims({ claims }: PodCase): Explanation[] {
  return Object.entries(claims ?? {}).flatMap(([name, phase]) => {
    if (phase === null)
      return [because(`It needs the claim ${name}, which does not exist.`, `Create the persistent volume claim ${name} in its namespace.`)]
    if (phase === 'Bound') return []
    return [
      because(
        `It needs the claim ${name}, which is ${phase.toLowerCase()}.`,
        phase === 'Lost' ? 'Its volume is gone: restore it or make a new claim.' : 'Look at the claim: it says what keeps it from being bound.',
      ),
    ]
  })
}

function explainPlacing(pod: unknown, reason: string, message: string): Explanation[] {
  if (reason === 'SchedulingGated') {
    const gates = listAt(pod, 'spec.schedulingGates').map((item) => textAt(item, 'name'))
    return [because(`It is held back by ${gates.join(', ') || 'a scheduling gate'}.`, 'Whoever set the gate must remove it; a queue does so when there is room.')]
  }
  return explainUnschedulable(pod, message)
}

/** One container: why it waits, or how it ended. */
function explainContainer(status: unknown, pod: unknown, who: string, events: readonly ToldEvent[]): Explanation[] {
  const waiting = textAt(status, 'state.waiting.reason')
  const message = textAt(status, 'state.waiting.message')
  const ended = endOf(status, 'state.terminated')
  if (ended && (ended.exitCode !== 0 || ended.reason === 'OOMKilled'))
    return [because(`${who} ended: ${endWords(ended, status, pod)}`, endRemedy(ended))]
  switch (waiting) {
    case 'CrashLoopBackOff': {
      const last = endOf(status, 'lastState.terminated')
      const restarts = numberAt(status, 'restartCount') ?? 0
      const how = last ? endWords(last, status, pod) : 'how it ended is not known.'
      return [
        because(
          `${who} crashes again and again (${restarts} ${restarts === 1 ? 'restart' : 'restarts'}). Last time: ${how}`,
          last ? endRemedy(last) : 'Read the logs of its previous run.',
        ),
      ]
    }
    case 'ImagePullBackOff':
    case 'ErrImagePull':
    case 'ImageInspectError':
    case 'RegistryUnavailable':
      return [explainImage(status, who, `${message} ${events.find((event) => event.reason === 'Failed')?.message ?? ''}`)]
    case 'ErrImageNeverPull':
      return [because(`${who} may not pull its image (imagePullPolicy Never), and the node does not have it.`, 'Load the image onto the node or change the pull policy.')]
    case 'InvalidImageName':
      return [because(`${who} names an image that cannot be one: ${textAt(status, 'image') || message}.`, 'Correct the image of the container.')]
    case 'CreateContainerConfigError':
      return [because(`${who} cannot be made: ${sentence(message)}`, configRemedy(message))]
    case 'CreateContainerError':
    case 'RunContainerError':
    case 'PostStartHookError':
      return [because(`${who} could not be started: ${sentence(message || waiting)}`, startRemedy(message))]
    default:
      return []
  }
}

interface End {
  exitCode: number
  reason: string
  signal: number
}
function endOf(status: unknown, path: string): End | undefined {
  const exitCode = numberAt(status, `${path}.exitCode`)
  if (exitCode === undefined) return undefined
  return { exitCode, reason: textAt(status, `${path}.reason`), signal: numberAt(status, `${path}.signal`) ?? 0 }
}

function endWords(end: End, status: unknown, pod: unknown): string {
  if (end.reason === 'OOMKilled') {
    const spec = [...listAt(pod, 'spec.containers'), ...listAt(pod, 'spec.initContainers')].find(
      (item) => textAt(item, 'name') === textAt(status, 'name'),
    )
    const limit = textAt(spec, 'resources.limits.memory')
    return limit
      ? `the kernel killed it because it used more memory than its limit of ${limit} (OOMKilled).`
      : 'the kernel killed it because the node was out of memory (OOMKilled).'
  }
  if (end.reason === 'ContainerCannotRun') return 'its program could not be started.'
  if (end.reason === 'DeadlineExceeded') return 'its time was up.'
  const known: Record<number, string> = {
    0: 'it ended without an error (exit code 0), where it should go on running.',
    126: 'its command is not executable (exit code 126).',
    127: 'its command was not found in the image (exit code 127).',
    134: 'it aborted itself (exit code 134, SIGABRT).',
    137: 'it was killed (exit code 137, SIGKILL): out of memory, a failed liveness probe or an end that took too long.',
    139: 'it crashed with a segmentation fault (exit code 139).',
    143: 'it was asked to end (exit code 143, SIGTERM).',
  }
  return known[end.exitCode] ?? `its program failed with exit code ${end.exitCode}${end.reason && end.reason !== 'Error' ? ` (${end.reason})` : ''}.`
}

function endRemedy(end: End): string {
  if (end.reason === 'OOMKilled') return 'Raise its memory limit, or let it use less.'
  if (end.exitCode === 127 || end.exitCode === 126 || end.reason === 'ContainerCannotRun') return 'Check command and arguments against what is in the image.'
  if (end.exitCode === 0) return 'A deployment restarts what ends: use a job for work that is done once.'
  return 'Read the logs of its previous run: the last lines say why.'
}

function explainImage(status: unknown, who: string, message: string): Explanation {
  const image = textAt(status, 'image')
  const named = `${who} waits for its image ${image}`
  if (/not found|manifest unknown|does not exist/i.test(message) && !/no such host/i.test(message))
    return because(`${named}, which the registry does not have.`, 'Check name and tag of the image.')
  if (/unauthorized|denied|forbidden|authentication|403|401/i.test(message))
    return because(`${named}, which the registry does not give to it.`, 'Give the pod an imagePullSecret that may read this image, or check the name: private and absent ones look alike.')
  if (/no such host|timeout|i\/o|connection refused|network is unreachable|TLS handshake/i.test(message))
    return because(`${named}: the node cannot reach the registry.`, 'Check name resolution, proxy and firewall of the node.')
  if (/x509|certificate/i.test(message))
    return because(`${named}: the node does not trust the registry’s certificate.`, 'Give the node’s container runtime the certificate authority of the registry.')
  if (/toomanyrequests|rate limit|429/i.test(message))
    return because(`${named}: the registry limits how often images are pulled.`, 'Wait, log in at the registry, or use a mirror.')
  if (/no space left/i.test(message)) return because(`${named}: the node has no space left for it.`, 'Free space on the node’s disk.')
  return because(`${named}, which could not be pulled. ${sentence(message.trim())}`.trim(), 'Look at the events: they hold the registry’s answer.')
}

function configRemedy(message: string): string | null {
  const [, what, name] = /(configmap|secret) "([^"]+)" not found/i.exec(message) ?? []
  if (what) return `Create the ${what.toLowerCase() === 'secret' ? 'secret' : 'config map'} ${name} in its namespace, or correct the name.`
  if (/couldn't find key/i.test(message)) return 'Add the key, or correct the name of the key.'
  if (/runAsNonRoot/i.test(message)) return 'Let the image run as a user other than root, or set runAsUser.'
  return null
}
const startRemedy = (message: string): string | null =>
  /executable file not found|no such file/i.test(message)
    ? 'Check command and arguments against what is in the image.'
    : /permission denied/i.test(message)
      ? 'Make the command executable in the image.'
      : 'Look at the events for the runtime’s answer.'

/** Placed, but its containers do not come up: volumes and networks. */
function explainStart({ pod, events }: PodCase): Explanation[] {
  const isCreating = [...listAt(pod, 'status.initContainerStatuses'), ...listAt(pod, 'status.containerStatuses')].some((item) =>
    ['ContainerCreating', 'PodInitializing'].includes(textAt(item, 'state.waiting.reason')),
  )
  if (!isCreating) return []
  const mount = events.find((event) => event.reason === 'FailedMount' || event.reason === 'FailedAttachVolume')
  const missing = /(configmap|secret) "([^"]+)" not found/i.exec(mount?.message ?? '')
  if (missing) return [because(`It waits for a volume: the ${missing[1]!.toLowerCase()} ${missing[2]} does not exist.`, 'Create it in the same namespace, or correct the name.')]
  if (mount && /Multi-Attach/i.test(mount.message)) return [because('Its volume is still attached to another node.', 'It is freed when the old pod has gone; a lost node holds on to it until it is removed.')]
  if (mount) return [because(`A volume could not be mounted: ${sentence(mount.message)}`, 'Check the claim, its volume and the storage behind it.')]
  const sandbox = events.find((event) => event.reason === 'FailedCreatePodSandBox')
  if (sandbox) return [because(`Its network could not be set up: ${sentence(sandbox.message)}`, 'Check the network plug-in on its node.')]
  return []
}

function explainUnready({ pod, events, nowMs }: PodCase): Explanation[] {
  const statuses = listAt(pod, 'status.containerStatuses')
  const unready = statuses.filter((item) => !flagAt(item, 'ready') && textAt(item, 'state.running.startedAt') !== '')
  if (unready.length === 0) return []
  const names = unready.map((item) => textAt(item, 'name')).join(', ')
  const probe = events.find((event) => event.reason === 'Unhealthy' && (event.lastAtMs === null || nowMs - event.lastAtMs < 15 * 60_000))
  return [
    probe
      ? because(`It runs, but ${names} is not ready: ${sentence(probe.message)}`, 'Until its probe succeeds no service sends it requests.')
      : because(`It runs, but ${names} is not ready yet.`, null),
  ]
}

/** Ends with a full stop; long foreign text is cut. */
export function sentence(text: string): string {
  const short = text.trim().slice(0, 300)
  return /[.!?…]$/.test(short) || short === '' ? short : `${short}.`
}

export const distinct = (found: readonly Explanation[]): Explanation[] =>
  [...new Map(found.map((item) => [item.what, item])).values()]
