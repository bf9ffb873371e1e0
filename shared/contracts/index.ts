// The whole contract. One line a feature: types flow from here to the router and to the client.
import { alerts } from './alerts.ts'
import { app } from './app.ts'
import { audit } from './audit.ts'
import { consoles } from './consoles.ts'
import { compliance } from './compliance.ts'
import { backups } from './backups.ts'
import { demo } from './demo.ts'
import { guests } from './guests.ts'
import { files } from './files.ts'
import { forwards } from './forwards.ts'
import { gpuContract as gpu } from './gpu.ts'
import { inventory } from './inventory.ts'
import { kubernetes } from './kubernetes.ts'
import { prompts } from './prompts.ts'
import { metrics } from './metrics.ts'
import { search } from './search.ts'
import { performance } from './performance.ts'
import { rights } from './rights.ts'
import { jobs } from './jobs.ts'
import { sites } from './sites.ts'
import { sql } from './sql.ts'
import { tasks } from './tasks.ts'
import { vault } from './vault.ts'

export const contract = {
  alerts,
  app,
  audit,
  consoles,
  compliance,
  backups,
  demo,
  guests,
  files,
  forwards,
  gpu,
  inventory,
  kubernetes,
  prompts,
  metrics,
  search,
  performance,
  rights,
  jobs,
  sites,
  sql,
  tasks,
  vault,
}
export type Contract = typeof contract
