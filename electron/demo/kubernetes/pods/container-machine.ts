// What a shell sees inside a container of the demo cluster: the pod's name as host name, its environment, mounted
// files. Made for each exec; changes in its files are lost when the session ends.
import { hashFraction } from '../../world/load.ts'
import type { Machine } from '../../ssh/shell/machine.ts'
import { MemoryFiles } from '../../ssh/shell/memory-files.ts'
import type { ApiContext } from '../api/api-context.ts'
import type { ContainerSpec, Pod } from '../storage/kinds.ts'
import { parseTime } from '../storage/kube-time.ts'
import { quantityOr } from '../storage/quantity.ts'

export function containerMachine(context: ApiContext, pod: Pod, container: ContainerSpec): Machine {
  const { clock, site } = context
  const nowMs = (): number => clock.nowMs()
  const files = new MemoryFiles(nowMs, ['/var/run/secrets', '/proc', '/etc/resolv.conf'])
  const hostname = pod.spec.hostNetwork === true ? (pod.spec.nodeName ?? '') : pod.metadata.name
  const { clusterDomain } = site.kubernetes.cluster
  const namespace = pod.metadata.namespace ?? 'default'
  for (const directory of ['/bin', '/etc', '/home', '/opt', '/root', '/tmp', '/usr/bin', '/var/log', '/work'])
    files.furnishDirectory(directory)
  files.furnish('/etc/hostname', `${hostname}\n`)
  files.furnish(
    '/etc/resolv.conf',
    `search ${namespace}.svc.${clusterDomain} svc.${clusterDomain} ${clusterDomain}\nnameserver 10.43.0.10\noptions ndots:5\n`,
  )
  files.furnish('/etc/hosts', `127.0.0.1\tlocalhost\n${pod.status.podIP ?? ''}\t${hostname}\n`)
  files.furnish(
    '/etc/os-release',
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
  )
  files.furnish('/var/run/secrets/kubernetes.io/serviceaccount/namespace', namespace)
  const cores = quantityOr(container.resources?.limits?.['cpu'] ?? container.resources?.requests?.['cpu'], 1)
  const memoryBytes = quantityOr(container.resources?.limits?.['memory'], 4 * 2 ** 30)
  const load = cores * hashFraction(`${pod.metadata.name}load`)
  return {
    hostname,
    user: 'root',
    uid: 0,
    home: '/',
    kernel: site.kubernetes.nodes.find((node) => node.name === pod.spec.nodeName)?.kernel ?? '',
    osName: 'Debian GNU/Linux 12 (bookworm)',
    cpuCount: Math.max(1, Math.ceil(cores)),
    memoryBytes,
    bootMs: parseTime(pod.status.startTime),
    files,
    environment: {
      HOSTNAME: hostname,
      KUBERNETES_SERVICE_HOST: '10.43.0.1',
      KUBERNETES_SERVICE_PORT: '443',
      ...Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value ?? ''])),
    },
    nowMs,
    loads: () => [load, load, load],
    memoryUsedBytes: () => memoryBytes * 0.4,
  }
}
