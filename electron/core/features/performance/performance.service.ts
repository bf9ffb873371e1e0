// How nodes, guests and storages have performed: read from the archives that Proxmox VE keeps, whenever a chart asks.
import { contract } from '#shared/contracts/index.ts'
import type { PerformanceTarget } from '#shared/contracts/performance.ts'
import { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { guestPath } from '../../connectors/proxmox/guest-requests.ts'
import { resourceRow } from '../../connectors/proxmox/proxmox-shapes.ts'
import { readPerformance } from '../../connectors/proxmox/read-performance.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'

export function createPerformanceFeature({ connectors, pipeline }: Pick<CoreServices, 'connectors' | 'pipeline'>) {
  const os = implementFeature(contract.performance, pipeline)
  const router = os.router({
    read: os.read.handler(async ({ input, signal }) => {
      const path = await pathOf(input.connectionId, input.target, signal)
      return readPerformance(connectors.proxmox(input.connectionId), path, { ...input, signal })
    }),
  })

  async function pathOf(connectionId: ConnectionId, target: PerformanceTarget, signal: AbortSignal | undefined): Promise<string> {
    if (target.kind === 'node') return `/nodes/${encodeURIComponent(target.node)}`
    if (target.kind === 'storage') return `/nodes/${encodeURIComponent(target.node)}/storage/${encodeURIComponent(target.storage)}`
    const rows = await connectors.proxmox(connectionId).rows(resourceRow, '/cluster/resources', signal, { type: 'vm' })
    const row = rows.find((item) => item.vmid === target.vmid)
    if (!row?.node || (row.type !== 'qemu' && row.type !== 'lxc'))
      throw new AppError('not-found', `The cluster knows no guest ${target.vmid}.`, { remedy: 'It may have been removed.' })
    return guestPath({ node: row.node, type: row.type, vmid: target.vmid })
  }

  return { router } satisfies Feature<typeof router>
}
