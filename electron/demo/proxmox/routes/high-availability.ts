// /cluster/ha of the demo cluster: which guests are kept running where, and what the manager says about it.
import { ApiFault } from '../../api2/api-fault.ts'
import { choice, integer, optional, text } from '../../api2/parameters.ts'
import { hexDigits } from '../../world/guest-identity.ts'
import { route, type PveCall } from '../call.ts'
import type { HaResource } from '../cluster.ts'
import { isUp } from '../guest.ts'

const audit = { path: '/', privileges: ['Sys.Audit'] } as const
const digest = hexDigits('ha resources', 40)

const findResource = (call: PveCall, sid: string): HaResource => {
  const key = /^\d+$/.test(sid) ? `vm:${sid}` : sid
  const found = call.cluster.ha.get(key)
  if (!found) throw new ApiFault(500, `no such resource '${key}'`)
  return found
}

const resourceConfig = (resource: HaResource) => ({
  sid: resource.sid,
  type: 'vm',
  state: resource.state,
  max_restart: resource.maxRestart,
  max_relocate: resource.maxRelocate,
  ...(resource.group ? { group: resource.group } : {}),
  ...(resource.comment ? { comment: resource.comment } : {}),
  digest,
})

/** What the manager believes: behind the wish by as long as the guest takes. */
function serviceState(call: PveCall, resource: HaResource): string {
  const guest = call.cluster.findGuest(resource.vmid)
  if (resource.state === 'ignored') return 'ignored'
  if (resource.state === 'disabled') return 'disabled'
  if (!guest) return 'error'
  if (guest.lock === 'migrate') return 'migrate'
  if (resource.state === 'started') return isUp(guest) ? 'started' : 'starting'
  return isUp(guest) ? 'request_stop' : 'stopped'
}

function currentRows(call: PveCall) {
  const { cluster } = call
  const timestamp = Math.floor(call.nowMs / 1000)
  const master = cluster.nodes[2]?.name ?? cluster.localNode
  const active = new Set([...cluster.ha.values()].map((it) => cluster.findGuest(it.vmid)?.node))
  return [
    { id: 'quorum', type: 'quorum', node: cluster.localNode, quorate: 1, status: 'OK' },
    { id: 'master', type: 'master', node: master, status: `${master} (active)`, timestamp },
    ...cluster.nodes.map(({ name }) => ({
      id: `lrm:${name}`,
      type: 'lrm',
      node: name,
      status: `${name} (${active.has(name) ? 'active' : 'idle'})`,
      timestamp,
    })),
    ...[...cluster.ha.values()].map((resource) => {
      const state = serviceState(call, resource)
      const node = cluster.findGuest(resource.vmid)?.node ?? cluster.localNode
      return {
        id: `service:${resource.sid}`,
        type: 'service',
        sid: resource.sid,
        node,
        state,
        crm_state: state,
        request_state: resource.state,
        status: `${resource.sid} (${node}, ${state})`,
        max_restart: resource.maxRestart,
        max_relocate: resource.maxRelocate,
        ...(resource.group ? { group: resource.group } : {}),
      }
    }),
  ]
}

const groupRow = (group: PveCall['cluster']['site']['haGroups'][number]) => ({
  group: group.id,
  type: 'group',
  nodes: Object.entries(group.nodes)
    .map(([node, priority]) => `${node}:${priority}`)
    .join(','),
  restricted: group.restricted ? 1 : 0,
  nofailback: group.nofailback ? 1 : 0,
  digest,
})

export const highAvailabilityRoutes = [
  route('GET', '/cluster/ha/status/current', { needs: audit, run: (_input, call) => currentRows(call) }),
  route('GET', '/cluster/ha/status/manager_status', {
    needs: audit,
    run: (_input, call) => ({
      manager_status: {
        master_node: call.cluster.nodes[2]?.name ?? call.cluster.localNode,
        timestamp: Math.floor(call.nowMs / 1000),
        node_status: Object.fromEntries(call.cluster.nodes.map(({ name }) => [name, call.cluster.isLost(name) ? 'unknown' : 'online'])),
        service_status: Object.fromEntries(
          [...call.cluster.ha.values()].map((resource) => [
            resource.sid,
            { node: call.cluster.findGuest(resource.vmid)?.node ?? '', state: serviceState(call, resource) },
          ]),
        ),
      },
      quorum: { node: call.cluster.localNode, quorate: '1' },
    }),
  }),
  route('GET', '/cluster/ha/groups', {
    needs: audit,
    run: (_input, call) => call.cluster.site.haGroups.map(groupRow),
  }),
  route('GET', '/cluster/ha/groups/{group}', {
    needs: audit,
    run(input, call) {
      const group = call.cluster.site.haGroups.find((it) => it.id === input.group)
      if (!group) throw new ApiFault(500, `no such ha group '${input.group}'`)
      return groupRow(group)
    },
  }),
  route('GET', '/cluster/ha/resources', {
    needs: audit,
    parameters: { type: optional(choice('ct', 'vm')) },
    run: (input, call) => (input.type === 'ct' ? [] : [...call.cluster.ha.values()].map(resourceConfig)),
  }),
  route('GET', '/cluster/ha/resources/{sid}', {
    needs: audit,
    run: (input, call) => resourceConfig(findResource(call, input.sid)),
  }),
  route('PUT', '/cluster/ha/resources/{sid}', {
    needs: { path: '/', privileges: ['Sys.Console'] },
    parameters: {
      state: optional(choice('started', 'stopped', 'enabled', 'disabled', 'ignored')),
      group: optional(text()),
      comment: optional(text()),
      max_restart: optional(integer({ minimum: 0 })),
      max_relocate: optional(integer({ minimum: 0 })),
      delete: optional(text()),
      digest: optional(text()),
    },
    run(input, call) {
      const resource = findResource(call, input.sid)
      if (input.digest !== undefined && input.digest !== digest) {
        throw new ApiFault(500, 'detected modified configuration - file changed by other user? Try again.')
      }
      if (input.state)
        resource.state = input.state === 'enabled' ? 'started' : (input.state as HaResource['state'])
      if (input.group !== undefined) resource.group = input.group
      if (input.comment !== undefined) resource.comment = input.comment
      resource.maxRestart = input.max_restart ?? resource.maxRestart
      resource.maxRelocate = input.max_relocate ?? resource.maxRelocate
      return null
    },
  }),
]
