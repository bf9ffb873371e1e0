// Sites, settings and runs as the core would send them, for component tests; each may be overridden in part.
import type { Settings } from '#shared/contracts/app.ts'
import type { DemoStatus } from '#shared/contracts/demo.ts'
import type { Run } from '#shared/contracts/sql.ts'
import type { VaultStatus } from '#shared/contracts/vault.ts'
import type { Connection, ConnectionId, Site, SiteId } from '#shared/model/connection.ts'
import type { Source } from '#shared/model/inventory.ts'

export const siteId = 'site-1' as SiteId
export const connectionId = 'c1' as ConnectionId

export const postgresConnection: Connection = {
  id: connectionId,
  siteId,
  label: 'proj-pg01',
  settings: {
    kind: 'postgres',
    host: '10.25.60.8',
    port: 5432,
    database: 'desi',
    user: 'reader',
    tlsMode: 'verify',
    tls: { mode: 'system' },
  },
  storedSecrets: ['password'],
}

export const sampleSiteRecord = (extra: Partial<Site> = {}): Site => ({
  id: siteId,
  name: 'Radio lab',
  isDemo: false,
  isReadOnly: false,
  connections: [postgresConnection],
  ...extra,
})

export const sampleSettings = (extra: Partial<Settings> = {}): Settings => ({
  theme: 'system',
  density: 'comfortable',
  idleLockMinutes: 30,
  refreshSeconds: 10,
  rowLimit: 5_000_000,
  resultCacheBytes: 4_000_000_000,
  consoleFontSize: 13,
  consoleFrames: {},
  lastSiteId: null,
  ...extra,
})

export const sampleVault = (extra: Partial<VaultStatus> = {}): VaultStatus => ({
  state: 'unlocked',
  protection: 'passphrase',
  backend: null,
  retryAtMs: null,
  note: null,
  ...extra,
})

export const sampleDemo = (extra: Partial<DemoStatus> = {}): DemoStatus => ({
  state: 'stopped',
  step: '',
  fraction: 0,
  siteId: null,
  message: null,
  faults: {},
  ...extra,
})

export const sampleSource = (extra: Partial<Source> = {}): Source => ({
  connectionId,
  label: 'proj-pg01',
  kind: 'postgres',
  state: 'live',
  lastSeenAtMs: Date.now(),
  problem: null,
  remedy: null,
  ...extra,
})

export const sampleRun = (extra: Partial<Run> = {}): Run => ({
  runId: 'run-1',
  connectionId,
  connectionLabel: 'proj-pg01',
  database: 'desi',
  sql: 'SELECT 1',
  startedAtMs: Date.now(),
  elapsedMs: null,
  state: 'running',
  rows: 0,
  resultBytes: 0,
  columns: [],
  commandTag: null,
  isWrite: false,
  isSaved: false,
  name: null,
  notices: [],
  error: null,
  ...extra,
})
