// The secret with which jobs of the lab reach the researchers' database, in the namespaces that research uses. Written
// when the database runs, because only then its password is known.
import type { LabDatabase } from '../../containers/lab-runner.ts'
import { completeNew } from '../api/creation-defaults.ts'
import { admitCreate } from '../api/admission.ts'
import type { ResourceRegistry } from '../api/resource-registry.ts'
import { shelf } from '../api/resource-table.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import type { ObjectStore } from '../storage/object-store.ts'

const researchNamespaces = ['desi-voids', 'desi-etl', 'cloudy-grids', 'ray-quasars']
export const databaseSecretName = 'desi-postgres'

export function putDatabaseSecrets(store: ObjectStore, registry: ResourceRegistry, database: LabDatabase): void {
  const resource = registry.ofKind('v1', 'Secret')
  if (resource === undefined) return
  const values = { PGHOST: database.host, PGPORT: '5432', PGDATABASE: database.database, PGUSER: database.user, PGPASSWORD: database.password }
  const data = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Buffer.from(value).toString('base64')]))
  for (const namespace of researchNamespaces) {
    const known = store.get(shelf.secrets, namespace, databaseSecretName)
    const object: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: databaseSecretName, namespace }, type: 'Opaque', data }
    if (known === undefined) store.create(shelf.secrets, completeNew(store, admitCreate(object, resource), resource))
    else store.update(shelf.secrets, { ...known, data })
  }
}
