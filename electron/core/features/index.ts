// The registry of features: the one place that knows them all. A contract without its feature, or the other way
// round, does not type-check here.
import type { CoreServices } from '../core-services.ts'
import { createAppFeature } from './app/app.service.ts'
import { createAuditFeature } from './audit/audit.service.ts'
import { createConsolesFeature } from './consoles/consoles.service.ts'
import { createComplianceFeature } from './compliance/compliance.service.ts'
import { createBackupsFeature } from './backups/backups.service.ts'
import { createDemoFeature } from './demo/demo.service.ts'
import { createGuestsFeature } from './guests/guests.service.ts'
import { createFilesFeature } from './files/files.service.ts'
import { createForwardsFeature } from './forwards/forwards.service.ts'
import { createGpuFeature } from './gpu/gpu.service.ts'
import { createInventoryFeature } from './inventory/inventory.service.ts'
import { createKubernetesFeature } from './kubernetes/kubernetes.service.ts'
import { createPromptsFeature } from './prompts/prompts.service.ts'
import { createPerformanceFeature } from './performance/performance.service.ts'
import { createRightsFeature } from './rights/rights.service.ts'
import { createJobsFeature } from './jobs/jobs.service.ts'
import { createSitesFeature } from './sites/sites.service.ts'
import { createSqlFeature } from './sql/sql.service.ts'
import { createTasksFeature } from './tasks/tasks.service.ts'
import { createSearchFeature } from './search/search.service.ts'
import { createVaultFeature } from './vault/vault.service.ts'
import { createWatchingFeatures } from './watching/watching.service.ts'

export function createFeatures(core: CoreServices) {
  const watching = createWatchingFeatures(core)
  return {
    alerts: watching.alerts,
    app: createAppFeature(core),
    audit: createAuditFeature(core),
    consoles: createConsolesFeature(core),
    compliance: createComplianceFeature(core),
    backups: createBackupsFeature(core),
    demo: createDemoFeature(core),
    guests: createGuestsFeature(core),
    files: createFilesFeature(core),
    forwards: createForwardsFeature(core),
    gpu: createGpuFeature(core),
    inventory: createInventoryFeature(core),
    kubernetes: createKubernetesFeature(core),
    prompts: createPromptsFeature(core),
    metrics: watching.metrics,
    search: createSearchFeature(core),
    performance: createPerformanceFeature(core),
    rights: createRightsFeature(core),
    jobs: createJobsFeature(core),
    sites: createSitesFeature(core),
    sql: createSqlFeature(core),
    tasks: createTasksFeature(core),
    vault: createVaultFeature(core),
  }
}
