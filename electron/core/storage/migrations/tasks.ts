// Long operations and their logs. A task that is `running` here when the application starts is followed again.
export const taskMigration = `
  CREATE TABLE task (
    task_id TEXT PRIMARY KEY, kind TEXT NOT NULL, site_id TEXT NOT NULL, connection_id TEXT,
    reference TEXT NOT NULL, audit_record_id INTEGER, state TEXT NOT NULL, started_at_ms INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX task_by_time ON task (started_at_ms DESC);
  CREATE INDEX task_by_reference ON task (kind, connection_id, reference);
  CREATE TABLE task_line (
    task_id TEXT NOT NULL REFERENCES task (task_id) ON DELETE CASCADE, number INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (task_id, number)
  ) STRICT, WITHOUT ROWID;
`
