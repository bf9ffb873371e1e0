// Looks at a Proxmox VE cluster: the overview at every look, details of nodes and guests when they are new, changed
// or old, a bounded number at a time. The first look shows the overview at once and the details as they come.
import type { SettingsOf } from '#shared/model/connection.ts'
import { createProxmoxConnector, type ProxmoxConnector } from '../../connectors/proxmox/proxmox-connector.ts'
import { grantSentence } from '../../connectors/proxmox/proxmox-probe.ts'
import type { ClusterMember, ResourceRow } from '../../connectors/proxmox/proxmox-shapes.ts'
import { Limits } from './limits.ts'
import { ProxmoxDetails } from './proxmox-details.ts'
import type { Observation, Watcher, WatcherContext } from './observation.ts'
import { createProxmoxObserver } from './observe-proxmox.ts'
import type { ProxmoxView } from './proxmox-view.ts'

/** Details are read for at most this long in one look, so that the overview stays current on a huge cluster. */
const detailBudgetMs = 10_000

export function openProxmoxWatcher(context: WatcherContext, settings: SettingsOf<'proxmox'>): Watcher {
  const { connection, core } = context
  const now = core.platform.now
  const connector = createProxmoxConnector(settings, core.vault.lease(connection.id), {
    log: context.log,
    now,
  })
  return createProxmoxWatcher(context, connector)
}

/** The same over a given connector. */
export function createProxmoxWatcher(context: WatcherContext, connector: ProxmoxConnector): Watcher {
  const now = context.core.platform.now
  const limits = new Limits()
  const details = new ProxmoxDetails(connector, limits, now)
  const observer = createProxmoxObserver()
  let version: string | undefined
  let cluster: string | undefined
  let hasShown = false

  async function look({ signal, isForced }: { signal: AbortSignal; isForced: boolean }) {
    limits.clear()
    version ??= (await connector.version(signal)).version
    const [resources, members, tasks] = await Promise.all([
      connector.resources(signal),
      limits.allow('the state of the cluster', [], connector.clusterStatus(signal)),
      limits.allow('recent tasks', [], connector.tasks(signal)),
    ])
    cluster = clusterName(members, resources) ?? cluster ?? context.connection.label
    const scope = context.claimScope('pve', cluster)
    const show = async (isPartial: boolean): Promise<void> => {
      const view: ProxmoxView = {
        connectionId: context.connection.id,
        scope,
        cluster: cluster!,
        version,
        nowMs: now(),
        members,
        resources,
        tasks,
        known: context.known,
        ...details.slice(),
      }
      const observation: Observation = await observer.observe(view)
      await context.emit({ ...observation, isPartial })
    }
    details.plan(resources, tasks, isForced)
    if (!hasShown) await show(true)
    await details.read(AbortSignal.any([signal, AbortSignal.timeout(detailBudgetMs)]), signal)
    await show(!details.isComplete)
    hasShown = true
    if (resources.every((row) => row.type !== 'node')) limits.note('the nodes')
    return { limits: limits.sentences(), remedy: grantSentence(connector.identity) }
  }
  return { lookTimeoutMs: 90_000, look, dispose: () => connector.dispose() }
}

/** The cluster's name; a node that stands alone is its own cluster. */
function clusterName(
  members: readonly ClusterMember[],
  resources: readonly ResourceRow[],
): string | undefined {
  const head = members.find((member) => member.type === 'cluster')
  if (head) return head.name
  const nodes = resources.filter((row) => row.type === 'node')
  return nodes.length === 1 ? nodes[0]!.node : undefined
}
