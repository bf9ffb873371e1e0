// A container for the demo cluster. The lab's own site has none by its documents: tests put them in, so that everything
// that differs from virtual machines is met as well.
import { emptyGuest, gibibyte, type Guest } from './guest.ts'

export function createContainer(options: {
  vmid: number
  name: string
  node: string
  storage: string
  startedMs?: number
}): Guest {
  const { vmid, name, node, storage, startedMs } = options
  return {
    ...emptyGuest(vmid, name, node, 2, 2 * gibibyte),
    type: 'lxc',
    hasAgent: false,
    osName: 'Debian GNU/Linux 12',
    settings: {
      arch: 'amd64',
      net0: `name=eth0,bridge=vmbr1,hwaddr=BC:24:11:00:00:${(vmid % 256).toString(16).toUpperCase().padStart(2, '0')},ip=10.25.60.250/24,tag=60,type=veth`,
      onboot: 1,
      ostype: 'debian',
      swap: 512,
      unprivileged: 1,
    },
    disks: [
      { slot: 'rootfs', storage, volume: `vm-${vmid}-disk-0`, sizeBytes: 8 * gibibyte, options: 'size=8G', isInBackup: true },
    ],
    ...(startedMs === undefined ? {} : { state: 'running', bootMs: startedMs, stoppedSinceMs: undefined }),
  }
}
