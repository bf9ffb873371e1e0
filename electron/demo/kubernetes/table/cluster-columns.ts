// The columns of everything that is neither a workload nor a pod: services, storage, events, access rules. Pure.
import type { KubeObject } from '../storage/kube-object.ts'
import { isRecord, listAt, recordAt, textAt } from '../storage/kube-object.ts'
import { printAge } from '../storage/kube-time.ts'
import type { Column } from './columns.ts'
import { ageColumn, column, joined, labelsCell, nameColumn, pathCell, wide } from './columns.ts'

function servicePorts(object: KubeObject): string {
  return joined(
    listAt(object, 'spec.ports').map((port) => {
      const nodePort = textAt(port, 'nodePort')
      return `${textAt(port, 'port')}${nodePort === '' ? '' : `:${nodePort}`}/${textAt(port, 'protocol')}`
    }),
  )
}

function endpointList(object: KubeObject): string {
  const all = listAt(object, 'subsets').flatMap((subset) =>
    listAt(subset, 'addresses').flatMap((address) =>
      listAt(subset, 'ports').map((port) => `${textAt(address, 'ip')}:${textAt(port, 'port')}`),
    ),
  )
  const shown = joined(all.slice(0, 3))
  return all.length > 3 ? `${shown} + ${all.length - 3} more...` : shown
}

const dataCount = (object: KubeObject): number =>
  Object.keys(recordAt(object, 'data')).length + Object.keys(recordAt(object, 'binaryData')).length

const accessModes: Record<string, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}
const modes =
  (path: string): Column['cell'] =>
  (object) =>
    listAt(object, path)
      .map((mode) => accessModes[String(mode)] ?? String(mode))
      .join(',')

const quotaSide =
  (side: 'requests' | 'limits'): Column['cell'] =>
  (object) => {
    const hard = recordAt(object, 'status.hard')
    const used = recordAt(object, 'status.used')
    return Object.entries(hard)
      .filter(([name]) => name.startsWith('limits.') === (side === 'limits'))
      .map(([name, wanted]) => `${name}: ${String(used[name] ?? '0')}/${String(wanted)}`)
      .join(', ')
  }

const subjects =
  (kind: string): Column['cell'] =>
  (object) =>
    listAt(object, 'subjects')
      .filter((subject) => textAt(subject, 'kind') === kind)
      .map((subject) =>
        [textAt(subject, 'namespace'), textAt(subject, 'name')].filter((part) => part !== '').join('/'),
      )
      .join(', ')

const bindingColumns: Column[] = [
  nameColumn,
  column('Role', (object) => `${textAt(object, 'roleRef.kind')}/${textAt(object, 'roleRef.name')}`),
  ageColumn,
  wide('Users', subjects('User')),
  wide('Groups', subjects('Group')),
  wide('ServiceAccounts', subjects('ServiceAccount')),
]
const createdColumns: Column[] = [nameColumn, column('Created At', pathCell('metadata.creationTimestamp'))]

const eventColumns: Column[] = [
  column('Last Seen', (object, nowMs) =>
    printAge(textAt(object, 'lastTimestamp') || textAt(object, 'eventTime') || undefined, nowMs),
  ),
  column('Type', pathCell('type')),
  column('Reason', pathCell('reason')),
  column(
    'Object',
    (object) =>
      `${textAt(object, 'involvedObject.kind').toLowerCase()}/${textAt(object, 'involvedObject.name')}`,
  ),
  wide('Subobject', pathCell('involvedObject.fieldPath', '')),
  wide('Source', (object) =>
    [textAt(object, 'source.component'), textAt(object, 'source.host')]
      .filter((part) => part !== '')
      .join(', '),
  ),
  column('Message', (object) => textAt(object, 'message').trim()),
  wide('First Seen', (object, nowMs) => printAge(textAt(object, 'firstTimestamp') || undefined, nowMs)),
  wide('Count', (object) => Number(textAt(object, 'count') || '1')),
  { ...wide('Name', (object) => object.metadata.name), format: 'name' },
]

const serviceColumns: Column[] = [
  nameColumn,
  column('Type', pathCell('spec.type')),
  column('Cluster-IP', pathCell('spec.clusterIP')),
  column('External-IP', (object) => joined(listAt(object, 'spec.externalIPs').map(String))),
  column('Port(s)', servicePorts),
  ageColumn,
  wide('Selector', labelsCell('spec.selector')),
]

const volumeColumns: Column[] = [
  nameColumn,
  column('Capacity', pathCell('spec.capacity.storage', '')),
  column('Access Modes', modes('spec.accessModes')),
  column('Reclaim Policy', pathCell('spec.persistentVolumeReclaimPolicy', '')),
  column('Status', pathCell('status.phase', '')),
  column('Claim', (object) => {
    const claim = recordAt(object, 'spec.claimRef')
    return textAt(claim, 'name') === '' ? '' : `${textAt(claim, 'namespace')}/${textAt(claim, 'name')}`
  }),
  column('StorageClass', pathCell('spec.storageClassName', '')),
  column('VolumeAttributesClass', () => '<unset>'),
  column('Reason', pathCell('status.reason', '')),
  ageColumn,
  wide('VolumeMode', pathCell('spec.volumeMode')),
]

const claimColumns: Column[] = [
  nameColumn,
  column('Status', pathCell('status.phase', '')),
  column('Volume', pathCell('spec.volumeName', '')),
  column('Capacity', pathCell('status.capacity.storage', '')),
  column('Access Modes', modes('status.accessModes')),
  column('StorageClass', pathCell('spec.storageClassName', '')),
  column('VolumeAttributesClass', () => '<unset>'),
  ageColumn,
  wide('VolumeMode', pathCell('spec.volumeMode')),
]

const ingressColumns: Column[] = [
  nameColumn,
  column('Class', pathCell('spec.ingressClassName')),
  column('Hosts', (object) =>
    joined(listAt(object, 'spec.rules').map((rule) => textAt(rule, 'host') || '*')),
  ),
  column('Address', (object) =>
    listAt(object, 'status.loadBalancer.ingress')
      .map((one) => textAt(one, 'ip'))
      .join(','),
  ),
  column('Ports', (object) => (listAt(object, 'spec.tls').length > 0 ? '80, 443' : '80')),
  ageColumn,
]

const storageClassColumns: Column[] = [
  {
    ...nameColumn,
    cell: (object) => {
      const isDefault =
        object.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
      return isDefault ? `${object.metadata.name} (default)` : object.metadata.name
    },
  },
  column('Provisioner', pathCell('provisioner')),
  column('ReclaimPolicy', pathCell('reclaimPolicy', 'Delete')),
  column('VolumeBindingMode', pathCell('volumeBindingMode', 'Immediate')),
  column('AllowVolumeExpansion', (object) => object['allowVolumeExpansion'] === true, 'boolean'),
  ageColumn,
]

const sliceColumns: Column[] = [
  nameColumn,
  column('AddressType', pathCell('addressType')),
  column('Ports', (object) => joined(listAt(object, 'ports').map((port) => textAt(port, 'port')))),
  column('Endpoints', (object) =>
    joined(listAt(object, 'endpoints').flatMap((one) => listAt(one, 'addresses').map(String))),
  ),
  ageColumn,
]

const metricColumns = (total: (object: KubeObject, resource: string) => string): Column[] => [
  nameColumn,
  column('CPU', (object) => total(object, 'cpu')),
  column('Memory', (object) => total(object, 'memory')),
  column('Window', pathCell('window')),
]

export const clusterColumns: Record<string, Column[]> = {
  '/namespaces': [nameColumn, column('Status', pathCell('status.phase')), ageColumn],
  '/services': serviceColumns,
  '/endpoints': [nameColumn, column('Endpoints', endpointList), ageColumn],
  'discovery.k8s.io/endpointslices': sliceColumns,
  '/configmaps': [nameColumn, column('Data', dataCount, 'integer'), ageColumn],
  '/secrets': [nameColumn, column('Type', pathCell('type')), column('Data', dataCount, 'integer'), ageColumn],
  '/serviceaccounts': [
    nameColumn,
    column('Secrets', (object) => listAt(object, 'secrets').length, 'integer'),
    ageColumn,
  ],
  '/events': eventColumns,
  '/persistentvolumes': volumeColumns,
  '/persistentvolumeclaims': claimColumns,
  '/resourcequotas': [
    nameColumn,
    column('Request', quotaSide('requests')),
    column('Limit', quotaSide('limits')),
    ageColumn,
  ],
  'networking.k8s.io/ingresses': ingressColumns,
  'networking.k8s.io/ingressclasses': [
    nameColumn,
    column('Controller', pathCell('spec.controller')),
    column('Parameters', (object) => (isRecord(recordAt(object, 'spec')['parameters']) ? 'set' : '<none>')),
    ageColumn,
  ],
  'networking.k8s.io/networkpolicies': [
    nameColumn,
    column('Pod-Selector', labelsCell('spec.podSelector.matchLabels')),
    ageColumn,
  ],
  'storage.k8s.io/storageclasses': storageClassColumns,
  'scheduling.k8s.io/priorityclasses': [
    nameColumn,
    column('Value', (object) => object['value'] ?? 0, 'integer'),
    column('Global-Default', (object) => object['globalDefault'] === true, 'boolean'),
    ageColumn,
  ],
  'rbac.authorization.k8s.io/roles': createdColumns,
  'rbac.authorization.k8s.io/clusterroles': createdColumns,
  'rbac.authorization.k8s.io/rolebindings': bindingColumns,
  'rbac.authorization.k8s.io/clusterrolebindings': bindingColumns,
  'apiextensions.k8s.io/customresourcedefinitions': createdColumns,
  'metrics.k8s.io/nodes': metricColumns((object, resource) => textAt(object, `usage.${resource}`)),
  'metrics.k8s.io/pods': metricColumns((object, resource) =>
    textAt(object, `containers.0.usage.${resource}`),
  ),
}
