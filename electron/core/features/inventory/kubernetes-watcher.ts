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
  type KindSpec,
  type KubernetesKind,
  type ObjectOf,
} from '../../connectors/kubernetes/kubernetes-kinds.ts'
import { startReflector, type Reflector } from '../../connectors/kubernetes/reflector.ts'
import type { Look, Watcher, WatcherContext } from './observation.ts'
import {
  createKubernetesObserver,
  type KubernetesObjects,
  type KubernetesObserver,
} from './observe-kubernetes.ts'

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
export const createKubernetesWatcher = (context: WatcherContext, connector: KubernetesConnector): Watcher =>
  new KubernetesWatcher(context, connector)

class KubernetesWatcher implements Watcher {
  readonly lookTimeoutMs = 90_000
  private readonly context: WatcherContext
  private readonly connector: KubernetesConnector
  private readonly observer: KubernetesObserver
  private readonly closing = new AbortController()
  private reflectors: Reflectors | undefined
  private version = ''
  private timer: NodeJS.Timeout | undefined
  private isHealthy = false
  private hasChanged = true

  constructor(context: WatcherContext, connector: KubernetesConnector) {
    this.context = context
    this.connector = connector
    // Tools that make a kubeconfig often call every cluster the same.
    const isNameless = /^(default|kubernetes|local|cluster)$/i.test(connector.clusterName)
    const clusterName = isNameless ? context.connection.label : connector.clusterName
    this.observer = createKubernetesObserver({
      connectionId: context.connection.id,
      scope: context.claimScope('k8s', clusterName),
      clusterName,
      server: connector.server,
    })
  }

  async look({ signal }: { signal: AbortSignal }): Promise<Look> {
    try {
      this.version = await this.connector.version(signal)
      this.reflectors ??= this.start()
      const all = Object.values(this.reflectors) as Reflector<unknown>[]
      for (const reflector of all) reflector.retryNow()
      await Promise.all(all.map((reflector) => reflector.settled()))
      const failed = all.find((reflector) => reflector.problem && !reflector.isDenied)
      if (failed) throw failed.problem!
      this.refuseBlindness(this.reflectors)
      await this.show()
      this.isHealthy = true
      return { limits: limitsOf(this.reflectors), remedy: remedyFor(this.connector) }
    } catch (error) {
      this.isHealthy = false
      throw error
    }
  }

  dispose(): void {
    clearTimeout(this.timer)
    this.closing.abort()
    this.connector.dispose()
  }

  private start(): Reflectors {
    const onChange = (): void => {
      this.hasChanged = true
      this.scheduleShow()
    }
    const options = { signal: this.closing.signal, onChange }
    const begin = <K extends KubernetesKind>(name: K): Reflector<ObjectOf<K>> =>
      startReflector(this.connector, kubernetesKinds[name] as unknown as KindSpec<ObjectOf<K>>, options)
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
  private scheduleShow(): void {
    if (!this.isHealthy || this.timer || this.closing.signal.aborted) return
    this.timer = setTimeout(() => {
      this.timer = undefined
      if (!this.isHealthy) return
      this.show().catch((error: unknown) =>
        this.context.log.error('Showing a cluster failed', { fault: String(error) }),
      )
    }, gatherMs)
  }

  private async show(): Promise<void> {
    if (!this.reflectors || this.closing.signal.aborted) return
    if (!this.hasChanged && this.context.isShown()) return
    this.hasChanged = false
    const lists = Object.entries(this.reflectors).map(([name, { items }]) => [name, [...items.values()]])
    const objects = Object.fromEntries(lists) as KubernetesObjects
    await this.context.emit(await this.observer.observe(objects, this.version))
  }

  /** An identity that may list nothing at all sees an empty cluster, which would be a lie. */
  private refuseBlindness({ nodes, pods, namespaces }: Reflectors): void {
    if (!nodes.isDenied || !pods.isDenied || !namespaces.isDenied) return
    const who = this.connector.user || 'this identity'
    throw new AppError('forbidden', `Kubernetes lets ${who} list neither nodes nor pods.`, {
      remedy: remedyFor(this.connector),
    })
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
