// The connection test's questions to Kubernetes: whom the server takes us for, what of the inventory this identity
// may list, and whether the version is one that Meridian knows.
import { AppError, isAppError } from '#shared/errors.ts'
import type { Probe, ProbeStep } from '../probe.ts'
import { createKubernetesConnector, type KubernetesConnector } from './kubernetes-connector.ts'
import { kubernetesKinds, type KubernetesKind } from './kubernetes-kinds.ts'

const oldestMinor = 28
const newestKnownMinor = 35
const neededKinds: readonly KubernetesKind[] = [
  'nodes',
  'namespaces',
  'pods',
  'deployments',
  'statefulSets',
  'daemonSets',
  'jobs',
]

export const probeKubernetes: Probe<'kubernetes'> = async function* (settings, secrets, { signal, log }) {
  let connector: KubernetesConnector | undefined
  try {
    connector = createKubernetesConnector(settings, secrets, { log, now: Date.now })
    yield* probeSteps(connector, signal)
  } catch (thrown) {
    yield failed('authentication', thrown)
  } finally {
    connector?.dispose()
  }
}

type ProbeSlice = Pick<
  KubernetesConnector,
  'version' | 'whoAmI' | 'mayList' | 'namespace' | 'user' | 'clusterName'
>

async function* probeSteps(connector: ProbeSlice, signal: AbortSignal): AsyncGenerator<ProbeStep> {
  let version: string
  let identity: string
  try {
    version = await connector.version(signal)
    identity = (await connector.whoAmI(signal)) ?? connector.user
  } catch (thrown) {
    return yield failed('authentication', thrown)
  }
  if (identity === 'system:anonymous')
    return yield failed(
      'authentication',
      new AppError('unauthenticated', `Kubernetes takes this connection for an unknown user (${identity}).`, {
        remedy: 'The credentials of the kubeconfig were not accepted: fetch a new one.',
      }),
    )
  yield {
    step: 'authentication',
    state: 'passed',
    finding: `Logged in to ${connector.clusterName} as ${identity}.`,
  }
  try {
    const rights = await checkRights(connector, identity, signal)
    yield rights
    if (rights.state === 'failed') return
  } catch (thrown) {
    return yield failed('permission', thrown)
  }
  yield judgeKubernetesVersion(version)
}

async function checkRights(connector: ProbeSlice, identity: string, signal: AbortSignal): Promise<ProbeStep> {
  const ask = (namespace: string | undefined) =>
    Promise.all(neededKinds.map((name) => connector.mayList(kubernetesKinds[name], namespace, signal)))
  const allowed = await ask(undefined)
  const missing = neededKinds.filter((_, at) => !allowed[at])
  if (missing.length === 0)
    return {
      step: 'permission',
      state: 'passed',
      finding: 'May list nodes, pods and workloads of all namespaces.',
    }
  const remedy = `Let ${identity} read the cluster, for example: kubectl create clusterrolebinding meridian-view --clusterrole=view --user=${identity}, and a ClusterRole that may get, list and watch nodes.`
  const { namespace } = connector
  const within = namespace ? await ask(namespace) : []
  const seen = neededKinds.filter(
    (name, at) => !missing.includes(name) || (kubernetesKinds[name].isNamespaced && within[at]),
  )
  const unseen = missing.map((name) => kubernetesKinds[name].plural).join(', ')
  const finding = `${identity} may not list ${unseen} in the whole cluster${namespace && within.some(Boolean) ? `; only the namespace ${namespace} will be shown` : ''}. ${remedy}`
  if (seen.length > 0) return { step: 'permission', state: 'passed', finding }
  return {
    step: 'permission',
    state: 'failed',
    finding,
    error: new AppError('forbidden', `${identity} may list nothing that the inventory needs.`, { remedy }),
  }
}

/** Pure: `v1.32.5+rke2r1` → what to say about it. */
export function judgeKubernetesVersion(version: string): ProbeStep {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  const isKnown = Number(major) === 1 && Number(minor) >= oldestMinor && Number(minor) <= newestKnownMinor
  const finding = isKnown
    ? `Kubernetes ${version}.`
    : `Kubernetes ${version} is not a version that Meridian was made for (1.${oldestMinor} to 1.${newestKnownMinor}): some things may be missing.`
  return { step: 'version', state: 'passed', finding }
}

function failed(step: ProbeStep['step'], thrown: unknown): ProbeStep {
  const error = isAppError(thrown)
    ? thrown
    : new AppError('internal', 'Meridian could not read the answer of Kubernetes.', { cause: thrown })
  return { step, state: 'failed', finding: error.message, error }
}
