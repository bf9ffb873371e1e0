// /cluster and /version of the demo cluster: the overview of resources, membership, recent tasks, options, log.
import { ApiFault } from '../../api2/api-fault.ts'
import { choice, integer, optional, text } from '../../api2/parameters.ts'
import type { DemoTask } from '../../api2/tasks.ts'
import type { DemoStorage } from '../../world/site.ts'
import { may, route, type PveCall } from '../call.ts'
import { haOf } from '../cluster.ts'
import {
  guestCounters,
  guestLoad,
  momentOf,
  nodeLoad,
  nodeMemoryBytes,
  nodeRootBytes,
  storageUse,
  uptimeSeconds,
} from '../figures.ts'
import { statusWord, type Guest } from '../guest.ts'
import { clusterTaskRow } from '../pve-tasks.ts'

const managementAddress = (call: PveCall, node: string): string =>
  call.cluster
    .node(node)
    .addresses.find((it) => it.network === 'management')
    ?.cidr.split('/')[0] ?? ''

function nodeRows(call: PveCall) {
  const { cluster, nowMs } = call
  return cluster.nodes
    .filter((node) => may(call, `/nodes/${node.name}`, ['Sys.Audit']))
    .map((node) => {
      const sizes = { maxcpu: node.threads, maxmem: nodeMemoryBytes(node), maxdisk: nodeRootBytes }
      const common = { id: `node/${node.name}`, type: 'node', node: node.name, level: '' }
      if (cluster.isLost(node.name)) return { ...common, ...sizes, status: 'offline' }
      const load = nodeLoad(cluster, node, momentOf(nowMs))
      return {
        ...common,
        ...sizes,
        status: 'online',
        cpu: load.cpu,
        mem: load.memBytes,
        disk: load.rootUsedBytes,
        uptime: Math.floor((nowMs - cluster.bootMsOf(node.name)) / 1000),
        'cgroup-mode': 2,
      }
    })
}

function guestRow(call: PveCall, guest: Guest) {
  const load = guestLoad(guest, momentOf(call.nowMs))
  const ha = haOf(call.cluster, guest.vmid)
  const known = {
    id: `${guest.type}/${guest.vmid}`,
    type: guest.type,
    vmid: guest.vmid,
    name: guest.name,
    node: guest.node,
    ...(guest.tags.length > 0 ? { tags: guest.tags.join(';') } : {}),
    ...(guest.pool ? { pool: guest.pool } : {}),
    ...(guest.lock ? { lock: guest.lock } : {}),
    ...(ha ? { hastate: ha.state } : {}),
  }
  // Nobody broadcasts for a node that is gone.
  if (call.cluster.isLost(guest.node)) return { ...known, status: 'unknown' }
  return {
    ...known,
    status: guest.state === 'paused' ? 'paused' : statusWord(guest),
    template: guest.isTemplate ? 1 : 0,
    cpu: load.cpu,
    maxcpu: guest.vcpu,
    mem: load.memBytes,
    maxmem: guest.memoryBytes,
    disk: 0,
    maxdisk: guest.disks[0]?.sizeBytes ?? 0,
    ...guestCounters(guest, call.nowMs),
    uptime: uptimeSeconds(guest, call.nowMs),
  }
}

function storageRow(call: PveCall, node: string, storage: DemoStorage) {
  const use = storageUse(call.cluster, storage, node, call.nowMs)
  return {
    id: `storage/${node}/${storage.id}`,
    type: 'storage',
    storage: storage.id,
    node,
    plugintype: storage.type,
    status: call.cluster.isLost(node) ? 'unknown' : 'available',
    shared: storage.shared ? 1 : 0,
    content: storage.content.join(','),
    disk: use.usedBytes,
    maxdisk: use.totalBytes,
  }
}

function resources(call: PveCall, kind: string | undefined) {
  const { cluster } = call
  const isWanted = (...kinds: string[]) => kind === undefined || kinds.includes(kind)
  const rows: Record<string, unknown>[] = []
  if (isWanted('pool')) {
    const pools = cluster.site.pools.filter((pool) => may(call, `/pool/${pool.id}`, ['Pool.Audit']))
    rows.push(...pools.map((pool) => ({ id: `/pool/${pool.id}`, type: 'pool', pool: pool.id })))
  }
  if (isWanted('vm')) {
    const visible = cluster.guests().filter((guest) => may(call, `/vms/${guest.vmid}`, ['VM.Audit']))
    rows.push(...visible.map((guest) => guestRow(call, guest)))
  }
  if (isWanted('node')) rows.push(...nodeRows(call))
  if (isWanted('storage')) {
    for (const { name } of cluster.nodes) {
      const visible = cluster
        .storagesOn(name)
        .filter((it) => may(call, `/storage/${it.id}`, ['Datastore.Audit']))
      rows.push(...visible.map((storage) => storageRow(call, name, storage)))
    }
  }
  if (isWanted('sdn') && may(call, '/sdn/zones/localnetwork', ['SDN.Audit'])) {
    rows.push(
      ...cluster.nodes.map(({ name }) => ({
        id: `sdn/${name}/localnetwork`,
        type: 'sdn',
        sdn: 'localnetwork',
        node: name,
        status: 'ok',
      })),
    )
  }
  return rows
}

/** A caller sees own tasks, and all of a node with Sys.Audit on it. */
export const isVisible = (call: PveCall, task: DemoTask): boolean =>
  task.owner.split('!')[0] === call.caller?.userId || may(call, `/nodes/${task.node}`, ['Sys.Audit'])

/** The recent ones: everything that runs, and the last finished of each node. */
function recentTasks(call: PveCall) {
  const perNode = new Map<string, number>()
  return call.cluster.tasks
    .list()
    .filter((task) => isVisible(call, task))
    .filter((task) => {
      if (task.endMs === undefined) return true
      const count = (perNode.get(task.node) ?? 0) + 1
      perNode.set(task.node, count)
      return count <= 25
    })
    .map(clusterTaskRow)
}

function logEntries(call: PveCall, max: number) {
  return call.cluster.tasks
    .list()
    .filter((task) => isVisible(call, task))
    .slice(0, max)
    .map((task, index) => ({
      uid: index + 1,
      time: Math.floor((task.endMs ?? task.startMs) / 1000),
      node: task.node,
      pid: task.pid,
      pri: task.exitStatus === undefined || task.exitStatus === 'OK' ? 6 : 3,
      tag: 'pvedaemon',
      user: task.owner,
      msg:
        task.endMs === undefined
          ? `starting task ${task.upid}`
          : `end task ${task.upid} ${task.exitStatus ?? ''}`,
    }))
}

const versionOf = (call: PveCall) => ({
  release: call.cluster.site.site.pveVersion.split('.').slice(0, 2).join('.'),
  version: call.cluster.site.site.pveVersion,
  repoid: '2a5fa54a8503f96d',
})

export const clusterRoutes = [
  route('GET', '/version', {
    needs: 'login',
    run: (_input, call) => ({ ...versionOf(call), console: 'html5' }),
  }),
  route('GET', '/nodes/{node}/version', {
    needs: 'login',
    run(input, call) {
      call.cluster.node(input.node)
      return versionOf(call)
    },
  }),
  route('GET', '/cluster', {
    needs: 'login',
    run: () =>
      [
        'backup',
        'backup-info',
        'config',
        'ha',
        'log',
        'mapping',
        'nextid',
        'options',
        'replication',
        'resources',
        'status',
        'tasks',
      ].map((name) => ({ name })),
  }),
  route('GET', '/cluster/resources', {
    needs: 'login',
    parameters: { type: optional(choice('vm', 'storage', 'node', 'sdn')) },
    run: (input, call) => resources(call, input.type),
  }),
  route('GET', '/cluster/status', {
    needs: { path: '/', privileges: ['Sys.Audit'] },
    run: (_input, call) => [
      {
        id: 'cluster',
        type: 'cluster',
        name: call.cluster.site.site.cluster,
        nodes: call.cluster.nodes.length,
        quorate: 1,
        version: call.cluster.nodes.length,
      },
      ...call.cluster.nodes.map((node) => ({
        id: `node/${node.name}`,
        type: 'node',
        name: node.name,
        nodeid: node.corosync.nodeid,
        ip: managementAddress(call, node.name),
        online: call.cluster.isLost(node.name) ? 0 : 1,
        local: node.name === call.cluster.localNode ? 1 : 0,
        level: '',
      })),
    ],
  }),
  route('GET', '/cluster/tasks', { needs: 'login', run: (_input, call) => recentTasks(call) }),
  route('GET', '/cluster/log', {
    needs: 'login',
    parameters: { max: optional(integer({ minimum: 1 })) },
    run: (input, call) => logEntries(call, input.max ?? 50),
  }),
  route('GET', '/cluster/nextid', {
    needs: 'login',
    parameters: { vmid: optional(integer({ minimum: 100, maximum: 999_999_999 })) },
    run(input, call) {
      const taken = new Set(call.cluster.guests().map((guest) => guest.vmid))
      if (input.vmid !== undefined) {
        if (!taken.has(input.vmid)) return String(input.vmid)
        throw new ApiFault(400, 'Parameter verification failed.', { vmid: `VM ${input.vmid} already exists` })
      }
      let free = 100
      while (taken.has(free)) free += 1
      return String(free)
    },
  }),
  route('GET', '/cluster/options', {
    needs: { path: '/', privileges: ['Sys.Audit'] },
    run: () => ({
      keyboard: 'en-us',
      migration: { network: '10.25.60.0/24', type: 'secure' },
      'tag-style': { ordering: 'alphabetical' },
      digest: '8a1e0f6b3c5d7a9e2b4c6d8f0a1b3c5d7e9f0a2b',
    }),
  }),
  route('GET', '/cluster/replication', { needs: 'login', run: () => [] }),
  route('GET', '/cluster/config/nodes', {
    needs: { path: '/', privileges: ['Sys.Audit'] },
    run: (_input, call) =>
      call.cluster.nodes.map((node) => ({
        node: node.name,
        name: node.name,
        nodeid: String(node.corosync.nodeid),
        quorum_votes: String(node.corosync.votes),
        ring0_addr: managementAddress(call, node.name),
      })),
  }),
  route('GET', '/cluster/config/join', {
    needs: { path: '/', privileges: ['Sys.Audit'] },
    parameters: { node: optional(text()) },
    run: (input, call) => ({
      config_digest: 'c9f1b7d3e5a2084660f8a1d3b5c7e9f20416283a',
      preferred_node: input.node ?? call.cluster.localNode,
      totem: {
        cluster_name: call.cluster.site.site.cluster,
        config_version: '7',
        secauth: 'on',
        version: '2',
      },
      nodelist: call.cluster.nodes.map((node) => ({
        name: node.name,
        nodeid: String(node.corosync.nodeid),
        pve_addr: managementAddress(call, node.name),
        // One listener stands for all nodes here, so all of them show its certificate.
        pve_fp: call.fingerprint256,
        quorum_votes: String(node.corosync.votes),
        ring0_addr: managementAddress(call, node.name),
      })),
    }),
  }),
]

/** Also the rows of `GET /nodes`. */
export const nodeOverview = (call: PveCall) =>
  call.cluster.nodes.map((node) => {
    const load = nodeLoad(call.cluster, node, momentOf(call.nowMs))
    const isAuditor = may(call, `/nodes/${node.name}`, ['Sys.Audit'])
    return {
      id: `node/${node.name}`,
      type: 'node',
      node: node.name,
      status: call.cluster.isLost(node.name) ? 'offline' : 'online',
      level: '',
      ssl_fingerprint: call.fingerprint256,
      ...(isAuditor && !call.cluster.isLost(node.name)
        ? {
            cpu: load.cpu,
            maxcpu: node.threads,
            mem: load.memBytes,
            maxmem: nodeMemoryBytes(node),
            disk: load.rootUsedBytes,
            maxdisk: nodeRootBytes,
            uptime: Math.floor((call.nowMs - call.cluster.bootMsOf(node.name)) / 1000),
          }
        : {}),
    }
  })
