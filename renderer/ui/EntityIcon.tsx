// One icon per kind of entity, used by the map, the tables and the search alike.
import {
  IconAffiliate, IconArchive, IconBolt, IconBox, IconBoxMultiple, IconCalendarClock, IconChartDots3, IconCloudUp, IconCpu, IconDatabase,
  IconDeviceDesktop, IconFolders, IconHexagon, IconHexagons, IconHistory, IconNetwork, IconServer, IconServer2, IconShieldCheck,
  IconStack2, IconTerminal2, IconUsersGroup, type Icon, IconSubtask,
} from '@tabler/icons-react'
import type { EntityKind } from '#shared/model/inventory.ts'

export const entityIcons: Record<EntityKind, Icon> = {
  cluster: IconAffiliate,
  node: IconServer,
  storage: IconStack2,
  network: IconNetwork,
  gpu: IconCpu,
  guest: IconDeviceDesktop,
  pool: IconUsersGroup,
  'kubernetes-cluster': IconHexagons,
  'kubernetes-node': IconHexagon,
  namespace: IconFolders,
  workload: IconBoxMultiple,
  pod: IconBox,
  'ray-cluster': IconChartDots3,
  'ray-job': IconBolt,
  job: IconSubtask,
  'database-server': IconServer2,
  database: IconDatabase,
  'backup-server': IconShieldCheck,
  datastore: IconArchive,
  'backup-group': IconHistory,
  'backup-job': IconCalendarClock,
  'ssh-host': IconTerminal2,
  'object-store': IconCloudUp,
}

export const entityKindNames: Record<EntityKind, { one: string; many: string }> = {
  cluster: { one: 'Cluster', many: 'Clusters' },
  node: { one: 'Node', many: 'Nodes' },
  storage: { one: 'Storage', many: 'Storages' },
  network: { one: 'Network', many: 'Networks' },
  gpu: { one: 'GPU', many: 'GPUs' },
  guest: { one: 'Guest', many: 'Guests' },
  pool: { one: 'Pool', many: 'Pools' },
  'kubernetes-cluster': { one: 'Kubernetes cluster', many: 'Kubernetes clusters' },
  'kubernetes-node': { one: 'Kubernetes node', many: 'Kubernetes nodes' },
  namespace: { one: 'Namespace', many: 'Namespaces' },
  workload: { one: 'Workload', many: 'Workloads' },
  pod: { one: 'Pod', many: 'Pods' },
  'ray-cluster': { one: 'Ray cluster', many: 'Ray clusters' },
  'ray-job': { one: 'Ray job', many: 'Ray jobs' },
  job: { one: 'Job', many: 'Jobs' },
  'database-server': { one: 'Database server', many: 'Database servers' },
  database: { one: 'Database', many: 'Databases' },
  'backup-server': { one: 'Backup server', many: 'Backup servers' },
  datastore: { one: 'Datastore', many: 'Datastores' },
  'backup-group': { one: 'Backup group', many: 'Backup groups' },
  'backup-job': { one: 'Backup job', many: 'Backup jobs' },
  'ssh-host': { one: 'SSH host', many: 'SSH hosts' },
  'object-store': { one: 'Object store', many: 'Object stores' },
}

export function EntityIcon(props: { kind: EntityKind; size?: number }) {
  const KindIcon = entityIcons[props.kind]
  return <KindIcon size={props.size ?? 18} stroke={1.6} aria-hidden />
}
