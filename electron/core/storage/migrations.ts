// The store's history: each entry brings a store of that version to the next. Entries are never edited once
// released, only added; a feature's own stand in `migrations/`, one file each, and are listed at the end.
import { forwardMigration } from './migrations/forwards.ts'
import { gpuMigration } from './migrations/gpu.ts'
import { jobMigration } from './migrations/jobs.ts'
import { backupMigration } from './migrations/backups.ts'
import { taskMigration } from './migrations/tasks.ts'
import { alertsMigration } from './migrations/alerts.ts'
import { metricsMigration } from './migrations/metrics.ts'
import { complianceMigration } from './migrations/compliance.ts'

export const migrations: readonly string[] = [
  `
  CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE site (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, is_demo INTEGER NOT NULL, is_read_only INTEGER NOT NULL, position INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE connection (
    id TEXT PRIMARY KEY,
    site_id TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE,
    label TEXT NOT NULL, settings TEXT NOT NULL, position INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL, procedure TEXT NOT NULL, title TEXT NOT NULL, subject TEXT NOT NULL, site_id TEXT,
    outcome TEXT NOT NULL, message TEXT, elapsed_ms REAL
  ) STRICT;
  CREATE TABLE notification (
    id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, level TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE inventory_source (
    site_id TEXT NOT NULL, connection_id TEXT NOT NULL, last_seen_at_ms INTEGER, body TEXT NOT NULL,
    PRIMARY KEY (site_id, connection_id)
  ) STRICT;
  CREATE TABLE inventory_entity (
    site_id TEXT NOT NULL, id TEXT NOT NULL, connection_id TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site_id, id)
  ) STRICT;
  CREATE TABLE inventory_edge (
    site_id TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (site_id, id)
  ) STRICT;
  CREATE TABLE catalog (connection_id TEXT PRIMARY KEY, read_at_ms INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE run (
    run_id TEXT PRIMARY KEY, connection_id TEXT NOT NULL, started_at_ms INTEGER NOT NULL, state TEXT NOT NULL,
    is_saved INTEGER NOT NULL, name TEXT, sql TEXT NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX run_by_time ON run (started_at_ms DESC);
  `,
  taskMigration,
  metricsMigration,
  alertsMigration,
  jobMigration,
  complianceMigration,
  backupMigration,
  gpuMigration,
  forwardMigration,
]
