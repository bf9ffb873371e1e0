// Which consoles a thing of the inventory has, and why one cannot be opened now. For the actions of entities, the
// picker, and search. Pure: it looks at what is known and asks nobody.
import type { ActionContext } from '#client/entity-actions.store.ts'
import { changeObstacle } from '#client/entity-actions.store.ts'
import type { ConsoleAddress, ConsoleTarget } from '#shared/model/console.ts'
import type { Entity } from '#shared/model/inventory.ts'

export interface ConsoleOffer {
  id: string
  title: string
  address: ConsoleAddress
  /** A sentence when it cannot be opened now. */
  obstacle: string | null
  /** The one that a double click would mean. */
  isMain: boolean
}

type Context = Pick<ActionContext, 'site' | 'sources'>

export function consoleOffers(entity: Entity, context: Context): ConsoleOffer[] {
  switch (entity.kind) {
    case 'guest':
      return guestOffers(entity, context)
    case 'node':
      return [offer(entity, context, { kind: 'node', node: entity.name }, 'Shell', entity.status === 'online' ? null : `${entity.name} is ${entity.status}.`)]
    case 'ssh-host':
      return [offer(entity, context, { kind: 'ssh' }, 'SSH shell')]
    case 'pod':
      return podOffers(entity, context)
    default:
      return []
  }
}

function guestOffers(entity: Entity, context: Context): ConsoleOffer[] {
  const { vmid, node, type, isTemplate, serialPorts } = entity.facts
  if (typeof vmid !== 'number' || typeof node !== 'string' || isTemplate === true) return []
  const obstacle = /^(running|paused|suspended)$/.test(entity.status.split(' ')[0] ?? '') || entity.health === 'ok'
    ? null
    : `${entity.name} is not running.`
  if (type === 'lxc') return [offer(entity, context, { kind: 'container', node, vmid }, 'Console', obstacle)]
  const ports = Array.isArray(serialPorts) ? serialPorts : []
  return [
    offer(entity, context, { kind: 'screen', node, vmid }, 'Screen', obstacle),
    ...serialTargets(node, vmid, ports).map((target) => ({
      ...offer(entity, context, target, ports.length > 1 ? `Serial console (${target.port})` : 'Serial console', obstacle),
      isMain: false,
    })),
  ]
}

type SerialTarget = Extract<ConsoleTarget, { kind: 'serial' }>

const serialTargets = (node: string, vmid: number, ports: readonly string[]): SerialTarget[] =>
  (['serial0', 'serial1', 'serial2', 'serial3'] as const).flatMap((port) =>
    ports.includes(port) ? [{ kind: 'serial' as const, node, vmid, port }] : [],
  )

function podOffers(entity: Entity, context: Context): ConsoleOffer[] {
  const { namespace, containers } = entity.facts
  if (typeof namespace !== 'string') return []
  const names = Array.isArray(containers) ? containers : []
  const obstacle = entity.status.startsWith('Running') || entity.health === 'ok' ? null : `${entity.name} is not running: ${entity.status}.`
  const base = { kind: 'pod' as const, namespace, pod: entity.name }
  if (names.length < 2) return [offer(entity, context, base, 'Shell', obstacle)]
  return names.map((container, index) => ({
    ...offer(entity, context, { ...base, container }, `Shell in ${container}`, obstacle),
    id: `console-pod-${container}`,
    isMain: index === 0,
  }))
}

function offer(entity: Entity, context: Context, target: ConsoleTarget, title: string, obstacle: string | null = null): ConsoleOffer {
  const address: ConsoleAddress = { connectionId: entity.connectionId, target, label: entity.name.slice(0, 120) }
  // A screen of a read-only site may be looked at: the core lets nothing through that could change it.
  const site = target.kind === 'screen' ? null : context.site
  return {
    id: `console-${target.kind}`,
    title,
    address,
    obstacle: changeObstacle(entity, { site, sources: context.sources }) ?? obstacle,
    isMain: true,
  }
}
