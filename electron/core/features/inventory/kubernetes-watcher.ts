// Follows a Kubernetes cluster by watches; a look only makes sure that the server still answers and that nothing has
// fallen behind. Changes between two looks are shown within about a second.
import { AppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import {
  createKubernetesConnector,
  type KubernetesConnector,
} from '../../connectors/kubernetes/kubernetes-connector.ts'
import {
  kubernetesKinds,
  type KubernetesKind,
  type ObjectOf,
} from '../../connectors/kubernetes/kubernetes-kinds.ts'
import { startReflector, type Reflector } from '../../connectors/kubernetes/reflector.ts'
import type { Watcher, WatcherContext } from './observation.ts'
import { createKubernetesObserver, type KubernetesObjects } from './observe-kubernetes.ts'

/** Changes are gathered for this long before they are shown. */
const gatherMs = 750

export function openKubernetesWatcher(context: WatcherContext, settings: SettingsOf<'kubernetes'>): Watcher {
  const { connection, core } = context
  const connector = createKubernetesConnector(settings, core.vault.lease(connection.id), {
    log: context.log,
    now: core.platform.now,
  })
  return createKubernetesWatcher(context, connector)
}

type Reflectors = { [K in KubernetesKind]: Reflector<ObjectOf<K>> }

/** The same over a given connector. */
export function createKubernetesWatcher(context: WatcherContext, connector: KubernetesConnector): Watcher {
  const closing = new AbortController()
  let reflectors: Reflectors | undefined
  let version = ''
  let timer: NodeJS.Timeout | undefined
  let isHealthy = false
  let hasChanged = true
  const scope = context.claimScope('k8s', connector.clusterName)
  const observer = createKubernetesObserver({
    connectionId: context.connection.id,
    scope,
    clusterName: connector.clusterName,
    server: connector.server,
  })

  function start(): Reflectors {
    const onChange = (): void => {
      hasChanged = true
      scheduleShow()
    }
    const options = { signal: closing.signal, onChange }
    const begin = <K extends KubernetesKind>(name: K): Reflector<ObjectOf<K>> =>
      startReflector(
        connector,
        kubernetesKinds[name] as unknown as Parameters<typeof startReflector<ObjectOf<K>>>[1],
        options,
      )
    return {
      nodes: begin('nodes'),
      namespaces: begin('namespaces'),
      pods: begin('pods'),
      deployments: begin('deployments'),
      statefulSets: begin('statefulSets'),
      daemonSets: begin('daemonSets'),
      jobs: begin('jobs'),
      rayClusters: begin('rayClusters'),
      rayJobs: begin('rayJobs'),
      warnings: begin('warnings'),
    }
  }

  /** Between looks only a healthy cluster is shown: after a failure the next look says what is true. */
  function scheduleShow(): void {
    if (!isHealthy || timer || closing.signal.aborted) return
    timer = setTimeout(() => {
      timer = undefined
      if (isHealthy)
        void show().catch((error: unknown) =>
          context.log.error('Showing a cluster failed', { fault: String(error) }),
        )
    }, gatherMs)
  }

  async function show(): Promise<void> {
    if (!reflectors || closing.signal.aborted) return
    if (!hasChanged && context.isShown()) return
    hasChanged = false
    const objects: KubernetesObjects = Object.fromEntries(
      Object.entries(reflectors).map(([name, reflector]) => [name, [...reflector.items.values()]]),
    ) as unknown as KubernetesObjects
    await context.emit(await observer.observe(objects, version))
  }

  async function look({ signal }: { signal: AbortSignal }) {
    try {
      version = await connector.version(signal)
      reflectors ??= start()
      const all = Object.entries(reflectors)
      for (const [, reflector] of all) reflector.retryNow()
      await Promise.all(all.map(([, reflector]) => reflector.settled()))
      const failed = all.find(([, reflector]) => reflector.problem && !reflector.isDenied)
      if (failed) throw failed[1].problem!
      // An identity that may list nothing at all sees an empty cluster, which would be a lie.
      if (reflectors.nodes.isDenied && reflectors.pods.isDenied && reflectors.namespaces.isDenied)
        throw new AppError(
          'forbidden',
          `Kubernetes lets ${connector.user || 'this identity'} list neither nodes nor pods.`,
          { remedy: remedyFor(connector) },
        )
      await show()
      isHealthy = true
      return { limits: limitsOf(reflectors), remedy: remedyFor(connector) }
    } catch (error) {
      isHealthy = false
      throw error
    }
  }

  return {
    lookTimeoutMs: 90_000,
    look,
    dispose() {
      clearTimeout(timer)
      closing.abort()
      connector.dispose()
    },
  }
}

const remedyFor = (connector: KubernetesConnector): string =>
  `Let ${connector.user || 'this identity'} get, list and watch these kinds, for example with the ClusterRole "view" and one for nodes.`

function limitsOf(reflectors: Reflectors): string[] {
  const entries = Object.entries(reflectors) as Array<[KubernetesKind, Reflector<unknown>]>
  const denied = entries
    .filter(([, item]) => item.isDenied && item.problem?.code === 'forbidden')
    .map(([name]) => kubernetesKinds[name].plural)
  const narrowed = entries.find(([, item]) => item.onlyNamespace)?.[1].onlyNamespace
  return [
    ...(denied.length > 0 ? [`Not visible to this identity: ${denied.join(', ')}.`] : []),
    ...(narrowed ? [`Only the namespace ${narrowed} is visible to this identity.`] : []),
  ]
}
