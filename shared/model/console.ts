// What a console can be opened on, and how such a target is named: in links, in tabs, and as the key under which its
// frame colour is kept. Read by the core, the page and every feature that offers a console.
import { z } from 'zod'
import { connectionId } from './connection.ts'

/** A cluster node's name, as Proxmox VE writes it. */
const nodeName = z.string().min(1).max(63).regex(/^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/)
const vmid = z.number().int().min(100).max(999_999_999)
const kubernetesName = z.string().min(1).max(253).regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/)

export const consoleTarget = z.discriminatedUnion('kind', [
  /** The graphic screen of a virtual machine. */
  z.object({ kind: z.literal('screen'), node: nodeName, vmid }),
  /** The serial port of a virtual machine. */
  z.object({ kind: z.literal('serial'), node: nodeName, vmid, port: z.enum(['serial0', 'serial1', 'serial2', 'serial3']) }),
  z.object({ kind: z.literal('container'), node: nodeName, vmid }),
  z.object({ kind: z.literal('node'), node: nodeName }),
  z.object({ kind: z.literal('ssh') }),
  /** Without `container` the pod's first one. */
  z.object({
    kind: z.literal('pod'),
    namespace: kubernetesName,
    pod: kubernetesName,
    container: kubernetesName.optional(),
  }),
])
export type ConsoleTarget = z.infer<typeof consoleTarget>
export type ConsoleTargetKind = ConsoleTarget['kind']

/** A target and the connection through which it is reached. `label` is what its tab says, e.g. the guest's name. */
export const consoleAddress = z.object({
  connectionId,
  target: consoleTarget,
  label: z.string().max(120).optional(),
})
export type ConsoleAddress = z.infer<typeof consoleAddress>

/** The same for the same target at every start; under it the frame colour is kept. */
export function consoleKey({ connectionId: id, target }: ConsoleAddress): string {
  switch (target.kind) {
    case 'screen':
    case 'container':
      return `${id}/guest/${target.vmid}`
    case 'serial':
      return `${id}/guest/${target.vmid}`
    case 'node':
      return `${id}/node/${target.node}`
    case 'ssh':
      return `${id}/ssh`
    case 'pod':
      return `${id}/pod/${target.namespace}/${target.pod}`
  }
}

/** How a target is called where no better label is known. */
export function consoleTitle({ target, label }: ConsoleAddress): string {
  if (label) return target.kind === 'serial' ? `${label} (${target.port})` : label
  switch (target.kind) {
    case 'screen':
    case 'container':
      return `Guest ${target.vmid}`
    case 'serial':
      return `Guest ${target.vmid} (${target.port})`
    case 'node':
      return target.node
    case 'ssh':
      return 'SSH'
    case 'pod':
      return target.pod
  }
}

/** What the channel of a window says when another window has taken its console. */
export const movedReason = 'The console was moved to another window.'
