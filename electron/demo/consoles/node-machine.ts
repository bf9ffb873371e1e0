// A node of the demo cluster as its own root shell sees it.
import type { Machine } from '../ssh/shell/machine.ts'
import { MemoryFiles } from '../ssh/shell/memory-files.ts'
import type { DemoNode, DemoSite } from '../world/site.ts'

export function nodeMachine(site: DemoSite, node: DemoNode, bootMs: number, nowMs: () => number): Machine {
  const memoryBytes = node.memoryGiB * 2 ** 30
  const files = new MemoryFiles(nowMs, ['/proc', '/sys', '/etc/pve'])
  for (const directory of ['/root', '/tmp', '/var/log', '/etc/pve/nodes', '/var/lib/vz/dump', '/usr/bin'])
    files.furnishDirectory(directory)
  files.furnish('/etc/hostname', `${node.name}\n`)
  files.furnish('/etc/pve/.version', `{ "starttime": ${Math.floor(bootMs / 1000)}, "clinfo": 7 }\n`)
  files.furnish('/etc/pve/local', `${node.name}\n`)
  files.furnish(
    '/etc/pve/corosync.conf',
    `totem {\n  cluster_name: ${site.site.cluster}\n  version: 2\n}\nnodelist {\n${site.nodes
      .map((one) => `  node {\n    name: ${one.name}\n    nodeid: ${one.corosync.nodeid}\n    quorum_votes: ${one.corosync.votes}\n  }\n`)
      .join('')}}\n`,
  )
  for (const guest of site.guests.filter((one) => one.node === node.name))
    files.furnish(
      `/etc/pve/nodes/${node.name}/qemu-server/${guest.vmid}.conf`,
      `cores: ${guest.vcpu}\nmemory: ${guest.memory.maxMiB}\nname: ${guest.name}\nostype: ${guest.os.startsWith('Windows') ? 'win11' : 'l26'}\n`,
    )
  files.furnish(
    '/etc/os-release',
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
  )
  files.furnish('/etc/hosts', site.nodes.map((one) => `${addressOf(one)}\t${one.name}.${site.site.domain} ${one.name}\n`).join(''))
  files.furnish('/root/.bashrc', '# ~/.bashrc of the demo lab\n')
  const load = node.sample.cpuLoad * node.threads
  return {
    hostname: node.name,
    user: 'root',
    uid: 0,
    home: '/root',
    kernel: node.versions.kernel,
    osName: 'Debian GNU/Linux 12 (bookworm)',
    cpuCount: node.threads,
    memoryBytes,
    bootMs,
    files,
    environment: {},
    nowMs,
    loads: () => [load, load * 0.97, load * 0.94],
    memoryUsedBytes: () => memoryBytes * 0.55,
  }
}

const addressOf = (node: DemoNode): string => node.addresses[0]?.cidr.split('/')[0] ?? '127.0.0.1'
