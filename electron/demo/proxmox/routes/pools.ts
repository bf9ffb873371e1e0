// Resource pools of the demo cluster and their members.
import { ApiFault } from '../../api2/api-fault.ts'
import { choice, optional, requiring, text } from '../../api2/parameters.ts'
import { may, route, type PveCall } from '../call.ts'

function pool(call: PveCall, id: string, type: string | undefined) {
  const found = call.cluster.site.pools.find((it) => it.id === id)
  if (!found) throw new ApiFault(500, `pool '${id}' does not exist`)
  const members = call.cluster
    .guests()
    .filter((guest) => guest.pool === id && (type === undefined || type === 'qemu'))
    .map((guest) => ({
      id: `qemu/${guest.vmid}`,
      type: 'qemu',
      node: guest.node,
      vmid: guest.vmid,
      name: guest.name,
    }))
  return { poolid: id, comment: found.comment, members }
}

const memberType = choice('qemu', 'lxc', 'storage')

export const poolRoutes = [
  route('GET', '/pools', {
    needs: 'login',
    parameters: { poolid: optional(text()), type: optional(requiring('poolid', memberType)) },
    run(input, call) {
      if (input.poolid !== undefined) return [pool(call, input.poolid, input.type)]
      return call.cluster.site.pools
        .filter((it) => may(call, `/pool/${it.id}`, ['Pool.Audit']))
        .map((it) => ({ poolid: it.id, comment: it.comment }))
    },
  }),
  route('GET', '/pools/{poolid}', {
    needs: { path: '/pool/{poolid}', privileges: ['Pool.Audit'] },
    parameters: { type: optional(memberType) },
    run(input, call) {
      const { poolid: _poolid, ...rest } = pool(call, input.poolid, input.type)
      return rest
    },
  }),
]
